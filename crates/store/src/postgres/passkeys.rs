//! Passkeys.

use async_trait::async_trait;
use cardea_protocol::model::PasskeyId;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, statement, transaction},
    factor_resets, factors,
    fault::Verb,
    links,
    rows::{self, Fields},
    statement::params,
    users::{self, user_columns},
};
use crate::{
    AddPasskey, MAX_PASSKEYS, PasskeyAdded, PasskeyCredential, PasskeyRemoved, PasskeyView,
    Passkeys, RemovePasskey, RenamePasskey, Result, TotpView, UsePasskey, events,
};

/// The column `data` of a passkey.
#[derive(Serialize, Deserialize)]
struct Data {
    synced: bool,
}

#[async_trait]
impl Passkeys for PostgresStore {
    async fn passkey(&self, id: &PasskeyId) -> Result<Option<PasskeyCredential>> {
        read!(self, db => find(&db, id))
    }

    async fn add_passkey(&self, command: AddPasskey) -> Result<PasskeyAdded> {
        transaction!(self, db => add(&db, &command))
    }

    async fn use_passkey(&self, command: UsePasskey) -> Result<bool> {
        transaction!(self, db => note_use(&db, &command))
    }

    async fn rename_passkey(&self, command: RenamePasskey) -> Result<bool> {
        statement!(self, db => rename(&db, &command))
    }

    async fn remove_passkey(&self, command: RemovePasskey) -> Result<PasskeyRemoved> {
        transaction!(self, db => remove(&db, &command))
    }
}

async fn find(db: &Connection, id: &PasskeyId) -> Verb<Option<PasskeyCredential>> {
    let sql = concat!(
        "SELECT c.id, c.secret, c.created_at, ",
        user_columns!(),
        " FROM credentials c JOIN users u ON u.user_key = c.user_key WHERE c.kind = 'passkey' AND c.id = :id"
    );
    rows::first(db, sql, params! { ":id": id.as_str() }, |row| {
        Ok(decode(row)?)
    })
    .await
}

fn decode(row: &Row) -> Result<PasskeyCredential> {
    let mut f = Fields::new(row, "credentials", 0);
    let _id: String = f.get("id")?;
    Ok(PasskeyCredential {
        credential: f.get("secret")?,
        created_at: f.time("created_at")?,
        user: users::decode(row, 3)?,
    })
}

/// Decodes `id, label, data`, which come after the times.
pub(super) fn view(f: &mut Fields<'_>, times: TotpView) -> Result<PasskeyView> {
    Ok(PasskeyView {
        id: f.parse("id", PasskeyId::parse)?,
        label: f.get("label")?,
        synced: f.json::<Data>("data")?.synced,
        created_at: times.created_at,
        last_used_at: times.last_used_at,
    })
}

/// The index on the identifier proves that a passkey has one user.
async fn add(db: &Connection, command: &AddPasskey) -> Verb<PasskeyAdded> {
    let AddPasskey {
        subject,
        notice,
        cause,
        ..
    } = command;
    let Some(user) = factors::lock_enabled(db, subject).await? else {
        return Ok(PasskeyAdded::Refused);
    };
    let data = Data {
        synced: command.synced,
    };
    let sql = "INSERT INTO credentials (user_key, kind, id, secret, label, data, created_at)
               SELECT :user, 'passkey', :id, :credential, :label, :data, :now
               WHERE (SELECT count(*) FROM credentials c WHERE c.user_key = :user AND c.kind = 'passkey') < :max
                 AND (NOT :first OR NOT EXISTS
                   (SELECT 1 FROM credentials c WHERE c.user_key = :user AND c.kind IN ('totp', 'passkey')))
               ON CONFLICT DO NOTHING";
    let params = params! {
        ":user": user,
        ":id": command.id.as_str(),
        ":credential": &command.credential,
        ":label": &command.label,
        ":data": rows::to_json(&data)?,
        ":now": cause.now.as_millisecond(),
        ":max": MAX_PASSKEYS,
        ":first": command.first,
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(PasskeyAdded::Refused);
    }
    audit::record(db, cause, &events::passkey_added(subject)).await?;
    links::put_notice(db, subject, notice.as_ref(), cause).await?;
    let backup_codes =
        factors::put_first_backup_codes(db, subject, &command.backup_codes, cause).await?;
    Ok(PasskeyAdded::Now { backup_codes })
}

async fn note_use(db: &Connection, command: &UsePasskey) -> Verb<bool> {
    let Some(user) = factors::lock_enabled(db, &command.subject).await? else {
        return Ok(false);
    };
    let sql =
        "UPDATE credentials SET secret = :new, challenged_at = :challenge, last_used_at = :now
               WHERE user_key = :user AND kind = 'passkey' AND id = :id AND secret = :old
                 AND (challenged_at IS NULL OR challenged_at < :challenge)";
    let params = params! {
        ":new": &command.credential,
        ":old": &command.verified_with,
        ":challenge": command.challenged_at.as_millisecond(),
        ":now": command.cause.now.as_millisecond(),
        ":id": command.id.as_str(),
        ":user": user,
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    // Whoever still has a factor needs no reset, and did not ask for it.
    factor_resets::cancel(db, &command.subject, &command.cause).await?;
    Ok(true)
}

async fn rename(db: &Connection, command: &RenamePasskey) -> Verb<bool> {
    let sql = "UPDATE credentials SET label = :label WHERE kind = 'passkey' AND id = :id
                 AND user_key = (SELECT user_key FROM users WHERE subject = :subject)";
    let params = params! {
        ":label": &command.label,
        ":id": command.id.as_str(),
        ":subject": command.subject.as_str(),
    };
    Ok(rows::execute(db, sql, params).await? == 1)
}

async fn remove(db: &Connection, command: &RemovePasskey) -> Verb<PasskeyRemoved> {
    let RemovePasskey {
        subject,
        id,
        notice,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(PasskeyRemoved::Missing);
    };
    // A way in opens a session by itself: a second factor does not.
    let sql = "DELETE FROM credentials WHERE user_key = :user AND kind = 'passkey' AND id = :id AND EXISTS
                 (SELECT 1 FROM credentials c WHERE c.user_key = :user
                  AND c.kind IN ('password', 'passkey', 'upstream') AND NOT (c.kind = 'passkey' AND c.id = :id))";
    let params = params! { ":user": user, ":id": id.as_str() };
    if rows::execute(db, sql, params).await? == 0 {
        let sql = "SELECT EXISTS (SELECT 1 FROM credentials WHERE user_key = :user AND kind = 'passkey' AND id = :id)";
        let is_there: Option<bool> = rows::value(db, sql, params).await?;
        return Ok(match is_there {
            Some(true) => PasskeyRemoved::LastWayIn,
            _ => PasskeyRemoved::Missing,
        });
    }
    factors::after_removal(db, user, subject, cause).await?;
    audit::record(db, cause, &events::passkey_removed(subject)).await?;
    links::put_notice(db, subject, notice.as_ref(), cause).await?;
    Ok(PasskeyRemoved::Now)
}
