//! The browsers that a user trusts.

use cardea_protocol::model::{LastSeen, MAX_TRUSTED_DEVICES, Subject, TrustedDevice};
use cardea_seal::Digest;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    audit,
    connection::Connection,
    factors::with_factor,
    fault::Verb,
    rows::{self, Fields},
    statement::params,
    users,
};
use crate::{
    ForgetDevice, TrustDevice,
    events::{self, TOUCH_EVERY_MS},
};

/// The columns of [`read_device`].
macro_rules! device_select {
    () => {
        "SELECT d.device_key, u.subject, d.label, d.address, d.created_at, d.last_used_at, d.expires_at
         FROM trusted_devices d JOIN users u ON u.user_key = d.user_key "
    };
}

fn read_device(row: &Row) -> Verb<TrustedDevice> {
    let mut f = Fields::new(row, "trusted_devices", 0);
    Ok(TrustedDevice {
        id: f.get("device_key")?,
        subject: f.parse("subject", Subject::parse)?,
        label: f.get("label")?,
        address: f.parse_opt("address", str::parse)?,
        created_at: f.time("created_at")?,
        last_used_at: f.time("last_used_at")?,
        expires_at: f.time("expires_at")?,
    })
}

pub(super) async fn find(
    db: &Connection,
    subject: &Subject,
    token: Digest,
    now: Timestamp,
) -> Verb<Option<TrustedDevice>> {
    let sql = concat!(
        device_select!(),
        "WHERE d.token_hash = :token AND u.subject = :subject AND d.expires_at > :now"
    );
    let params = params! {
        ":token": token.as_bytes(),
        ":subject": subject.as_str(),
        ":now": now.as_millisecond(),
    };
    rows::first(db, sql, params, read_device).await
}

pub(super) async fn touch(
    db: &Connection,
    subject: &Subject,
    token: Digest,
    seen: &LastSeen,
    now: Timestamp,
) -> Verb<()> {
    let sql = "UPDATE trusted_devices SET last_used_at = :now, label = :label, address = :address
               WHERE token_hash = :token AND user_key = (SELECT user_key FROM users WHERE subject = :subject)
                 AND (last_used_at < :now - :every OR label <> :label OR address IS DISTINCT FROM :address)";
    let params = params! {
        ":now": now.as_millisecond(),
        ":label": seen.user_agent.as_deref().unwrap_or_default(),
        ":address": seen.address.map(|ip| ip.to_string()),
        ":token": token.as_bytes(),
        ":subject": subject.as_str(),
        ":every": TOUCH_EVERY_MS,
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// The browsers that a user trusts, the newest first.
pub(super) async fn of_user(
    db: &Connection,
    subject: &Subject,
    now: Timestamp,
) -> Verb<Vec<TrustedDevice>> {
    let sql = concat!(
        device_select!(),
        "WHERE u.subject = :subject AND d.expires_at > :now ORDER BY d.device_key DESC"
    );
    let params = params! { ":subject": subject.as_str(), ":now": now.as_millisecond() };
    rows::all(db, sql, params, read_device).await
}

pub(super) async fn forget(db: &Connection, command: &ForgetDevice) -> Verb<u64> {
    let Some(user) = users::lock(db, &command.subject).await? else {
        return Ok(0);
    };
    let sql =
        "DELETE FROM trusted_devices WHERE user_key = :user AND (:id IS NULL OR device_key = :id)";
    let params = params! { ":user": user, ":id": command.id };
    let forgotten = rows::execute(db, sql, params).await?;
    if forgotten > 0 {
        let entry = events::device_forgotten(command, forgotten);
        audit::record(db, &command.cause, &entry).await?;
    }
    Ok(forgotten)
}

pub(super) async fn trust(db: &Connection, command: &TrustDevice) -> Verb<bool> {
    let Some(user) = with_factor(db, &command.subject).await? else {
        return Ok(false);
    };
    if let Some(before) = &command.replaces {
        let sql = "DELETE FROM trusted_devices WHERE user_key = :user AND token_hash = :before";
        let params = params! { ":user": user, ":before": before.as_bytes() };
        rows::execute(db, sql, params).await?;
    }
    let sql = "INSERT INTO trusted_devices (user_key, token_hash, label, address, created_at, last_used_at, expires_at)
               VALUES (:user, :token, :label, :address, :now, :now, :expires)";
    let params = params! {
        ":user": user,
        ":token": command.token.as_bytes(),
        ":label": &command.label,
        ":address": command.address.map(|ip| ip.to_string()),
        ":now": command.cause.now.as_millisecond(),
        ":expires": command.expires_at.as_millisecond(),
    };
    rows::execute(db, sql, params).await?;
    let sql = "DELETE FROM trusted_devices WHERE user_key = :user AND device_key NOT IN
                 (SELECT device_key FROM trusted_devices WHERE user_key = :user ORDER BY device_key DESC LIMIT :most)";
    let params = params! { ":user": user, ":most": MAX_TRUSTED_DEVICES };
    rows::execute(db, sql, params).await?;
    audit::record(db, &command.cause, &events::device_trusted(command)).await?;
    Ok(true)
}

/// The browsers that a user trusts are forgotten with the known devices, see [`super::users::forget_devices`].
pub(super) async fn forget_all_devices(db: &Connection, subject: &Subject) -> Verb<u64> {
    let sql = "DELETE FROM trusted_devices WHERE user_key = (SELECT user_key FROM users WHERE subject = :subject)";
    rows::execute(db, sql, params! { ":subject": subject.as_str() }).await
}
