//! Second factors.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, FactorLane, LastSeen, Subject, TrustedDevice};
use cardea_seal::Digest;
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    SqliteStore, audit, factor_attempts, factor_resets,
    fault::Verb,
    links, passkeys,
    rows::{self, Fields},
    sessions::session_alive,
    trusted_devices::{device_select, forget_all_devices, read_device, trust},
};
use crate::{
    AttemptFactor, EnrolTotp, FactorAttempt, FactorUse, FactorUsed, FactorView, Factors,
    ForgetDevice, RemoveFactors, ReplaceBackupCodes, Result, StepUpSession, StoreError, TotpView,
    TrustDevice, UseFactor, WhichFactors,
    events::{self, FAILURE_AUDIT_EVERY_MS, TOUCH_EVERY_MS},
};

/// The key of an enabled user.
const ENABLED: &str = "SELECT user_key FROM users WHERE subject = ? AND status = 'enabled'";
/// Whether a user has a factor that backup codes and trusted devices stand in for.
const HAS_FACTOR: &str =
    "SELECT 1 FROM credentials WHERE user_key = ? AND kind IN ('totp', 'passkey') LIMIT 1";

#[async_trait]
impl Factors for SqliteStore {
    async fn factors(&self, subject: &Subject) -> Result<FactorView> {
        self.read(|db| view(db, subject))
    }

    async fn attempt_factor(&self, command: AttemptFactor) -> Result<FactorAttempt> {
        self.write(move |tx| factor_attempts::begin(tx, &command))
            .await
    }

    async fn use_factor(&self, command: UseFactor) -> Result<Option<FactorUsed>> {
        self.write(move |tx| use_factor(tx, &command)).await
    }

    async fn record_factor_failure(&self, subject: Subject, cause: Cause) -> Result<()> {
        self.write(move |tx| {
            let sql = "UPDATE users SET factor_failure_audited_at = ?1
                       WHERE subject = ?2 AND (factor_failure_audited_at IS NULL OR factor_failure_audited_at <= ?1 - ?3)";
            let now = cause.now.as_millisecond();
            if rows::execute(tx, sql, (now, subject.as_str(), FAILURE_AUDIT_EVERY_MS))? == 1 {
                audit::record(tx, &cause, &events::factor_failed(&subject))?;
            }
            Ok(())
        })
        .await
    }

    async fn enrol_totp(&self, command: EnrolTotp) -> Result<bool> {
        self.write(move |tx| enrol(tx, &command)).await
    }

    async fn replace_backup_codes(&self, command: ReplaceBackupCodes) -> Result<bool> {
        self.write(move |tx| {
            let Some(user) = with_factor(tx, &command.subject)? else {
                return Ok(false);
            };
            put_backup_codes(tx, user, &command.backup_codes, command.cause.now)?;
            audit::record(
                tx,
                &command.cause,
                &events::backup_codes_made(&command.subject),
            )?;
            let notice = command.notice.as_ref();
            links::put_notice(tx, &command.subject, notice, &command.cause)?;
            Ok(true)
        })
        .await
    }

    async fn remove_factors(&self, command: RemoveFactors) -> Result<bool> {
        self.write(move |tx| remove(tx, &command)).await
    }

    async fn trust_device(&self, command: TrustDevice) -> Result<bool> {
        self.write(move |tx| trust(tx, &command)).await
    }

    async fn trusted_device(
        &self,
        subject: &Subject,
        token: Digest,
        now: Timestamp,
    ) -> Result<Option<TrustedDevice>> {
        let sql = concat!(
            device_select!(),
            "WHERE d.token_hash = ? AND u.subject = ? AND d.expires_at > ?"
        );
        let params = (token.as_bytes(), subject.as_str(), now.as_millisecond());
        self.read(|db| rows::first(db, sql, params, read_device))
    }

    async fn touch_trusted_device(
        &self,
        subject: Subject,
        token: Digest,
        seen: LastSeen,
        now: Timestamp,
    ) -> Result<()> {
        self.write(move |tx| {
            let sql = "UPDATE trusted_devices SET last_used_at = ?1, label = ?2, address = ?3
                       WHERE token_hash = ?4 AND user_key = (SELECT user_key FROM users WHERE subject = ?5)
                         AND (last_used_at < ?1 - ?6 OR label IS NOT ?2 OR address IS NOT ?3)";
            let params = (
                now.as_millisecond(),
                seen.user_agent.unwrap_or_default(),
                seen.address.map(|ip| ip.to_string()),
                token.as_bytes(),
                subject.as_str(),
                TOUCH_EVERY_MS,
            );
            rows::execute(tx, sql, params).map(drop)
        })
        .await
    }

