//! The second factors of a user: show, reset.

use axum::{Json, extract::State};
use cardea_protocol::{
    factor_reset::takes_effect_at,
    mail::MailTemplate,
    model::{Subject, User},
};
use cardea_store::{RequestFactorReset, ResetFactors, ResetWhen};

use super::{
    operator::Operator,
    refusal::{Answer, Refusal},
    request::{Asked, Name},
    types::{Factors as View, ResetQuery},
    users::find,
};
use crate::{app::Shared, factor_reset::notice};

/// `GET /users/{user}/factors`
#[utoipa::path(
    get,
    operation_id = "users_factors",
    path = "/users/{user}/factors",
    summary = "Show the second factors of a user",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject.")),
    responses(
        (status = 200, description = "The second factors.", body = View),
    ),
)]
pub(super) async fn show(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
) -> Answer<Json<View>> {
    let user = find(&app, &user).await?;
    view(&app, &operator, &user.subject).await
}

/// `DELETE /users/{user}/factors`: after `mfa.reset_delay` if that is set, or now with `?now=true`.
#[utoipa::path(
    delete,
    operation_id = "users_reset_factors",
    path = "/users/{user}/factors",
    summary = "Remove all second factors, backup codes and trusted devices of a user",
    description = "With `mfa.reset_delay` they are removed after it, unless a sign-in with one of them cancels that.",
    params(("user" = String, Path, description = "The user name or the subject."), ResetQuery),
    responses(
        (status = 200, description = "There are none left, or `reset_from` says when they are removed.", body = View),
    ),
)]
pub(super) async fn reset(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Asked(query): Asked<ResetQuery>,
) -> Answer<Json<View>> {
    let user = find(&app, &user).await?;
    let delay = app.settings.factor_reset_delay;
    match takes_effect_at(operator.now(), delay, query.now) {
        None => {
            let command = ResetFactors {
                mail: notice(&app, &user, MailTemplate::FactorsReset),
                subject: user.subject.clone(),
                when: ResetWhen::Now,
                cause: operator.cause().clone(),
            };
            app.store.reset_factors(command).await?;
        }
        Some(from) => {
            let mail = notice(&app, &user, MailTemplate::FactorResetRequested);
            let command = RequestFactorReset {
                subject: user.subject.clone(),
                from,
                link: None,
                mail: mail.map(|mail| mail.at(from)),
                cause: operator.cause().clone(),
            };
            if !app.store.request_factor_reset(command).await? {
                return Err(without_factor(&user));
            }
        }
    }
    app.mail.wake();
    view(&app, &operator, &user.subject).await
}

/// `DELETE /users/{user}/factors/reset`
#[utoipa::path(
    delete,
    operation_id = "users_cancel_factor_reset",
    path = "/users/{user}/factors/reset",
    summary = "Cancel the pending reset of a user's second factors",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject.")),
    responses(
        (status = 200, description = "The second factors, without a pending reset.", body = View),
    ),
)]
pub(super) async fn cancel(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
) -> Answer<Json<View>> {
    let user = find(&app, &user).await?;
    let subject = user.subject.clone();
    let cause = operator.cause().clone();
    if !app.store.cancel_factor_reset(subject, cause).await? {
        let name = &user.username;
        return Err(Refusal::conflict(format!(
            "No reset of the second factors of {name} is pending."
        )));
    }
    view(&app, &operator, &user.subject).await
}

pub(super) fn without_factor(user: &User) -> Refusal {
    Refusal::conflict(format!("{} has no second factor.", user.username))
}

async fn view(app: &Shared, operator: &Operator, subject: &Subject) -> Answer<Json<View>> {
    let now = operator.now();
    let found = app.store.factors(subject).await?;
    let devices = app.store.trusted_devices(subject, now).await?;
    let pending = app.store.pending_factor_reset(subject, now).await?;
    Ok(Json(View {
        totp: found.totp.is_some(),
        totp_created_at: found.totp.map(|totp| totp.created_at),
        totp_last_used_at: found.totp.and_then(|totp| totp.last_used_at),
        passkeys: count(found.passkeys.len()),
        backup_codes: found.backup_codes,
        trusted_devices: count(devices.len()),
        reset_from: pending.map(|pending| pending.from),
        reset_link_expires_at: pending.and_then(|pending| pending.link_expires_at),
    }))
}

/// Both lists are bounded by the store.
fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
