//! Verifies the code of a second factor.

use cardea_protocol::{
    backup_code::BackupCode,
    journey::Authenticator,
    model::{Actor, FactorLane, Subject, User},
    totp::TotpSecret,
};
use cardea_seal::Secret;
use cardea_store::{AttemptFactor, FactorAttempt, FactorUse, TotpCredential, UseFactor};

use super::page::FactorProblem;
use crate::{ctx::Ctx, error::Failure, error_page::page::PageError, journey::known_device};

/// What a code was.
pub(super) enum Outcome {
    /// It counts, now and never again.
    Right {
        authenticator: Authenticator,
        /// How many backup codes are left, after one was used.
        backup_codes: Option<u32>,
    },
    Wrong(FactorProblem),
    /// No code is accepted for so many seconds.
    Locked(u64),
}

/// Checks a typed code: of the authenticator app, else a backup code. The attempt is counted before it is checked.
pub(super) async fn code(ctx: &Ctx, user: &User, typed: &str) -> Result<Outcome, Failure> {
    if typed.trim().is_empty() {
        return Ok(Outcome::Wrong(FactorProblem::NoCode));
    }
    let (store, subject) = (&ctx.app.store, &user.subject);
    let lane = match known_device::has_proved_factor(ctx, user) {
        true => FactorLane::Known,
        false => FactorLane::Others,
    };
    let cause = ctx.caller.cause(Actor::Person(subject.clone()));
    let attempt = AttemptFactor {
        subject: subject.clone(),
        lane,
        cause: cause.clone(),
    };
    let totp = match store.attempt_factor(attempt).await? {
        FactorAttempt::Begun { totp } => totp,
        FactorAttempt::Locked(until) => {
            count("limited");
            let wait = until.duration_since(ctx.caller.now).as_secs();
            return Ok(Outcome::Locked(u64::try_from(wait).unwrap_or(1).max(1)));
        }
        FactorAttempt::NoUser => {
            let cause = "the user was disabled or removed since the first factor";
            return Err(Failure::page(PageError::TooLate, cause));
        }
    };
    if let Some((factor, authenticator)) = read(ctx, subject, totp.as_ref(), typed)? {
        let command = UseFactor {
            subject: subject.clone(),
            lane,
            factor,
            cause: cause.clone(),
        };
        if let Some(used) = store.use_factor(command).await? {
            count("ok");
            let backup = authenticator == Authenticator::BackupCode;
            return Ok(Outcome::Right {
                authenticator,
                backup_codes: backup.then_some(used.backup_codes),
            });
        }
    }
    count("refused");
    store.record_factor_failure(subject.clone(), cause).await?;
    let address = ctx.caller.address.map(|a| tracing::field::display(a.ip));
    tracing::info!(request_id = %ctx.caller.request_id, subject = subject.as_str(), address, "second factor refused");
    Ok(Outcome::Wrong(FactorProblem::WrongCode))
}

fn count(outcome: &'static str) {
    metrics::counter!(cardea_web::metric_names::SECOND_FACTORS, "outcome" => outcome).increment(1);
}

/// What a typed code could be. Whether it counts is decided by the store.
fn read(
    ctx: &Ctx,
    subject: &Subject,
    totp: Option<&TotpCredential>,
    typed: &str,
) -> Result<Option<(FactorUse, Authenticator)>, Failure> {
    if let Some(backup) = BackupCode::parse(typed) {
        let tag = backup.tag(&ctx.app.backup_code_mac, subject);
        let code = FactorUse::BackupCode(tag);
        return Ok(Some((code, Authenticator::BackupCode)));
    }
    let Some(totp) = totp else {
        return Ok(None);
    };
    let step = open(ctx, subject, &totp.sealed)?.step_of(typed, ctx.caller.now);
    Ok(step.map(|step| {
        let set_at = totp.set_at;
        (FactorUse::Totp { step, set_at }, Authenticator::Totp)
    }))
}

fn open(ctx: &Ctx, subject: &Subject, sealed: &Secret<String>) -> Result<TotpSecret, Failure> {
    let context = subject.as_str().as_bytes();
    let opened = ctx.app.seals.totp.open_text(sealed.expose(), context);
    let opened = opened.map_err(|e| Failure::Internal(format!("the secret of TOTP: {e}")))?;
    TotpSecret::from_slice(opened.expose())
        .ok_or_else(|| Failure::Internal("the secret of TOTP has another length".to_owned()))
}
