//! How many links a user has.

use cardea_protocol::model::{Cause, Subject};

use super::{
    connection::Connection,
    fault::{Verb, conflict},
    rows,
    statement::params,
};
use crate::{Constraint, MAX_LIVING_LINKS, MAX_UNDO_LINKS, NewLink};

/// Whether a user has as many living links of the purpose as there can be: a stranger neither replaces one nor causes more mails.
pub(super) async fn has_enough(
    db: &Connection,
    user: i64,
    link: &NewLink,
    cause: &Cause,
) -> Verb<bool> {
    let sql = "SELECT count(*) FROM links WHERE user_key = :user AND purpose = :purpose AND expires_at > :now";
    let params = params! {
        ":user": user,
        ":purpose": rows::to_word(link.purpose)?,
        ":now": cause.now.as_millisecond(),
    };
    let living: Option<i64> = rows::value(db, sql, params).await?;
    Ok(living.is_some_and(|living| living >= i64::from(MAX_LIVING_LINKS)))
}

pub(super) async fn refuse_too_many_undos(
    db: &Connection,
    subject: &Subject,
    cause: &Cause,
) -> Verb<()> {
    let sql = "SELECT count(*) FROM links l JOIN users u ON u.user_key = l.user_key
               WHERE u.subject = :subject AND l.purpose = 'email_undo' AND l.expires_at > :now";
    let params = params! { ":subject": subject.as_str(), ":now": cause.now.as_millisecond() };
    let living: i64 = rows::value(db, sql, params).await?.unwrap_or(0);
    match living > i64::from(MAX_UNDO_LINKS) {
        true => Err(conflict(Constraint::TooLarge(format!(
            "{MAX_UNDO_LINKS} changes of the address can be undone at once"
        )))),
        false => Ok(()),
    }
}

pub(super) async fn forget_the_oldest(
    db: &Connection,
    subject: &Subject,
    purpose: &str,
) -> Verb<()> {
    let sql = "DELETE FROM links WHERE link_key IN
                       (SELECT l.link_key FROM links l JOIN users u ON u.user_key = l.user_key
                        WHERE u.subject = :subject AND l.purpose = :purpose ORDER BY l.link_key DESC OFFSET :most)";
    let params = params! {
        ":subject": subject.as_str(),
        ":purpose": purpose,
        ":most": MAX_LIVING_LINKS,
    };
    rows::execute(db, sql, params).await.map(drop)
}
