//! Links for one use.

use async_trait::async_trait;
use cardea_protocol::{
    disowned::Disowned,
    model::{Actor, Cause, EmailChange, LinkPurpose, SessionEnd, Subject},
};
use cardea_seal::Digest;
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    SqliteStore, audit, factor_resets,
    fault::{Verb, conflict},
    login_email, not_me, outbox,
    rows::{self, Fields},
    sessions,
    users::{self, USER_COLUMNS, may_log_in, user_columns},
};
use crate::{
    Applications, Constraint, EndSessions, EndWhich, LinkEffect, Links, LivingLink,
    MAX_LIVING_LINKS, MAX_UNDO_LINKS, MakeLink, NewLink, Notice, Result, StoreError, TakeLink,
    Taken, UserChange, UserUpdate, events,
};

#[async_trait]
impl Links for SqliteStore {
    async fn make_link(&self, command: MakeLink) -> Result<bool> {
        self.write(move |tx| make(tx, &command)).await
    }

    async fn link(&self, token: Digest, now: Timestamp) -> Result<Option<LivingLink>> {
        self.read(|db| find(db, token, now))
    }

    async fn take_link(&self, command: TakeLink) -> Result<Option<Taken>> {
        self.write(move |tx| take(tx, &command)).await
    }
}

fn make(tx: &Connection, command: &MakeLink) -> Verb<bool> {
    let MakeLink {
        subject,
        link,
        mail,
        cause,
    } = command;
    if cause.actor == Actor::Stranger && has_enough(tx, subject, link, cause)? {
        return Ok(false);
    }
    if !insert(tx, subject, link, cause)? {
        return Ok(false);
    }
    if let Some(mail) = mail {
        outbox::put_mail(tx, mail, cause)?;
    }
    Ok(true)
}

/// Whether a user has as many living links of the purpose as there can be: a stranger neither replaces one nor causes more mails.
fn has_enough(tx: &Connection, subject: &Subject, link: &NewLink, cause: &Cause) -> Verb<bool> {
    let sql = "SELECT count(*) FROM links l JOIN users u ON u.user_key = l.user_key
               WHERE u.subject = ? AND l.purpose = ? AND l.expires_at > ?";
    let purpose = rows::to_word(link.purpose)?;
    let params = (subject.as_str(), purpose, cause.now.as_millisecond());
    let living: Option<u32> = rows::value(tx, sql, params)?;
    Ok(living.is_some_and(|living| living >= MAX_LIVING_LINKS))
}

/// False for a user who may not log in, and for a link that was mailed to an address which the user has no longer.
fn insert(tx: &Connection, subject: &Subject, link: &NewLink, cause: &Cause) -> Verb<bool> {
    let purpose = rows::to_word(link.purpose)?;
    let payload = match link.purpose {
        LinkPurpose::NotMe => Some(not_me::payload(tx, subject, link)?),
        _ => link.payload.clone(),
    };
    let written = rows::execute(
        tx,
        concat!(
            "INSERT INTO links (token_hash, user_key, purpose, payload, expires_at)
             SELECT :token, u.user_key, :purpose, :payload, :expires FROM users u
             WHERE u.subject = :subject AND (:address IS NULL OR u.email = :address) AND ",
            may_log_in!()
        ),
        named_params! {
            ":token": link.token.as_bytes(),
            ":purpose": purpose,
            ":address": mailed_to(link),
            ":payload": payload,
            ":expires": link.expires_at.as_millisecond(),
            ":subject": subject.as_str(),
            ":now": cause.now.as_millisecond(),
        },
    )?;
    if written == 0 {
        return Ok(false);
    }
    match link.purpose {
        // An undo is the owner's way back: whoever changes the address again and again does not remove it.
        LinkPurpose::EmailUndo => refuse_too_many_undos(tx, subject, cause)?,
        LinkPurpose::NotMe => not_me::keep_the_first(tx, subject, link, cause)?,
        _ => forget_the_oldest(tx, subject, &purpose)?,
    }
    audit::record(tx, cause, &events::link_made(subject, link.purpose))?;
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

fn refuse_too_many_undos(tx: &Connection, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql = "SELECT count(*) FROM links l JOIN users u ON u.user_key = l.user_key
               WHERE u.subject = ? AND l.purpose = 'email_undo' AND l.expires_at > ?";
    let params = (subject.as_str(), cause.now.as_millisecond());
    let living: i64 = rows::value(tx, sql, params)?.unwrap_or(0);
    match living > i64::from(MAX_UNDO_LINKS) {
        true => Err(conflict(Constraint::TooLarge(format!(
            "{MAX_UNDO_LINKS} changes of the address can be undone at once"
        )))),
        false => Ok(()),
    }
}

fn forget_the_oldest(tx: &Connection, subject: &Subject, purpose: &str) -> Verb<()> {
    let sql = "DELETE FROM links WHERE link_key IN
                       (SELECT l.link_key FROM links l JOIN users u ON u.user_key = l.user_key
                        WHERE u.subject = ? AND l.purpose = ? ORDER BY l.link_key DESC LIMIT -1 OFFSET ?)";
    let params = (subject.as_str(), purpose, MAX_LIVING_LINKS);
    rows::execute(tx, sql, params).map(drop)
}

fn find(db: &Connection, token: Digest, now: Timestamp) -> Verb<Option<LivingLink>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", l.purpose, l.payload, l.expires_at AS link_expires_at,
           CASE l.purpose WHEN 'not_me' THEN (SELECT f.payload FROM links f WHERE f.user_key = l.user_key
               AND f.purpose = 'not_me' AND f.expires_at > :now ORDER BY f.link_key LIMIT 1) END AS first
         FROM links l JOIN users u ON u.user_key = l.user_key
         WHERE l.token_hash = :token AND l.expires_at > :now
           AND CASE l.purpose WHEN 'verify_email' THEN l.payload ->> '$.from' IS u.email
                              WHEN 'password_reset' THEN l.payload IS NULL OR l.payload IS u.email ELSE TRUE END AND ",
        may_log_in!()
    );
    let params = named_params! { ":token": token.as_bytes(), ":now": now.as_millisecond() };
    rows::first(db, sql, params, |row| {
        let user = users::decode(row, 0)?;
        let mut f = Fields::new(row, "links", USER_COLUMNS);
        Ok(LivingLink {
            user,
            purpose: f.word("purpose")?,
            payload: f.get("payload")?,
            expires_at: f.time("link_expires_at")?,
            first: f.get("first")?,
        })
    })
}

