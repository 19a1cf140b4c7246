//! Users.

use async_trait::async_trait;
use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail},
    model::{AccountState, Cause, LoginFailures, Subject, User, Username},
};
use cardea_seal::Secret;
use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore, account, audit,
    fault::Verb,
    links, login_email, login_failures, new_users,
    rows::{self, Fields},
    sessions, trusted_devices,
    usernames::{by_name, insert},
};
use crate::{
    AddUser, Constraint, LoginUser, Page, PasswordCredential, Result, Rows, SearchPosition, Seeded,
    SignUp, StoreError, UserChange, UserPosition, UserSearch, UserView, Users, events,
};

/// The columns of [`decode`], from `users u`.
macro_rules! user_columns {
    () => {
        "u.subject, u.username, u.email, u.email_verified, u.roles, u.claims, u.status,
         u.failed_logins, u.last_failure_at, u.devices_since,
         u.must_change_password, u.expires_at, u.delete_at, u.locale, u.created_at, u.updated_at"
    };
}
pub(super) use user_columns;

/// Whether the user of `users u` has a password.
macro_rules! has_password {
    () => {
        "EXISTS (SELECT 1 FROM credentials c WHERE c.user_key = u.user_key AND c.kind = 'password')"
    };
}
pub(super) use has_password;

/// Whether the user `u` may log in at `:now`.
macro_rules! may_log_in {
    () => {
        "u.status = 'enabled' AND (u.expires_at IS NULL OR u.expires_at > :now)"
    };
}
pub(super) use may_log_in;

/// How many columns [`decode`] reads.
pub(super) const USER_COLUMNS: usize = 16;

#[async_trait]
impl Users for SqliteStore {
    async fn user(&self, subject: &Subject) -> Result<Option<User>> {
        self.read(|db| find(db, subject))
    }

    async fn user_by_name(&self, username: &Username) -> Result<Option<User>> {
        let sql = concat!(
            "SELECT ",
            user_columns!(),
            " FROM users u WHERE u.username_key = ?"
        );
        self.read(|db| by_name(db, sql, username, |row| Ok(decode(row, 0)?)))
    }

    async fn login_user(&self, username: &Username) -> Result<Option<LoginUser>> {
        let sql = concat!(
            "SELECT ",
            user_columns!(),
            ", c.secret, c.created_at AS password_set_at FROM users u LEFT JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'password'
             WHERE u.username_key = ?"
        );
        let by_email = concat!(
            "SELECT ",
            user_columns!(),
            ", c.secret, c.created_at AS password_set_at FROM users u LEFT JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'password'
             WHERE u.login_email = ?"
        );
        self.read(|db| {
            if let Some(found) = by_name(db, sql, username, login_user)? {
                return Ok(Some(found));
            }
            match EmailAddress::parse(username.as_str().trim()) {
                Ok(address) => rows::first(db, by_email, [address.key()], login_user),
                Err(_) => Ok(None),
            }
        })
    }

    async fn has_password(&self, subject: &Subject) -> Result<bool> {
        let sql = concat!(
            "SELECT ",
            has_password!(),
            " FROM users u WHERE u.subject = ?"
        );
        let found = self.read(|db| rows::value(db, sql, [subject.as_str()]))?;
        Ok(found.unwrap_or(false))
    }

    async fn users(&self, page: Page<UserPosition>) -> Result<Rows<UserView, UserPosition>> {
        let sql = concat!(
            "SELECT ",
            user_columns!(),
            ", ",
            has_password!(),
            ", u.username_key FROM users u WHERE u.username_key > ? ORDER BY u.username_key LIMIT ?"
        );
        let (limit, read) = rows::limits(&page);
        let after = page.after.map_or_else(String::new, |position| position.0);
        let found = self.read(|db| {
            rows::all(db, sql, (&after, read), |row| {
                let view = UserView {
                    user: decode(row, 0)?,
                    has_password: row.get(USER_COLUMNS)?,
                };
                Ok((UserPosition(row.get(USER_COLUMNS + 1)?), view))
            })
        })?;
        Ok(rows::page(found, limit))
    }

    async fn search_users(
        &self,
        search: &UserSearch,
        page: Page<SearchPosition>,
    ) -> Result<Rows<UserView, SearchPosition>> {
        self.find_users(search, &page)
    }

    async fn add_user(&self, command: AddUser) -> Result<()> {
        self.write(move |tx| add(tx, &command)).await
    }

    async fn sign_up(&self, command: SignUp) -> Result<()> {
        self.write(move |tx| new_users::sign_up(tx, &command)).await
    }

    async fn seed_user(&self, command: AddUser) -> Result<Seeded> {
        self.write(move |tx| new_users::seed(tx, &command)).await
    }

