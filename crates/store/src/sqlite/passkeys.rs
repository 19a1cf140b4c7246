//! Passkeys.

use async_trait::async_trait;
use cardea_protocol::model::{PasskeyId, Subject};
use rusqlite::{Connection, Row, named_params};
use serde::{Deserialize, Serialize};

use super::{
    SqliteStore, audit, factor_resets, factors,
    fault::Verb,
    links,
    rows::{self, Fields},
    users::{self, user_columns},
};
use crate::{
    AddPasskey, MAX_PASSKEYS, PasskeyAdded, PasskeyCredential, PasskeyRemoved, PasskeyView,
    Passkeys, RemovePasskey, RenamePasskey, Result, UsePasskey, events,
};

/// The column `data` of a passkey.
#[derive(Serialize, Deserialize)]
struct Data {
    synced: bool,
}

#[async_trait]
impl Passkeys for SqliteStore {
    async fn passkey(&self, id: &PasskeyId) -> Result<Option<PasskeyCredential>> {
        let sql = concat!(
            "SELECT c.id, c.secret, c.created_at, ",
            user_columns!(),
            " FROM credentials c JOIN users u ON u.user_key = c.user_key WHERE c.kind = 'passkey' AND c.id = ?"
        );
        self.read(|db| rows::first(db, sql, [id.as_str()], |row| Ok(decode(row)?)))
    }

    async fn add_passkey(&self, command: AddPasskey) -> Result<PasskeyAdded> {
        self.write(move |tx| add(tx, &command)).await
    }

    async fn use_passkey(&self, command: UsePasskey) -> Result<bool> {
        self.write(move |tx| {
            let sql = "UPDATE credentials SET secret = :new, challenged_at = :challenge, last_used_at = :now
                       WHERE kind = 'passkey' AND id = :id AND secret = :old
                         AND (challenged_at IS NULL OR challenged_at < :challenge)
                         AND user_key = (SELECT user_key FROM users WHERE subject = :subject AND status = 'enabled')";
            let params = named_params! {
                ":new": command.credential,
                ":old": command.verified_with,
                ":challenge": command.challenged_at.as_millisecond(),
                ":now": command.cause.now.as_millisecond(),
                ":id": command.id.as_str(),
                ":subject": command.subject.as_str(),
            };
            if rows::execute(tx, sql, params)? == 0 {
                return Ok(false);
            }
            // Whoever still has a factor needs no reset, and did not ask for it.
            factor_resets::cancel(tx, &command.subject, &command.cause)?;
            Ok(true)
        })
        .await
    }

    async fn rename_passkey(&self, command: RenamePasskey) -> Result<bool> {
        self.write(move |tx| {
            let sql = "UPDATE credentials SET label = ? WHERE kind = 'passkey' AND id = ?
                         AND user_key = (SELECT user_key FROM users WHERE subject = ?)";
            let (id, subject) = (command.id.as_str(), command.subject.as_str());
            Ok(rows::execute(tx, sql, (command.label, id, subject))? == 1)
        })
        .await
    }

    async fn remove_passkey(&self, command: RemovePasskey) -> Result<PasskeyRemoved> {
        self.write(move |tx| remove(tx, &command)).await
    }
}

fn decode(row: &Row<'_>) -> Result<PasskeyCredential> {
    let mut f = Fields::new(row, "credentials", 0);
    let _id: String = f.get("id")?;
    Ok(PasskeyCredential {
        credential: f.get("secret")?,
        created_at: f.time("created_at")?,
        user: users::decode(row, 3)?,
    })
}

/// The passkeys of a user, the first one first.
pub(super) fn of_user(db: &Connection, subject: &Subject) -> Verb<Vec<PasskeyView>> {
    let sql = "SELECT c.id, c.label, c.data, c.created_at, c.last_used_at
               FROM credentials c JOIN users u ON u.user_key = c.user_key
               WHERE u.subject = ? AND c.kind = 'passkey' ORDER BY c.created_at, c.id";
    rows::all(db, sql, [subject.as_str()], |row| {
        let mut f = Fields::new(row, "credentials", 0);
        Ok(PasskeyView {
            id: f.parse("id", PasskeyId::parse)?,
            label: f.get("label")?,
            synced: f.json::<Data>("data")?.synced,
            created_at: f.time("created_at")?,
            last_used_at: f.time_opt("last_used_at")?,
        })
    })
}

/// The index on the identifier proves that a passkey has one user.
fn add(tx: &Connection, command: &AddPasskey) -> Verb<PasskeyAdded> {
    let data = Data {
        synced: command.synced,
    };
    let written = rows::execute(
        tx,
        "INSERT INTO credentials (user_key, kind, id, secret, label, data, created_at)
         SELECT u.user_key, 'passkey', :id, :credential, :label, :data, :now FROM users u
         WHERE u.subject = :subject AND u.status = 'enabled'
           AND (SELECT count(*) FROM credentials c WHERE c.user_key = u.user_key AND c.kind = 'passkey') < :max
           AND (NOT :first OR NOT EXISTS
             (SELECT 1 FROM credentials c WHERE c.user_key = u.user_key AND c.kind IN ('totp', 'passkey')))
         ON CONFLICT DO NOTHING",
        named_params! {
            ":id": command.id.as_str(),
            ":credential": command.credential,
            ":label": command.label,
            ":data": rows::to_json(&data)?,
            ":now": command.cause.now.as_millisecond(),
            ":subject": command.subject.as_str(),
            ":max": MAX_PASSKEYS,
            ":first": command.first,
        },
    )?;
    if written == 0 {
        return Ok(PasskeyAdded::Refused);
    }
    audit::record(tx, &command.cause, &events::passkey_added(&command.subject))?;
    let notice = command.notice.as_ref();
    links::put_notice(tx, &command.subject, notice, &command.cause)?;
    let backup_codes = factors::put_first_backup_codes(
        tx,
        &command.subject,
        &command.backup_codes,
        &command.cause,
    )?;
    Ok(PasskeyAdded::Now { backup_codes })
}

fn remove(tx: &Connection, command: &RemovePasskey) -> Verb<PasskeyRemoved> {
    let sql = "SELECT c.user_key FROM credentials c JOIN users u ON u.user_key = c.user_key
               WHERE c.kind = 'passkey' AND c.id = ? AND u.subject = ?";
    let params = (command.id.as_str(), command.subject.as_str());
    let Some(user) = rows::value::<i64>(tx, sql, params)? else {
        return Ok(PasskeyRemoved::Missing);
    };
    // A way in opens a session by itself: a second factor does not.
    let sql = "DELETE FROM credentials WHERE user_key = ?1 AND kind = 'passkey' AND id = ?2 AND EXISTS
                 (SELECT 1 FROM credentials c WHERE c.user_key = ?1
                  AND c.kind IN ('password', 'passkey', 'upstream') AND NOT (c.kind = 'passkey' AND c.id = ?2))";
    if rows::execute(tx, sql, (user, command.id.as_str()))? == 0 {
        return Ok(PasskeyRemoved::LastWayIn);
    }
    factors::after_removal(tx, user, &command.subject, &command.cause)?;
    let entry = events::passkey_removed(&command.subject);
    audit::record(tx, &command.cause, &entry)?;
    let notice = command.notice.as_ref();
    links::put_notice(tx, &command.subject, notice, &command.cause)?;
    Ok(PasskeyRemoved::Now)
}
