//! Links for one use. Whoever makes or takes one has locked the user: so there are never more than the limits say, and of two that take
//! one, or make it useless, one is the first.

use async_trait::async_trait;
use cardea_protocol::{
    disowned::Disowned,
    model::{Actor, Cause, EmailChange, LinkPurpose, SessionEnd, Subject},
};
use cardea_seal::Digest;
use jiff::Timestamp;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, transaction},
    factor_resets,
    fault::{Verb, conflict},
    link_limits, login_email, not_me, outbox, passwords,
    rows::{self, Fields},
    sessions,
    statement::params,
    users::{self, USER_COLUMNS, may_log_in, user_columns},
};
use crate::{
    Applications, Constraint, EndSessions, EndWhich, LinkEffect, Links, LivingLink, MakeLink,
    NewLink, Notice, Result, StoreError, TakeLink, Taken, UserChange, UserUpdate, events,
};

#[async_trait]
impl Links for PostgresStore {
    async fn make_link(&self, command: MakeLink) -> Result<bool> {
        transaction!(self, db => make(&db, &command))
    }

    async fn link(&self, token: Digest, now: Timestamp) -> Result<Option<LivingLink>> {
        let found = read!(self, db => find(&db, token, now))?;
        Ok(found.map(|found| found.link))
    }

    async fn take_link(&self, command: TakeLink) -> Result<Option<Taken>> {
        transaction!(self, db => take(&db, &command))
    }
}

async fn make(db: &Connection, command: &MakeLink) -> Verb<bool> {
    let MakeLink {
        subject,
        link,
        mail,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    if cause.actor == Actor::Stranger && link_limits::has_enough(db, user, link, cause).await? {
        return Ok(false);
    }
    if !insert(db, subject, link, cause).await? {
        return Ok(false);
    }
    if let Some(mail) = mail {
        outbox::put_mail(db, mail, cause).await?;
    }
    Ok(true)
}

/// False for a user who may not log in, and for a link that was mailed to an address which the user has no longer.
async fn insert(db: &Connection, subject: &Subject, link: &NewLink, cause: &Cause) -> Verb<bool> {
    let purpose = rows::to_word(link.purpose)?;
    let payload = match link.purpose {
        LinkPurpose::NotMe => Some(not_me::payload(db, subject, link).await?),
        _ => link.payload.clone(),
    };
    let sql = concat!(
        "INSERT INTO links (token_hash, user_key, purpose, payload, expires_at)
         SELECT :token, u.user_key, :purpose, :payload, :expires FROM users u
         WHERE u.subject = :subject AND (:address IS NULL OR u.email = :address) AND ",
        may_log_in!()
    );
    let params = params! {
        ":token": link.token.as_bytes(),
        ":purpose": &purpose,
        ":address": mailed_to(link),
        ":payload": payload,
        ":expires": link.expires_at.as_millisecond(),
        ":subject": subject.as_str(),
        ":now": cause.now.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    match link.purpose {
        // An undo is the owner's way back: many changes of the address do not remove it.
        LinkPurpose::EmailUndo => link_limits::refuse_too_many_undos(db, subject, cause).await?,
        LinkPurpose::NotMe => not_me::keep_the_first(db, subject, link, cause).await?,
        _ => link_limits::forget_the_oldest(db, subject, &purpose).await?,
    }
    audit::record(db, cause, &events::link_made(subject, link.purpose)).await?;
    Ok(true)
}

/// The address to which a link was mailed that only the user of this address may use.
fn mailed_to(link: &NewLink) -> Option<String> {
    let payload = link.payload.as_deref()?;
    match link.purpose {
        LinkPurpose::PasswordReset => Some(payload.to_owned()),
        LinkPurpose::NotMe => Some(Disowned::of_payload(payload)?.email.as_str().to_owned()),
        _ => None,
    }
}

/// A living link, with the keys of its row and of its user.
struct Found {
    key: i64,
    user: i64,
    link: LivingLink,
}

async fn find(db: &Connection, token: Digest, now: Timestamp) -> Verb<Option<Found>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", l.purpose, l.payload, l.expires_at AS link_expires_at,
           CASE l.purpose WHEN 'not_me' THEN (SELECT f.payload FROM links f WHERE f.user_key = l.user_key
               AND f.purpose = 'not_me' AND f.expires_at > :now ORDER BY f.link_key LIMIT 1) END AS first,
           l.link_key, l.user_key
         FROM links l JOIN users u ON u.user_key = l.user_key
         WHERE l.token_hash = :token AND l.expires_at > :now AND ",
        may_log_in!()
    );
    let params = params! { ":token": token.as_bytes(), ":now": now.as_millisecond() };
    let found = rows::first(db, sql, params, |row| {
        let user = users::decode(row, 0)?;
        let mut f = Fields::new(row, "links", USER_COLUMNS);
        let link = LivingLink {
            user,
            purpose: f.word("purpose")?,
            payload: f.get("payload")?,
            expires_at: f.time("link_expires_at")?,
            first: f.get("first")?,
        };
        Ok(Found {
            link,
            key: f.get("link_key")?,
            user: f.get("user_key")?,
        })
    });
    match found.await? {
        Some(found) if !is_outdated(&found.link)? => Ok(Some(found)),
        _ => Ok(None),
    }
}

