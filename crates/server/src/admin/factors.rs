//! The second factors of a user: show, reset.

use axum::{Json, extract::State};
use cardea_protocol::model::Subject;
use cardea_store::{RemoveFactors, WhichFactors};

use super::{
    operator::Operator, refusal::Answer, request::Name, types::Factors as View, users::find,
};
use crate::app::Shared;

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

/// `DELETE /users/{user}/factors`
#[utoipa::path(
    delete,
    operation_id = "users_reset_factors",
    path = "/users/{user}/factors",
    summary = "Remove all second factors, backup codes and trusted devices of a user",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject.")),
    responses(
        (status = 200, description = "There are none left.", body = View),
    ),
)]
pub(super) async fn reset(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
) -> Answer<Json<View>> {
    let user = find(&app, &user).await?;
    let command = RemoveFactors {
        subject: user.subject.clone(),
        which: WhichFactors::All,
        cause: operator.cause().clone(),
    };
    app.store.remove_factors(command).await?;
    view(&app, &operator, &user.subject).await
}

async fn view(app: &Shared, operator: &Operator, subject: &Subject) -> Answer<Json<View>> {
    let found = app.store.factors(subject).await?;
    let devices = app.store.trusted_devices(subject, operator.now()).await?;
    Ok(Json(View {
        totp: found.totp.is_some(),
        totp_created_at: found.totp.map(|totp| totp.created_at),
        totp_last_used_at: found.totp.and_then(|totp| totp.last_used_at),
        backup_codes: found.backup_codes,
        trusted_devices: u32::try_from(devices.len()).unwrap_or(u32::MAX),
    }))
}
