//! The browsers that a user trusts.

use cardea_protocol::model::{MAX_TRUSTED_DEVICES, Subject, TrustedDevice};
use rusqlite::{Connection, Row, named_params};

use super::{
    audit,
    factors::with_factor,
    fault::Verb,
    rows::{self, Fields},
};
use crate::{TrustDevice, events};

/// The columns of [`read_device`].
macro_rules! device_select {
    () => {
        "SELECT d.device_key, u.subject, d.label, d.address, d.created_at, d.last_used_at, d.expires_at
         FROM trusted_devices d JOIN users u ON u.user_key = d.user_key "
    };
}
pub(super) use device_select;

pub(super) fn read_device(row: &Row<'_>) -> Verb<TrustedDevice> {
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

pub(super) fn trust(tx: &Connection, command: &TrustDevice) -> Verb<bool> {
    let Some(user) = with_factor(tx, &command.subject)? else {
        return Ok(false);
    };
    if let Some(before) = command.replaces {
        let sql = "DELETE FROM trusted_devices WHERE user_key = ? AND token_hash = ?";
        rows::execute(tx, sql, (user, before.as_bytes()))?;
    }
    rows::execute(
        tx,
        "INSERT INTO trusted_devices (user_key, token_hash, label, address, created_at, last_used_at, expires_at)
         VALUES (:user, :token, :label, :address, :now, :now, :expires)",
        named_params! {
            ":user": user,
            ":token": command.token.as_bytes(),
            ":label": command.label,
            ":address": command.address.map(|ip| ip.to_string()),
            ":now": command.cause.now.as_millisecond(),
            ":expires": command.expires_at.as_millisecond(),
        },
    )?;
    let sql = "DELETE FROM trusted_devices WHERE user_key = ?1 AND device_key NOT IN
                 (SELECT device_key FROM trusted_devices WHERE user_key = ?1 ORDER BY device_key DESC LIMIT ?2)";
    rows::execute(tx, sql, (user, MAX_TRUSTED_DEVICES))?;
    audit::record(tx, &command.cause, &events::device_trusted(command))?;
    Ok(true)
}

/// The browsers that a user trusts are forgotten with the known devices, see [`super::users::forget_devices`].
pub(super) fn forget_all_devices(tx: &Connection, subject: &Subject) -> Verb<u64> {
    let sql = "DELETE FROM trusted_devices WHERE user_key = (SELECT user_key FROM users WHERE subject = ?)";
    rows::execute(tx, sql, [subject.as_str()])
}