    async fn change_user(&self, command: UserChange) -> Result<bool> {
        self.write(move |tx| account::change(tx, &command)).await
    }

    async fn remove_user(&self, subject: Subject, cause: Cause) -> Result<bool> {
        self.write(move |tx| remove(tx, &subject, &cause)).await
    }

    async fn record_login_failure(
        &self,
        subject: Subject,
        mail: Option<Mail>,
        cause: Cause,
    ) -> Result<()> {
        self.write(move |tx| login_failures::record(tx, &subject, mail, &cause))
            .await
    }

    async fn locked_until(&self, subject: &Subject) -> Result<Option<Timestamp>> {
        let sql = "SELECT subject, failed_logins, last_failure_at FROM users WHERE subject = ?";
        let failures = self.read(|db| {
            rows::first(db, sql, [subject.as_str()], |row| {
                let mut f = Fields::new(row, "users", 0);
                let _subject: String = f.get("subject")?;
                Ok(failures(&mut f)?)
            })
        })?;
        Ok(failures.and_then(|f| f.locked_until()))
    }

    async fn password_costs(&self) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT cost, users FROM password_costs WHERE users > 0";
        self.read(|db| {
            rows::all(db, sql, [], |row| {
                let mut f = Fields::new(row, "password_costs", 0);
                let cost: String = f.get("cost")?;
                let users: u32 = f.get("users")?;
                Ok((cost, u64::from(users)))
            })
        })
    }

    async fn upgrade_password_hash(
        &self,
        subject: Subject,
        old: Secret<String>,
        new: Secret<String>,
    ) -> Result<()> {
        self.write(move |tx| {
            // The same password: the credential keeps its age.
            let sql = "UPDATE credentials SET secret = ?
                       WHERE user_key = (SELECT user_key FROM users WHERE subject = ?) AND kind = 'password' AND secret = ?";
            rows::execute(tx, sql, (new.expose(), subject.as_str(), old.expose())).map(drop)
        })
        .await
    }
}

/// Decodes `user_columns!`, the first of which is at `first`.
pub(super) fn decode(row: &Row<'_>, first: usize) -> Result<User> {
    let mut f = Fields::new(row, "users", first);
    Ok(User {
        subject: f.parse("subject", Subject::parse)?,
        username: f.parse("username", Username::parse)?,
        email: f.get("email")?,
        email_verified: f.get("email_verified")?,
        roles: f.json("roles")?,
        claims: f.json("claims")?,
        status: f.word("status")?,
        failures: failures(&mut f)?,
        devices_since: f.time_opt("devices_since")?,
        account: AccountState {
            must_change_password: f.get("must_change_password")?,
            expires_at: f.time_opt("expires_at")?,
            delete_at: f.time_opt("delete_at")?,
            // A language of another version is as none.
            locale: f
                .get::<Option<String>>("locale")?
                .and_then(|tag| Lang::lookup(&tag)),
        },
        created_at: f.time("created_at")?,
        updated_at: f.time("updated_at")?,
    })
}

/// A user with the password, whose columns come after those of the user.
fn login_user(row: &Row<'_>) -> Verb<LoginUser> {
    let user = decode(row, 0)?;
    let mut f = Fields::new(row, "credentials", USER_COLUMNS);
    let hash: Option<String> = f.get("secret")?;
    let set_at = f.time_opt("password_set_at")?;
    let password = hash.zip(set_at).map(|(hash, set_at)| PasswordCredential {
        hash: Secret::new(hash),
        set_at,
    });
    Ok(LoginUser { user, password })
}

fn failures(f: &mut Fields<'_, '_>) -> Result<LoginFailures> {
    Ok(LoginFailures {
        count: f.get("failed_logins")?,
        last_at: f.time_opt("last_failure_at")?,
    })
}

pub(super) fn find(db: &Connection, subject: &Subject) -> Verb<Option<User>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users u WHERE u.subject = ?"
    );
    rows::first(db, sql, [subject.as_str()], |row| Ok(decode(row, 0)?))
}

pub(super) fn add(tx: &Connection, command: &AddUser) -> Verb<()> {
    insert(tx, &command.user)?;
    login_email::write(tx, &command.user.subject)?;
    if let Some(hash) = &command.password_hash {
        put_password(tx, &command.user.subject, hash, &command.cause)?;
    }
    audit::record(tx, &command.cause, &events::user_added(&command.user))
}

pub(super) fn remove(tx: &Connection, subject: &Subject, cause: &Cause) -> Verb<bool> {
    sessions::end_before_removal(tx, subject, cause)?;
    // Credentials, sessions, codes, grants, consents and links are deleted with the row.
    let sql = "DELETE FROM users WHERE subject = ?";
    if rows::execute(tx, sql, [subject.as_str()])? == 0 {
        return Ok(false);
    }
    audit::record(tx, cause, &events::user_removed(subject))?;
    Ok(true)
}