    async fn trusted_devices(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Vec<TrustedDevice>> {
        let sql = concat!(
            device_select!(),
            "WHERE u.subject = ? AND d.expires_at > ? ORDER BY d.device_key DESC"
        );
        let params = (subject.as_str(), now.as_millisecond());
        self.read(|db| rows::all(db, sql, params, read_device))
    }

    async fn forget_device(&self, command: ForgetDevice) -> Result<u64> {
        self.write(move |tx| {
            let sql = "DELETE FROM trusted_devices WHERE user_key = (SELECT user_key FROM users WHERE subject = ?1)
                         AND (?2 IS NULL OR device_key = ?2)";
            let forgotten = rows::execute(tx, sql, (command.subject.as_str(), command.id))?;
            if forgotten > 0 {
                let entry = events::device_forgotten(&command, forgotten);
                audit::record(tx, &command.cause, &entry)?;
            }
            Ok(forgotten)
        })
        .await
    }
}

fn view(db: &Connection, subject: &Subject) -> Verb<FactorView> {
    let sql = "SELECT c.kind, c.created_at, c.last_used_at FROM credentials c JOIN users u ON u.user_key = c.user_key
               WHERE u.subject = ? AND c.kind IN ('totp', 'backup_code')";
    let found = rows::all(db, sql, [subject.as_str()], |row| {
        let mut f = Fields::new(row, "credentials", 0);
        let kind: String = f.get("kind")?;
        let totp = TotpView {
            created_at: f.time("created_at")?,
            last_used_at: f.time_opt("last_used_at")?,
        };
        Ok((kind == "totp").then_some(totp))
    })?;
    Ok(FactorView {
        totp: found.iter().find_map(|totp| *totp),
        passkeys: passkeys::of_user(db, subject)?,
        backup_codes: count(found.iter().filter(|totp| totp.is_none()).count()),
    })
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn use_factor(tx: &Connection, command: &UseFactor) -> Verb<Option<FactorUsed>> {
    let Some(user) = rows::value::<i64>(tx, ENABLED, [command.subject.as_str()])? else {
        return Ok(None);
    };
    let used = match &command.factor {
        FactorUse::Totp { step, set_at } => {
            // RFC 6238 §5.2: the verifier must not accept the second attempt of the same code.
            let sql = "UPDATE credentials SET used = ?2, last_used_at = ?3
                       WHERE user_key = ?1 AND kind = 'totp' AND created_at = ?4 AND used < ?2";
            let now = command.cause.now.as_millisecond();
            rows::execute(tx, sql, (user, step.0, now, set_at.as_millisecond()))?
        }
        FactorUse::BackupCode(tag) => {
            let sql =
                "DELETE FROM credentials WHERE user_key = ? AND kind = 'backup_code' AND id = ?";
            rows::execute(tx, sql, (user, tag.to_text()))?
        }
    };
    if used == 0 {
        return Ok(None);
    }
    factor_attempts::forget(tx, user, &[command.lane])?;
    let sql = "SELECT count(*) FROM credentials WHERE user_key = ? AND kind = 'backup_code'";
    let backup_codes: u32 = rows::value(tx, sql, [user])?.unwrap_or_default();
    // Whoever still has a factor needs no reset, and did not ask for it.
    factor_resets::cancel(tx, &command.subject, &command.cause)?;
    if let FactorUse::BackupCode(_) = command.factor {
        let entry = events::backup_code_used(&command.subject, backup_codes);
        audit::record(tx, &command.cause, &entry)?;
    }
    Ok(Some(FactorUsed { backup_codes }))
}

fn enrol(tx: &Connection, command: &EnrolTotp) -> Verb<bool> {
    let sql = "INSERT INTO credentials (user_key, kind, id, secret, used, created_at)
               SELECT user_key, 'totp', '', :secret, :step, :now FROM users WHERE subject = :subject AND status = 'enabled'
                 AND (NOT :first OR NOT EXISTS
                   (SELECT 1 FROM credentials c WHERE c.user_key = users.user_key AND c.kind IN ('totp', 'passkey')))
               ON CONFLICT DO NOTHING";
    let params = named_params! {
        ":subject": command.subject.as_str(),
        ":secret": command.sealed.expose(),
        ":step": command.step.0,
        ":first": command.first,
        ":now": command.cause.now.as_millisecond(),
    };
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(false);
    }
    factor_resets::cancel(tx, &command.subject, &command.cause)?;
    audit::record(tx, &command.cause, &events::totp_added(&command.subject))?;
    let notice = command.notice.as_ref();
    links::put_notice(tx, &command.subject, notice, &command.cause)?;
    let Some(user) = rows::value(tx, ENABLED, [command.subject.as_str()])? else {
        return Err(StoreError::rejected("the user has just been read").into());
    };
    if !command.backup_codes.is_empty() {
        put_backup_codes(tx, user, &command.backup_codes, command.cause.now)?;
        audit::record(
            tx,
            &command.cause,
            &events::backup_codes_made(&command.subject),
        )?;
    }
    Ok(true)
}

fn put_backup_codes(tx: &Connection, user: i64, codes: &[Digest], now: Timestamp) -> Verb<()> {
    let sql = "DELETE FROM credentials WHERE user_key = ? AND kind = 'backup_code'";
    rows::execute(tx, sql, [user])?;
    for tag in codes {
        let sql = "INSERT INTO credentials (user_key, kind, id, created_at) VALUES (?, 'backup_code', ?, ?)";
        rows::execute(tx, sql, (user, tag.to_text(), now.as_millisecond()))?;
    }
    Ok(())
}

/// The backup codes that come with a passkey. `false` when the user has some.
pub(super) fn put_first_backup_codes(
    tx: &Connection,
    subject: &Subject,
    codes: &[Digest],
    cause: &Cause,
) -> Verb<bool> {
    let sql = "SELECT u.user_key FROM users u WHERE u.subject = ? AND NOT EXISTS
                 (SELECT 1 FROM credentials c WHERE c.user_key = u.user_key AND c.kind = 'backup_code')";
    let Some(user) = rows::value::<i64>(tx, sql, [subject.as_str()])? else {
        return Ok(false);
    };
    put_backup_codes(tx, user, codes, cause.now)?;
    audit::record(tx, cause, &events::backup_codes_made(subject))?;
    Ok(true)
}

/// The key of an enabled user who has a second factor.
pub(super) fn with_factor(tx: &Connection, subject: &Subject) -> Verb<Option<i64>> {
    let Some(user) = rows::value::<i64>(tx, ENABLED, [subject.as_str()])? else {
        return Ok(None);
    };
    let has: Option<i64> = rows::value(tx, HAS_FACTOR, [user])?;
    Ok(has.map(|_| user))
}

pub(super) fn remove(tx: &Connection, command: &RemoveFactors) -> Verb<bool> {
    let sql = "SELECT user_key FROM users WHERE subject = ?";
    let Some(user) = rows::value::<i64>(tx, sql, [command.subject.as_str()])? else {
        return Ok(false);
    };
    let sql = match command.which {
        WhichFactors::Totp => "DELETE FROM credentials WHERE user_key = ? AND kind = 'totp'",
        WhichFactors::All => {
            "DELETE FROM credentials WHERE user_key = ? AND kind IN ('totp', 'passkey', 'backup_code')"
        }
    };
    if rows::execute(tx, sql, [user])? == 0 {
        return Ok(false);
    }
    after_removal(tx, user, &command.subject, &command.cause)?;
    let entry = events::factors_removed(&command.subject, command.which);
    audit::record(tx, &command.cause, &entry)?;
    let notice = command.notice.as_ref();
    links::put_notice(tx, &command.subject, notice, &command.cause)?;
    Ok(true)
}

/// Without a second factor, backup codes and trusted devices stand in for nothing.
pub(super) fn after_removal(
    tx: &Connection,
    user: i64,
    subject: &Subject,
    cause: &Cause,
) -> Verb<()> {
    let left: Option<i64> = rows::value(tx, HAS_FACTOR, [user])?;
    if left.is_some() {
        return Ok(());
    }
    let sql = "DELETE FROM credentials WHERE user_key = ? AND kind = 'backup_code'";
    rows::execute(tx, sql, [user])?;
    forget_all_devices(tx, subject)?;
    factor_resets::cancel(tx, subject, cause)?;
    factor_attempts::forget(tx, user, &[FactorLane::Known, FactorLane::Others])
}

/// Adds a second factor to a session, see [`crate::Sessions::step_up_session`].
pub(super) fn step_up(tx: &Connection, command: &StepUpSession) -> Verb<bool> {
    let sql = concat!(
        "UPDATE sessions AS s SET cookie_hash = :new, auth_time = :auth_time, acr = :acr, amr = :amr, last_seen_at = :now
         WHERE s.cookie_hash = :id
           AND s.user_key = (SELECT user_key FROM users WHERE subject = :subject AND status = 'enabled') AND ",
        session_alive!()
    );
    let context = &command.context;
    let params = named_params! {
        ":id": command.id.0.as_bytes(),
        ":new": command.new_id.0.as_bytes(),
        ":subject": command.subject.as_str(),
        ":auth_time": context.auth_time.as_millisecond(),
        ":acr": context.acr,
        ":amr": rows::to_json(&context.amr)?,
        ":now": command.cause.now.as_millisecond(),
    };
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(false);
    }
    audit::record(tx, &command.cause, &events::stepped_up(command))?;
    Ok(true)
}
