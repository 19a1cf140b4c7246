//! Everything that is kept about a user.

use axum::{extract::State, response::Response};

use super::{
    operator::Operator,
    refusal::{Answer, Refusal},
    request::Name,
    types::UserData,
    users::find,
};
use crate::{app::Shared, user_data::UserDataBody};

/// `GET /users/{user}/data`
#[utoipa::path(
    get,
    operation_id = "users_data",
    path = "/users/{user}/data",
    summary = "Read everything that is kept about a user",
    description = "Users download the same on their account page. It has no secrets. The export is in the audit.",
    params(("user" = String, Path, description = "The user name or the subject.")),
    responses(
        (status = 200, description = "The data.", body = UserData),
    ),
)]
pub(super) async fn show(
    State(app): State<Shared>,
    operator: Operator,
    Name(name): Name,
) -> Answer<Response> {
    let user = find(&app, &name).await?;
    let subject = user.subject.clone();
    let now = operator.now();
    let recorded = app.store.record_export(subject, operator.into_cause());
    if !recorded.await? {
        return Err(Refusal::not_found(format_args!("user {name}")));
    }
    let body = UserDataBody::read(&app, &user, now).await?;
    Ok(body.into_response())
}
