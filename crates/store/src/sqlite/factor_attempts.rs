//! The attempts at a second factor, counted before they are checked.

use cardea_protocol::model::{FactorFailures, FactorLane};
use cardea_seal::Secret;
use rusqlite::Connection;

use super::{
    fault::Verb,
    rows::{self, Fields},
};
use crate::{AttemptFactor, FactorAttempt, TotpCredential};

/// The columns in which a lane is counted.
fn columns(lane: FactorLane) -> (&'static str, &'static str) {
    match lane {
        FactorLane::Known => ("failed_factors_known", "last_factor_failure_known_at"),
        FactorLane::Others => ("failed_factors", "last_factor_failure_at"),
    }
}

/// Counts an attempt, unless its lane has to wait.
pub(super) fn begin(tx: &Connection, command: &AttemptFactor) -> Verb<FactorAttempt> {
    let (count, last) = columns(command.lane);
    let sql = format!(
        "SELECT u.user_key, u.{count} AS failures, u.{last} AS last_failure_at, c.secret, c.created_at
         FROM users u LEFT JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'totp'
         WHERE u.subject = ? AND u.status = 'enabled'"
    );
    let found = rows::first(tx, &sql, [command.subject.as_str()], |row| {
        let mut f = Fields::new(row, "users", 0);
        let user: i64 = f.get("user_key")?;
        let failures = FactorFailures {
            count: f.get("failures")?,
            last_at: f.time_opt("last_failure_at")?,
        };
        let secret: Option<String> = f.get("secret")?;
        let set_at = f.time_opt("created_at")?;
        let totp = secret.zip(set_at).map(|(secret, set_at)| TotpCredential {
            sealed: Secret::new(secret),
            set_at,
        });
        Ok((user, failures, totp))
    })?;
    let Some((user, failures, totp)) = found else {
        return Ok(FactorAttempt::NoUser);
    };
    let now = command.cause.now;
    if let Some(until) = failures.locked(now) {
        return Ok(FactorAttempt::Locked(until));
    }
    let sql = format!(
        "UPDATE users SET {count} = min({count} + 1, 1000000), {last} = ? WHERE user_key = ? AND {count} = ?"
    );
    let params = (now.as_millisecond(), user, failures.count);
    match rows::execute(tx, &sql, params)? {
        1 => Ok(FactorAttempt::Begun { totp }),
        _ => Ok(FactorAttempt::Locked(now)),
    }
}

/// Forgets the failed attempts of these lanes.
pub(super) fn forget(tx: &Connection, user: i64, lanes: &[FactorLane]) -> Verb<()> {
    for lane in lanes {
        let (count, last) = columns(*lane);
        let sql = format!("UPDATE users SET {count} = 0, {last} = NULL WHERE user_key = ?");
        rows::execute(tx, &sql, [user])?;
    }
    Ok(())
}