/// Takes the link, and does what it is for.
fn take(tx: &Connection, command: &TakeLink) -> Verb<Option<Taken>> {
    let TakeLink {
        effect,
        next,
        mails,
        cause,
        ..
    } = command;
    let Some(link) = find(tx, command.token, cause.now)? else {
        return Ok(None);
    };
    if !effect.purposes().contains(&link.purpose) {
        return Ok(None);
    }
    if effect.locks_out() {
        for purpose in [LinkPurpose::EmailUndo, LinkPurpose::NotMe] {
            forget_later(tx, command.token, purpose)?;
        }
    }
    // Single use: of two that found it one removes it.
    let sql = "DELETE FROM links WHERE token_hash = ? AND expires_at > ?";
    let params = (command.token.as_bytes(), cause.now.as_millisecond());
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(None);
    }
    let subject = link.user.subject.clone();
    let address_lost = act(tx, link, effect, cause)?;
    if effect.locks_out() {
        lock_out(tx, &subject, cause)?;
    }
    if let Some(entry) = events::link_used(&subject, effect) {
        audit::record(tx, cause, &entry)?;
    }
    if let Some(next) = next
        && !insert(tx, &subject, next, cause)?
    {
        return Err(conflict(Constraint::ChangedMeanwhile));
    }
    for mail in mails {
        outbox::put_mail(tx, mail, cause)?;
    }
    Ok(Some(Taken {
        subject,
        address_lost,
    }))
}

/// Whoever changed the address has the links that undo or disown what came later.
fn forget_later(tx: &Connection, token: Digest, purpose: LinkPurpose) -> Verb<()> {
    let sql = "DELETE FROM links WHERE purpose = ?2
                 AND user_key = (SELECT l.user_key FROM links l WHERE l.token_hash = ?1)
                 AND link_key > (SELECT l.link_key FROM links l WHERE l.token_hash = ?1)";
    rows::execute(tx, sql, (token.as_bytes(), rows::to_word(purpose)?)).map(drop)
}

