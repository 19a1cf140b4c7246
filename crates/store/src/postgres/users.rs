//! Users.

use async_trait::async_trait;
use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail},
    model::{AccountState, Cause, LoginFailures, Subject, User, Username},
};
use cardea_seal::Secret;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    PostgresStore, account, audit,
    connection::{Connection, read, transaction},
    fault::{Verb, conflict},
    links, login_email, login_failures, new_users, passwords,
    rows::{self, Fields},
    sessions,
    statement::params,
    trusted_devices, user_search, usernames,
};
use crate::{
    AddUser, LoginUser, Page, PasswordCredential, Result, Rows, SearchPosition, Seeded, SignUp,
    UserChange, UserPosition, UserSearch, UserView, Users, events,
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
impl Users for PostgresStore {
    async fn user(&self, subject: &Subject) -> Result<Option<User>> {
        read!(self, db => find(&db, subject))
    }

    async fn user_by_name(&self, username: &Username) -> Result<Option<User>> {
        read!(self, db => usernames::by_name(&db, username))
    }

    async fn login_user(&self, username: &Username) -> Result<Option<LoginUser>> {
        read!(self, db => find_login(&db, username))
    }

    async fn has_password(&self, subject: &Subject) -> Result<bool> {
        read!(self, db => passwords::has(&db, subject))
    }

    async fn users(&self, page: Page<UserPosition>) -> Result<Rows<UserView, UserPosition>> {
        read!(self, db => list(&db, &page))
    }

    async fn search_users(
        &self,
        search: &UserSearch,
        page: Page<SearchPosition>,
    ) -> Result<Rows<UserView, SearchPosition>> {
        read!(self, db => user_search::find_users(&db, search, &page))
    }

    async fn add_user(&self, command: AddUser) -> Result<()> {
        transaction!(self, db => add(&db, &command))
    }

    async fn sign_up(&self, command: SignUp) -> Result<()> {
        transaction!(self, db => new_users::sign_up(&db, &command))
    }

    async fn seed_user(&self, command: AddUser) -> Result<Seeded> {
        transaction!(self, db => new_users::seed(&db, &command))
    }

    async fn change_user(&self, command: UserChange) -> Result<bool> {
        transaction!(self, db => account::change(&db, &command))
    }

    async fn remove_user(&self, subject: Subject, cause: Cause) -> Result<bool> {
        transaction!(self, db => remove(&db, &subject, &cause))
    }

    async fn record_login_failure(
        &self,
        subject: Subject,
        mail: Option<Mail>,
        cause: Cause,
    ) -> Result<()> {
        transaction!(self, db => login_failures::record(&db, &subject, mail.as_ref(), &cause))
    }

    async fn locked_until(&self, subject: &Subject) -> Result<Option<Timestamp>> {
        read!(self, db => locked_until(&db, subject))
    }

    async fn password_costs(&self) -> Result<Vec<(String, u64)>> {
        read!(self, db => passwords::costs(&db))
    }

    async fn upgrade_password_hash(
        &self,
        subject: Subject,
        old: Secret<String>,
        new: Secret<String>,
    ) -> Result<()> {
        transaction!(self, db => passwords::upgrade(&db, &subject, &old, &new))
    }
}

/// Decodes `user_columns!`, the first of which is at `first`.
pub(super) fn decode(row: &Row, first: usize) -> Result<User> {
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
fn login_user(row: &Row) -> Verb<LoginUser> {
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

fn failures(f: &mut Fields<'_>) -> Result<LoginFailures> {
    Ok(LoginFailures {
        count: f.get("failed_logins")?,
        last_at: f.time_opt("last_failure_at")?,
    })
}

pub(super) async fn find(db: &Connection, subject: &Subject) -> Verb<Option<User>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users u WHERE u.subject = :subject"
    );
    let params = params! { ":subject": subject.as_str() };
    rows::first(db, sql, params, |row| Ok(decode(row, 0)?)).await
}

/// Locks the row of a user; its key. All verbs that change something of one user begin with it, so they run one after the other. Rows
/// that refer to the user can be added meanwhile.
pub(super) async fn lock(db: &Connection, subject: &Subject) -> Verb<Option<i64>> {
    let sql = "SELECT user_key FROM users WHERE subject = :subject FOR NO KEY UPDATE";
    rows::value(db, sql, params! { ":subject": subject.as_str() }).await
}

/// The same, with the row as it is then.
pub(super) async fn find_locked(db: &Connection, subject: &Subject) -> Verb<Option<(i64, User)>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", u.user_key FROM users u WHERE u.subject = :subject FOR NO KEY UPDATE"
    );
    let params = params! { ":subject": subject.as_str() };
    rows::first(db, sql, params, |row| {
        Ok((rows::read(row, USER_COLUMNS)?, decode(row, 0)?))
    })
    .await
}

/// By name, else by address. The key of older versions comes first: it finds the user whose name became that of another one.
async fn find_login(db: &Connection, username: &Username) -> Verb<Option<LoginUser>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", c.secret, c.created_at AS password_set_at FROM users u LEFT JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'password'
         WHERE u.username_key IN (:legacy, :key) OR u.login_email = :address
         ORDER BY CASE u.username_key WHEN :legacy THEN 0 WHEN :key THEN 1 ELSE 2 END LIMIT 1"
    );
    let address = EmailAddress::parse(username.as_str().trim());
    let params = params! {
        ":legacy": username.legacy_key(),
        ":key": username.key(),
        ":address": address.ok().map(|address| address.key()),
    };
    rows::first(db, sql, params, login_user).await
}

