//! Second factors.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, FactorLane, LastSeen, Subject, TrustedDevice};
use cardea_seal::Digest;
use jiff::Timestamp;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, statement, transaction},
    factor_attempts, factor_resets,
    fault::Verb,
    links, passkeys,
    rows::{self, Fields},
    sessions::session_alive,
    statement::params,
    trusted_devices, users,
};
use crate::{
    AttemptFactor, EnrolTotp, FactorAttempt, FactorUse, FactorUsed, FactorView, Factors,
    ForgetDevice, RemoveFactors, ReplaceBackupCodes, Result, StepUpSession, TotpView, TrustDevice,
    UseFactor, WhichFactors,
    events::{self, FAILURE_AUDIT_EVERY_MS},
};

#[async_trait]
impl Factors for PostgresStore {
    async fn factors(&self, subject: &Subject) -> Result<FactorView> {
        read!(self, db => view(&db, subject))
    }

    async fn attempt_factor(&self, command: AttemptFactor) -> Result<FactorAttempt> {
        transaction!(self, db => factor_attempts::begin(&db, &command))
    }

    async fn use_factor(&self, command: UseFactor) -> Result<Option<FactorUsed>> {
        transaction!(self, db => use_factor(&db, &command))
    }

    async fn record_factor_failure(&self, subject: Subject, cause: Cause) -> Result<()> {
        transaction!(self, db => record_failure(&db, &subject, &cause))
    }

    async fn enrol_totp(&self, command: EnrolTotp) -> Result<bool> {
        transaction!(self, db => enrol(&db, &command))
    }

    async fn replace_backup_codes(&self, command: ReplaceBackupCodes) -> Result<bool> {
        transaction!(self, db => replace_backup_codes(&db, &command))
    }

    async fn remove_factors(&self, command: RemoveFactors) -> Result<bool> {
        transaction!(self, db => remove(&db, &command))
    }

    async fn trust_device(&self, command: TrustDevice) -> Result<bool> {
        transaction!(self, db => trusted_devices::trust(&db, &command))
    }

    async fn trusted_device(
        &self,
        subject: &Subject,
        token: Digest,
        now: Timestamp,
    ) -> Result<Option<TrustedDevice>> {
        read!(self, db => trusted_devices::find(&db, subject, token, now))
    }

    async fn touch_trusted_device(
        &self,
        subject: Subject,
        token: Digest,
        seen: LastSeen,
        now: Timestamp,
    ) -> Result<()> {
        statement!(self, db => trusted_devices::touch(&db, &subject, token, &seen, now))
    }

    async fn trusted_devices(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Vec<TrustedDevice>> {
        read!(self, db => trusted_devices::of_user(&db, subject, now))
    }

    async fn forget_device(&self, command: ForgetDevice) -> Result<u64> {
        transaction!(self, db => trusted_devices::forget(&db, &command))
    }
}

async fn view(db: &Connection, subject: &Subject) -> Verb<FactorView> {
    // One statement: a user who changes from one factor to another must at no time seem to have none.
    let sql = "SELECT c.kind, c.created_at, c.last_used_at, c.id, c.label, c.data
               FROM credentials c JOIN users u ON u.user_key = c.user_key
               WHERE u.subject = :subject AND c.kind IN ('totp', 'backup_code', 'passkey')
               ORDER BY c.created_at, c.id";
    let params = params! { ":subject": subject.as_str() };
    let mut view = FactorView::default();
    let found = rows::all(db, sql, params, |row| {
        let mut f = Fields::new(row, "credentials", 0);
        let kind: String = f.get("kind")?;
        let times = TotpView {
            created_at: f.time("created_at")?,
            last_used_at: f.time_opt("last_used_at")?,
        };
        match kind.as_str() {
            "totp" => view.totp = Some(times),
            "passkey" => view.passkeys.push(passkeys::view(&mut f, times)?),
            _ => view.backup_codes = view.backup_codes.saturating_add(1),
        }
        Ok(())
    });
    found.await?;
    Ok(view)
}

/// Locks an enabled user; the key. All that is done with the factors of one user is done one after the other.
pub(super) async fn lock_enabled(db: &Connection, subject: &Subject) -> Verb<Option<i64>> {
    let sql = "SELECT user_key FROM users WHERE subject = :subject AND status = 'enabled' FOR NO KEY UPDATE";
    rows::value(db, sql, params! { ":subject": subject.as_str() }).await
}

/// Whether a user has a factor that backup codes and trusted devices stand in for.
async fn has_factor(db: &Connection, user: i64) -> Verb<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM credentials WHERE user_key = :user AND kind IN ('totp', 'passkey'))";
    let has: Option<bool> = rows::value(db, sql, params! { ":user": user }).await?;
    Ok(has == Some(true))
}