/// Whether the user has another address by now than when the link was made, and it is about the address or was mailed to it.
fn is_outdated(link: &LivingLink) -> Result<bool> {
    match link.purpose {
        LinkPurpose::VerifyEmail => Ok(email_change(link)?.from != link.user.email),
        LinkPurpose::PasswordReset => Ok(link.payload.is_some() && link.payload != link.user.email),
        _ => Ok(false),
    }
}

fn email_change(link: &LivingLink) -> Result<EmailChange> {
    let change = link.payload.as_deref().and_then(EmailChange::of_payload);
    change.ok_or_else(|| corrupt(&link.user.subject))
}

/// Takes the link, and does what it is for.
async fn take(db: &Connection, command: &TakeLink) -> Verb<Option<Taken>> {
    let TakeLink {
        effect,
        next,
        mails,
        cause,
        ..
    } = command;
    // The user is locked first, and the link is read then: it may be gone.
    let sql = "SELECT u.user_key FROM links l JOIN users u ON u.user_key = l.user_key WHERE l.token_hash = :token
               FOR NO KEY UPDATE OF u";
    rows::execute(db, sql, params! { ":token": command.token.as_bytes() }).await?;
    let Some(found) = find(db, command.token, cause.now).await? else {
        return Ok(None);
    };
    if !effect.purposes().contains(&found.link.purpose) {
        return Ok(None);
    }
    // Single use: of two that found it one removes it.
    let sql = "DELETE FROM links WHERE link_key = :link AND expires_at > :now";
    let params = params! { ":link": found.key, ":now": cause.now.as_millisecond() };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(None);
    }
    if effect.locks_out() {
        forget_later(db, &found).await?;
    }
    let (user, subject) = (found.user, found.link.user.subject.clone());
    let address_lost = act(db, found, effect, cause).await?;
    if effect.locks_out() {
        lock_out(db, (user, &subject), cause).await?;
    }
    if let Some(entry) = events::link_used(&subject, effect) {
        audit::record(db, cause, &entry).await?;
    }
    if let Some(next) = next
        && !insert(db, &subject, next, cause).await?
    {
        return Err(conflict(Constraint::ChangedMeanwhile));
    }
    for mail in mails {
        outbox::put_mail(db, mail, cause).await?;
    }
    Ok(Some(Taken {
        subject,
        address_lost,
    }))
}