/// What an effect changes about the user of its link; see [`Taken::address_lost`].
fn act(tx: &Connection, link: LivingLink, effect: &LinkEffect, cause: &Cause) -> Verb<bool> {
    let LivingLink { user, payload, .. } = link;
    let subject = user.subject.clone();
    match effect {
        LinkEffect::SetPassword(hash) => {
            let update = UserUpdate {
                password_hash: Some(hash.clone()),
                applications: Applications::Revoke,
                ..UserUpdate::default()
            };
            change(tx, &subject, update, cause)?;
            Ok(false)
        }
        LinkEffect::VerifyEmail => {
            let change_of = payload.as_deref().and_then(EmailChange::of_payload);
            let to = change_of.ok_or_else(|| corrupt(&subject))?.to;
            if login_email::is_taken(tx, to.as_str(), &subject)? {
                return Err(conflict(Constraint::Email));
            }
            let update = UserUpdate {
                before: Some(Box::new(user)),
                ..email(Some(to.into()))
            };
            change(tx, &subject, update, cause)?;
            forget(tx, &subject, LinkPurpose::VerifyEmail)?;
            Ok(false)
        }
        LinkEffect::UndoEmail => {
            let address = payload.ok_or_else(|| corrupt(&subject))?;
            take_back(tx, &subject, address, cause)
        }
        LinkEffect::NotMe => {
            let event = payload.as_deref().and_then(Disowned::of_payload);
            let event = event.ok_or_else(|| corrupt(&subject))?;
            let address = event.email.as_str();
            let lost = match user.email.as_deref() == Some(address) {
                true => change(tx, &subject, secured(UserUpdate::default()), cause).map(|()| false),
                false => take_back(tx, &subject, address.to_owned(), cause),
            }?;
            not_me::take_away(tx, &subject, &event, cause)?;
            Ok(lost)
        }
    }
}

/// The address is the user's again. If another user logs in with it by now, the user has none: that of the attacker goes in any case.
fn take_back(tx: &Connection, subject: &Subject, address: String, cause: &Cause) -> Verb<bool> {
    let lost = login_email::is_taken(tx, &address, subject)?;
    let update = email(Some(address).filter(|_| !lost));
    change(tx, subject, secured(update), cause)?;
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
fn lock_out(tx: &Connection, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql = "DELETE FROM credentials WHERE kind = 'password'
                 AND user_key = (SELECT user_key FROM users WHERE subject = ?)";
    rows::execute(tx, sql, [subject.as_str()])?;
    for purpose in [LinkPurpose::PasswordReset, LinkPurpose::VerifyEmail] {
        forget(tx, subject, purpose)?;
    }
    users::forget_devices(tx, subject, cause)?;
    factor_resets::cancel(tx, subject, cause)?;
    let all = EndSessions {
        which: EndWhich::Subject(subject.clone()),
        why: SessionEnd::Remote,
        applications: Applications::Revoke,
        cause: cause.clone(),
    };
    sessions::end_which(tx, &all).map(drop)
}

/// Other ways to a password, and an address that was asked for before.
pub(super) fn forget_at_a_new_password(tx: &Connection, subject: &Subject) -> Verb<()> {
    for purpose in [
        LinkPurpose::PasswordReset,
        LinkPurpose::Invite,
        LinkPurpose::VerifyEmail,
    ] {
        forget(tx, subject, purpose)?;
    }
    Ok(())
}

/// Writes the mail about a change, and its link.
pub(super) fn put_notice(
    tx: &Connection,
    subject: &Subject,
    notice: Option<&Notice>,
    cause: &Cause,
) -> Verb<()> {
    let Some(Notice { mail, not_me: link }) = notice else {
        return Ok(());
    };
    if let Some(link) = link {
        let is_one_too_many = !not_me::count_notice(tx, subject, cause)?;
        if is_one_too_many || !insert(tx, subject, link, cause)? {
            return Ok(());
        }
    }
    outbox::put_mail(tx, mail, cause)
}

/// After a change of the address by an administrator, whose word is the last.
pub(super) fn forget_ways_back(tx: &Connection, subject: &Subject) -> Verb<()> {
    for purpose in [
        LinkPurpose::EmailUndo,
        LinkPurpose::NotMe,
        LinkPurpose::PasswordReset,
        LinkPurpose::VerifyEmail,
    ] {
        forget(tx, subject, purpose)?;
    }
    Ok(())
}

/// A change of the address that a session has asked for goes with all sessions.
pub(super) fn forget_new_address(tx: &Connection, subject: &Subject) -> Verb<()> {
    forget(tx, subject, LinkPurpose::VerifyEmail)
}

fn forget(tx: &Connection, subject: &Subject, purpose: LinkPurpose) -> Verb<()> {
    let sql = "DELETE FROM links WHERE user_key = (SELECT user_key FROM users WHERE subject = ?) AND purpose = ?";
    rows::execute(tx, sql, (subject.as_str(), rows::to_word(purpose)?)).map(drop)
}

fn change(tx: &Connection, subject: &Subject, update: UserUpdate, cause: &Cause) -> Verb<()> {
    let command = UserChange {
        subject: subject.clone(),
        update,
        cause: cause.clone(),
    };
    users::change(tx, &command).map(drop)
}