pub(super) fn change(tx: &Connection, command: &UserChange) -> Verb<bool> {
    let UserChange {
        subject,
        update,
        cause,
    } = command;
    let Some(before) = find(tx, subject)? else {
        return Ok(false);
    };
    if let Some(read) = &update.before {
        events::user_may_follow(read, &before)?;
    }
    change_fields(tx, command, &before)?;
    if update.email.is_some() {
        login_email::write(tx, subject)?;
    }
    let effects = events::user_changed(command, before.status);
    if let Some(hash) = &update.password_hash {
        set_password(tx, subject, hash, cause)?;
    }
    account::write(tx, subject, update)?;
    links::put_notice(tx, subject, update.notice.as_ref(), cause)?;
    if let Some(status) = effects.status {
        let sql = "UPDATE users SET status = ? WHERE subject = ?";
        rows::execute(tx, sql, (rows::to_word(status)?, subject.as_str()))?;
    }
    for entry in &effects.entries {
        audit::record(tx, cause, entry)?;
    }
    if let Some(sessions) = &effects.log_out {
        forget_devices(tx, subject, cause)?;
        sessions::end_which(tx, sessions)?;
    }
    Ok(true)
}

/// Writes what is to change, and only if the row is as it was when it was compared (D4).
fn change_fields(tx: &Connection, command: &UserChange, stored: &User) -> Verb<()> {
    let update = &command.update;
    let subject = command.subject.as_str();
    let sql = "SELECT roles, claims FROM users WHERE subject = ?";
    // As text: an older version may have written the same values in other words.
    let texts = rows::first(tx, sql, [subject], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (old_roles, old_claims): (String, String) = texts.unwrap_or_default();
    let (email, verified) = match &update.email {
        Some(Some((email, verified))) => (Some(email), *verified),
        Some(None) | None => (None, false),
    };
    let written = rows::execute(
        tx,
        "UPDATE users SET email = iif(:set_email, :email, email),
                          email_verified = iif(:set_email, :verified, email_verified),
                          roles = coalesce(:roles, roles), claims = coalesce(:claims, claims), updated_at = :now
         WHERE subject = :subject AND email IS :old_email AND email_verified = :old_verified
           AND roles = :old_roles AND claims = :old_claims",
        named_params! {
            ":subject": subject,
            ":set_email": update.email.is_some(),
            ":email": email,
            ":verified": verified,
            ":roles": update.roles.as_ref().map(rows::to_json).transpose()?,
            ":claims": update.claims.as_ref().map(rows::to_json).transpose()?,
            ":now": command.cause.now.as_millisecond(),
            ":old_email": stored.email,
            ":old_verified": stored.email_verified,
            ":old_roles": old_roles,
            ":old_claims": old_claims,
        },
    )?;
    match written {
        1 => Ok(()),
        _ => Err(StoreError::conflict(Constraint::ChangedMeanwhile).into()),
    }
}

/// A user has one password: a new one replaces the credential.
fn put_password(
    tx: &Connection,
    subject: &Subject,
    hash: &Secret<String>,
    cause: &Cause,
) -> Verb<()> {
    let sql = "INSERT INTO credentials (user_key, kind, id, secret, created_at)
               SELECT user_key, 'password', '', ?2, ?3 FROM users WHERE subject = ?1
               ON CONFLICT DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at";
    let params = (subject.as_str(), hash.expose(), cause.now.as_millisecond());
    rows::execute(tx, sql, params).map(drop)
}

/// Failures are reset: they were those of the old password.
fn set_password(
    tx: &Connection,
    subject: &Subject,
    hash: &Secret<String>,
    cause: &Cause,
) -> Verb<()> {
    put_password(tx, subject, hash, cause)?;
    begin_anew(tx, subject)
}

/// After a new password: whoever knew the old one leaves nothing behind.
pub(super) fn begin_anew(tx: &Connection, subject: &Subject) -> Verb<()> {
    links::forget_at_a_new_password(tx, subject)?;
    let sql = "UPDATE users SET failed_logins = 0, last_failure_at = NULL, must_change_password = 0 WHERE subject = ?";
    rows::execute(tx, sql, [subject.as_str()]).map(drop)
}

/// From now on only new logins make known devices.
pub(super) fn forget_devices(tx: &Connection, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql = "UPDATE users SET devices_since = ? WHERE subject = ?";
    rows::execute(tx, sql, (cause.now.as_millisecond(), subject.as_str()))?;
    trusted_devices::forget_all_devices(tx, subject).map(drop)
}