/// Whoever changed the address has the links that undo or disown what came later.
async fn forget_later(db: &Connection, taken: &Found) -> Verb<()> {
    let sql = "DELETE FROM links WHERE user_key = :user AND purpose = ANY (:purposes) AND link_key > :link";
    let params = params! {
        ":user": taken.user,
        ":purposes": words(&[LinkPurpose::EmailUndo, LinkPurpose::NotMe])?,
        ":link": taken.key,
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// What an effect changes about the user of its link; see [`Taken::address_lost`].
async fn act(db: &Connection, found: Found, effect: &LinkEffect, cause: &Cause) -> Verb<bool> {
    let Found { user, link, .. } = found;
    let subject = link.user.subject.clone();
    match effect {
        LinkEffect::SetPassword(hash) => {
            let update = UserUpdate {
                password_hash: Some(hash.clone()),
                applications: Applications::Revoke,
                ..UserUpdate::default()
            };
            change(db, &subject, update, cause).await?;
            Ok(false)
        }
        LinkEffect::VerifyEmail => {
            let to = email_change(&link)?.to;
            let update = UserUpdate {
                before: Some(Box::new(link.user)),
                ..email(Some(to.into()))
            };
            change(db, &subject, update, cause).await?;
            // Judged by the row: of two who confirm it at once one has got it.
            if !login_email::has_one(db, user).await? {
                return Err(conflict(Constraint::Email));
            }
            forget(db, &subject, &[LinkPurpose::VerifyEmail]).await?;
            Ok(false)
        }
        LinkEffect::UndoEmail => {
            let address = link.payload.ok_or_else(|| corrupt(&subject))?;
            take_back(db, &subject, address, cause).await
        }
        LinkEffect::NotMe => {
            let event = link.payload.as_deref().and_then(Disowned::of_payload);
            let event = event.ok_or_else(|| corrupt(&subject))?;
            let address = event.email.as_str();
            let lost = if link.user.email.as_deref() == Some(address) {
                change(db, &subject, secured(UserUpdate::default()), cause).await?;
                false
            } else {
                take_back(db, &subject, address.to_owned(), cause).await?
            };
            not_me::take_away(db, (user, &subject), &event, cause).await?;
            Ok(lost)
        }
    }
}

/// The address is the user's again. If another user logs in with it by now, the user has none: that of the attacker goes in any case.
async fn take_back(
    db: &Connection,
    subject: &Subject,
    address: String,
    cause: &Cause,
) -> Verb<bool> {
    let lost = login_email::is_taken(db, &address, subject).await?;
    let update = email(Some(address).filter(|_| !lost));
    change(db, subject, secured(update), cause).await?;
    Ok(lost)
}

/// Of a user whose account was used by another.
fn secured(update: UserUpdate) -> UserUpdate {
    UserUpdate {
        must_change_password: Some(true),
        delete_at: Some(None),
        ..update
    }
}

/// A change of the address, to one that is verified.
fn email(address: Option<String>) -> UserUpdate {
    UserUpdate {
        email: Some(address.map(|address| (address, true))),
        ..UserUpdate::default()
    }
}

pub(super) fn corrupt(subject: &Subject) -> StoreError {
    StoreError::Corrupt {
        table: "links",
        column: "payload",
        id: format!("of {}", subject.as_str()),
        why: "it is not that of its purpose".to_owned(),
    }
}

/// Whoever knows the password, has a session or can read the mails of a changed address can't use the account any more.
async fn lock_out(db: &Connection, (user, subject): (i64, &Subject), cause: &Cause) -> Verb<()> {
    passwords::remove(db, user).await?;
    let purposes = [LinkPurpose::PasswordReset, LinkPurpose::VerifyEmail];
    forget(db, subject, &purposes).await?;
    users::forget_devices(db, subject, cause).await?;
    factor_resets::cancel(db, subject, cause).await?;
    let all = EndSessions {
        which: EndWhich::Subject(subject.clone()),
        why: SessionEnd::Remote,
        applications: Applications::Revoke,
        cause: cause.clone(),
    };
    sessions::end_which(db, &all).await.map(drop)
}

/// Other ways to a password, and an address that was asked for before.
pub(super) async fn forget_at_a_new_password(db: &Connection, subject: &Subject) -> Verb<()> {
    let purposes = [
        LinkPurpose::PasswordReset,
        LinkPurpose::Invite,
        LinkPurpose::VerifyEmail,
    ];
    forget(db, subject, &purposes).await
}

/// Writes the mail about a change of a locked user, and its link.
pub(super) async fn put_notice(
    db: &Connection,
    subject: &Subject,
    notice: Option<&Notice>,
    cause: &Cause,
) -> Verb<()> {
    let Some(Notice { mail, not_me: link }) = notice else {
        return Ok(());
    };
    if let Some(link) = link {
        let is_one_too_many = !not_me::count_notice(db, subject, cause).await?;
        if is_one_too_many || !insert(db, subject, link, cause).await? {
            return Ok(());
        }
    }
    outbox::put_mail(db, mail, cause).await
}

/// After a change of the address by an administrator, whose word is the last.
pub(super) async fn forget_ways_back(db: &Connection, subject: &Subject) -> Verb<()> {
    let purposes = [
        LinkPurpose::EmailUndo,
        LinkPurpose::NotMe,
        LinkPurpose::PasswordReset,
        LinkPurpose::VerifyEmail,
    ];
    forget(db, subject, &purposes).await
}

/// A change of the address that a session has asked for goes with all sessions.
pub(super) async fn forget_new_address(db: &Connection, subject: &Subject) -> Verb<()> {
    forget(db, subject, &[LinkPurpose::VerifyEmail]).await
}

async fn forget(db: &Connection, subject: &Subject, purposes: &[LinkPurpose]) -> Verb<()> {
    let sql =
        "DELETE FROM links WHERE user_key = (SELECT user_key FROM users WHERE subject = :subject)
                 AND purpose = ANY (:purposes)";
    let params = params! { ":subject": subject.as_str(), ":purposes": words(purposes)? };
    rows::execute(db, sql, params).await.map(drop)
}

fn words(purposes: &[LinkPurpose]) -> Verb<Vec<String>> {
    purposes.iter().map(rows::to_word).collect()
}

async fn change(db: &Connection, subject: &Subject, update: UserUpdate, cause: &Cause) -> Verb<()> {
    let command = UserChange {
        subject: subject.clone(),
        update,
        cause: cause.clone(),
    };
    users::change(db, &command).await.map(drop)
}