async fn list(db: &Connection, page: &Page<UserPosition>) -> Verb<Rows<UserView, UserPosition>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", ",
        has_password!(),
        ", u.username_key FROM users u WHERE u.username_key > :after ORDER BY u.username_key LIMIT :limit"
    );
    let (limit, read) = rows::limits(page);
    let after = page
        .after
        .as_ref()
        .map_or("", |position| position.0.as_str());
    let params = params! { ":after": after, ":limit": read };
    let found = rows::all(db, sql, params, |row| {
        let view = UserView {
            user: decode(row, 0)?,
            has_password: rows::read(row, USER_COLUMNS)?,
        };
        Ok((UserPosition(rows::read(row, USER_COLUMNS + 1)?), view))
    });
    Ok(rows::page(found.await?, limit))
}

async fn locked_until(db: &Connection, subject: &Subject) -> Verb<Option<Timestamp>> {
    let sql = "SELECT subject, failed_logins, last_failure_at FROM users WHERE subject = :subject";
    let params = params! { ":subject": subject.as_str() };
    let failures = rows::first(db, sql, params, |row| {
        let mut f = Fields::new(row, "users", 0);
        let _subject: String = f.get("subject")?;
        Ok(failures(&mut f)?)
    });
    Ok(failures.await?.and_then(|f| f.locked_until()))
}

pub(super) async fn add(db: &Connection, command: &AddUser) -> Verb<()> {
    let added = new_users::try_add(db, command).await?;
    added.map(drop).map_err(conflict)
}

pub(super) async fn remove(db: &Connection, subject: &Subject, cause: &Cause) -> Verb<bool> {
    // More than `lock`: no session and no grant is added meanwhile.
    let sql = "SELECT user_key FROM users WHERE subject = :subject FOR UPDATE";
    let params = params! { ":subject": subject.as_str() };
    let Some(user) = rows::value(db, sql, params).await? else {
        return Ok(false);
    };
    sessions::end_before_removal(db, subject, cause).await?;
    passwords::remove(db, user).await?;
    // Credentials, sessions, codes, grants, consents and links are deleted with the row.
    let sql = "DELETE FROM users WHERE user_key = :user";
    rows::execute(db, sql, params! { ":user": user }).await?;
    audit::record(db, cause, &events::user_removed(subject)).await?;
    Ok(true)
}

pub(super) async fn change(db: &Connection, command: &UserChange) -> Verb<bool> {
    let UserChange {
        subject,
        update,
        cause,
    } = command;
    let Some((user, before)) = find_locked(db, subject).await? else {
        return Ok(false);
    };
    if let Some(read) = &update.before {
        // D4: the row is locked, so it stays as it was compared.
        events::user_may_follow(read, &before)?;
    }
    change_fields(db, user, command).await?;
    if let Some(email) = &update.email {
        let email = email.as_ref();
        let key = email.and_then(|(email, verified)| login_email::key(Some(email), *verified));
        login_email::write(db, user, key.as_deref()).await?;
    }
    user_search::change(db, user, &before, update).await?;
    let effects = events::user_changed(command, before.status);
    if let Some(hash) = &update.password_hash {
        // Failures are reset: they were those of the old password.
        passwords::put(db, user, hash, cause.now).await?;
        begin_anew(db, subject).await?;
    }
    account::write(db, user, update).await?;
    links::put_notice(db, subject, update.notice.as_ref(), cause).await?;
    if let Some(status) = effects.status {
        let sql = "UPDATE users SET status = :status WHERE user_key = :user";
        let params = params! { ":status": rows::to_word(status)?, ":user": user };
        rows::execute(db, sql, params).await?;
    }
    for entry in &effects.entries {
        audit::record(db, cause, entry).await?;
    }
    if let Some(sessions) = &effects.log_out {
        forget_devices(db, subject, cause).await?;
        sessions::end_which(db, sessions).await?;
    }
    Ok(true)
}

async fn change_fields(db: &Connection, user: i64, command: &UserChange) -> Verb<()> {
    let update = &command.update;
    let (email, verified) = match &update.email {
        Some(Some((email, verified))) => (Some(email), *verified),
        Some(None) | None => (None, false),
    };
    let sql = "UPDATE users SET email = CASE WHEN :set_email THEN :email ELSE email END,
                   email_verified = CASE WHEN :set_email THEN :verified ELSE email_verified END,
                   roles = coalesce(:roles, roles), claims = coalesce(:claims, claims), updated_at = :now
               WHERE user_key = :user";
    let params = params! {
        ":user": user,
        ":set_email": update.email.is_some(),
        ":email": email,
        ":verified": verified,
        ":roles": update.roles.as_ref().map(rows::to_json).transpose()?,
        ":claims": update.claims.as_ref().map(rows::to_json).transpose()?,
        ":now": command.cause.now.as_millisecond(),
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// After a new password: an attacker who knew the old one leaves nothing behind.
pub(super) async fn begin_anew(db: &Connection, subject: &Subject) -> Verb<()> {
    links::forget_at_a_new_password(db, subject).await?;
    let sql =
        "UPDATE users SET failed_logins = 0, last_failure_at = NULL, must_change_password = FALSE
               WHERE subject = :subject";
    let params = params! { ":subject": subject.as_str() };
    rows::execute(db, sql, params).await.map(drop)
}

/// From now on only new logins make known devices.
pub(super) async fn forget_devices(db: &Connection, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql = "UPDATE users SET devices_since = :now WHERE subject = :subject";
    let params = params! { ":now": cause.now.as_millisecond(), ":subject": subject.as_str() };
    rows::execute(db, sql, params).await?;
    trusted_devices::forget_all_devices(db, subject)
        .await
        .map(drop)
}