/// Uses what was proved; how many backup codes are left then. The statement sees the codes as they were before it.
macro_rules! proved {
    ($write:literal, $left:literal) => {
        concat!(
            "WITH proved AS (",
            $write,
            " RETURNING user_key)
             SELECT (SELECT count(*) FROM credentials c
                     WHERE c.user_key = proved.user_key AND c.kind = 'backup_code' AND ",
            $left,
            ") AS backup_codes FROM proved"
        )
    };
}

async fn use_factor(db: &Connection, command: &UseFactor) -> Verb<Option<FactorUsed>> {
    let Some(user) = lock_enabled(db, &command.subject).await? else {
        return Ok(None);
    };
    let left: Option<u32> = match &command.factor {
        FactorUse::Totp { step, set_at } => {
            // RFC 6238 §5.2: the verifier must not accept the second attempt of the same code.
            let sql = proved!(
                "UPDATE credentials SET used = :step, last_used_at = :now
                 WHERE user_key = :user AND kind = 'totp' AND created_at = :set_at AND used < :step",
                "TRUE"
            );
            let params = params! {
                ":user": user,
                ":step": step.0,
                ":now": command.cause.now.as_millisecond(),
                ":set_at": set_at.as_millisecond(),
            };
            rows::value(db, sql, params).await?
        }
        FactorUse::BackupCode(tag) => {
            let sql = proved!(
                "DELETE FROM credentials WHERE user_key = :user AND kind = 'backup_code' AND id = :tag",
                "c.id <> :tag"
            );
            rows::value(db, sql, params! { ":user": user, ":tag": tag.to_text() }).await?
        }
    };
    let Some(backup_codes) = left else {
        return Ok(None);
    };
    factor_attempts::forget(db, user, &[command.lane]).await?;
    // Whoever still has a factor needs no reset, and did not ask for it.
    factor_resets::cancel(db, &command.subject, &command.cause).await?;
    if let FactorUse::BackupCode(_) = command.factor {
        let entry = events::backup_code_used(&command.subject, backup_codes);
        audit::record(db, &command.cause, &entry).await?;
    }
    Ok(Some(FactorUsed { backup_codes }))
}

async fn record_failure(db: &Connection, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql = "UPDATE users SET factor_failure_audited_at = :now
               WHERE subject = :subject
                 AND (factor_failure_audited_at IS NULL OR factor_failure_audited_at <= :now - :every)";
    let params = params! {
        ":now": cause.now.as_millisecond(),
        ":subject": subject.as_str(),
        ":every": FAILURE_AUDIT_EVERY_MS,
    };
    if rows::execute(db, sql, params).await? == 1 {
        audit::record(db, cause, &events::factor_failed(subject)).await?;
    }
    Ok(())
}

async fn enrol(db: &Connection, command: &EnrolTotp) -> Verb<bool> {
    let EnrolTotp {
        subject,
        backup_codes,
        notice,
        cause,
        ..
    } = command;
    let Some(user) = lock_enabled(db, subject).await? else {
        return Ok(false);
    };
    let sql = "INSERT INTO credentials (user_key, kind, id, secret, used, created_at)
               SELECT :user, 'totp', '', :secret, :step, :now
               WHERE NOT :first OR NOT EXISTS
                 (SELECT 1 FROM credentials c WHERE c.user_key = :user AND c.kind IN ('totp', 'passkey'))
               ON CONFLICT DO NOTHING";
    let params = params! {
        ":user": user,
        ":secret": command.sealed.expose(),
        ":step": command.step.0,
        ":first": command.first,
        ":now": cause.now.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    factor_resets::cancel(db, subject, cause).await?;
    audit::record(db, cause, &events::totp_added(subject)).await?;
    links::put_notice(db, subject, notice.as_ref(), cause).await?;
    if !backup_codes.is_empty() {
        put_backup_codes(db, user, backup_codes, cause.now).await?;
        audit::record(db, cause, &events::backup_codes_made(subject)).await?;
    }
    Ok(true)
}

async fn replace_backup_codes(db: &Connection, command: &ReplaceBackupCodes) -> Verb<bool> {
    let ReplaceBackupCodes {
        subject,
        backup_codes,
        notice,
        cause,
    } = command;
    let Some(user) = with_factor(db, subject).await? else {
        return Ok(false);
    };
    put_backup_codes(db, user, backup_codes, cause.now).await?;
    audit::record(db, cause, &events::backup_codes_made(subject)).await?;
    links::put_notice(db, subject, notice.as_ref(), cause).await?;
    Ok(true)
}

async fn put_backup_codes(
    db: &Connection,
    user: i64,
    codes: &[Digest],
    now: Timestamp,
) -> Verb<()> {
    let sql = "DELETE FROM credentials WHERE user_key = :user AND kind = 'backup_code'";
    rows::execute(db, sql, params! { ":user": user }).await?;
    let sql = "INSERT INTO credentials (user_key, kind, id, created_at)
               SELECT :user, 'backup_code', codes.code, :now FROM unnest(:codes) AS codes (code)";
    let codes: Vec<String> = codes.iter().map(Digest::to_text).collect();
    let params = params! { ":user": user, ":now": now.as_millisecond(), ":codes": codes };
    rows::execute(db, sql, params).await.map(drop)
}

/// The backup codes that come with a passkey, whose user is locked. `false` when the user has some.
pub(super) async fn put_first_backup_codes(
    db: &Connection,
    subject: &Subject,
    codes: &[Digest],
    cause: &Cause,
) -> Verb<bool> {
    let sql = "SELECT u.user_key FROM users u WHERE u.subject = :subject AND NOT EXISTS
                 (SELECT 1 FROM credentials c WHERE c.user_key = u.user_key AND c.kind = 'backup_code')";
    let params = params! { ":subject": subject.as_str() };
    let Some(user) = rows::value::<i64>(db, sql, params).await? else {
        return Ok(false);
    };
    put_backup_codes(db, user, codes, cause.now).await?;
    audit::record(db, cause, &events::backup_codes_made(subject)).await?;
    Ok(true)
}

/// Locks an enabled user who has a second factor; the key.
pub(super) async fn with_factor(db: &Connection, subject: &Subject) -> Verb<Option<i64>> {
    let Some(user) = lock_enabled(db, subject).await? else {
        return Ok(None);
    };
    // Not in the statement that locks: after it has waited, it would see the factors as they were before.
    Ok(has_factor(db, user).await?.then_some(user))
}

pub(super) async fn remove(db: &Connection, command: &RemoveFactors) -> Verb<bool> {
    let RemoveFactors {
        subject,
        which,
        notice,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    let sql = match which {
        WhichFactors::Totp => "DELETE FROM credentials WHERE user_key = :user AND kind = 'totp'",
        WhichFactors::All => {
            "DELETE FROM credentials WHERE user_key = :user AND kind IN ('totp', 'passkey', 'backup_code')"
        }
    };
    if rows::execute(db, sql, params! { ":user": user }).await? == 0 {
        return Ok(false);
    }
    after_removal(db, user, subject, cause).await?;
    let entry = events::factors_removed(subject, *which);
    audit::record(db, cause, &entry).await?;
    links::put_notice(db, subject, notice.as_ref(), cause).await?;
    Ok(true)
}

/// Without a second factor, backup codes and trusted devices stand in for nothing. The user is locked.
pub(super) async fn after_removal(
    db: &Connection,
    user: i64,
    subject: &Subject,
    cause: &Cause,
) -> Verb<()> {
    if has_factor(db, user).await? {
        return Ok(());
    }
    let sql = "DELETE FROM credentials WHERE user_key = :user AND kind = 'backup_code'";
    rows::execute(db, sql, params! { ":user": user }).await?;
    trusted_devices::forget_all_devices(db, subject).await?;
    factor_resets::cancel(db, subject, cause).await?;
    factor_attempts::forget(db, user, &[FactorLane::Known, FactorLane::Others]).await
}

/// Adds a second factor to a session, see [`crate::Sessions::step_up_session`].
pub(super) async fn step_up(db: &Connection, command: &StepUpSession) -> Verb<bool> {
    let Some(user) = lock_enabled(db, &command.subject).await? else {
        return Ok(false);
    };
    let sql = concat!(
        "UPDATE sessions AS s SET cookie_hash = :new, auth_time = :auth_time, acr = :acr, amr = :amr, last_seen_at = :now
         WHERE s.cookie_hash = :id AND s.user_key = :user AND ",
        session_alive!()
    );
    let context = &command.context;
    let params = params! {
        ":id": command.id.0.as_bytes(),
        ":new": command.new_id.0.as_bytes(),
        ":user": user,
        ":auth_time": context.auth_time.as_millisecond(),
        ":acr": &context.acr,
        ":amr": rows::to_json(&context.amr)?,
        ":now": command.cause.now.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    audit::record(db, &command.cause, &events::stepped_up(command)).await?;
    Ok(true)
}
