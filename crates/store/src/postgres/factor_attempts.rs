//! The attempts at a second factor, counted before they are checked.

use cardea_protocol::model::{FactorFailures, FactorLane};
use cardea_seal::Secret;

use super::{
    connection::Connection,
    fault::Verb,
    rows::{self, Fields},
    statement::params,
};
use crate::{AttemptFactor, FactorAttempt, TotpCredential};

/// A statement with the columns in which a lane is counted.
macro_rules! of_lane {
    ($lane:expr, $statement:ident) => {
        match $lane {
            FactorLane::Known => {
                $statement!("failed_factors_known", "last_factor_failure_known_at")
            }
            FactorLane::Others => $statement!("failed_factors", "last_factor_failure_at"),
        }
    };
}

macro_rules! failures {
    ($count:literal, $last:literal) => {
        concat!(
            "SELECT u.user_key, u.",
            $count,
            " AS failures, u.",
            $last,
            " AS last_failure_at, c.secret, c.created_at
             FROM users u LEFT JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'totp'
             WHERE u.subject = :subject AND u.status = 'enabled' FOR NO KEY UPDATE OF u"
        )
    };
}

macro_rules! count {
    ($count:literal, $last:literal) => {
        concat!(
            "UPDATE users SET ",
            $count,
            " = least(",
            $count,
            " + 1, 1000000), ",
            $last,
            " = :now WHERE user_key = :user"
        )
    };
}

macro_rules! reset {
    ($count:literal, $last:literal) => {
        concat!(
            "UPDATE users SET ",
            $count,
            " = 0, ",
            $last,
            " = NULL WHERE user_key = :user"
        )
    };
}

/// Counts an attempt, unless its lane has to wait.
pub(super) async fn begin(db: &Connection, command: &AttemptFactor) -> Verb<FactorAttempt> {
    // After a wait for the lock, the failures are those of now. The app may be one that was replaced meanwhile: its codes count for
    // nothing, see `use_factor`.
    let sql = of_lane!(command.lane, failures);
    let params = params! { ":subject": command.subject.as_str() };
    let found = rows::first(db, sql, params, |row| {
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
    });
    let Some((user, failures, totp)) = found.await? else {
        return Ok(FactorAttempt::NoUser);
    };
    let now = command.cause.now;
    if let Some(until) = failures.locked(now) {
        return Ok(FactorAttempt::Locked(until));
    }
    let sql = of_lane!(command.lane, count);
    let params = params! { ":user": user, ":now": now.as_millisecond() };
    rows::execute(db, sql, params).await?;
    Ok(FactorAttempt::Begun { totp })
}

/// Forgets the failed attempts of these lanes.
pub(super) async fn forget(db: &Connection, user: i64, lanes: &[FactorLane]) -> Verb<()> {
    for lane in lanes {
        let sql = of_lane!(lane, reset);
        rows::execute(db, sql, params! { ":user": user }).await?;
    }
    Ok(())
}
