//! Links for one use, which an operator gives to a user.

use axum::{Json, extract::State};
use cardea_protocol::model::LinkPurpose;
use cardea_store::MakeLink;
use http::StatusCode;
use jiff::SignedDuration;

use super::{
    operator::Operator,
    refusal::{Answer, Refusal},
    request::{Body, Name},
    types::{NewUserLink, UserLink, UserLinkPurpose},
    users,
};
use crate::{app::Shared, password_reset::new_link};

/// A link that can be used for a shorter time is no help, one that can be used longer is forgotten.
const SHORTEST: u64 = 15 * 60;
const LONGEST: u64 = 7 * 24 * 60 * 60;

/// Whether a link may be valid that long.
pub(super) fn check_valid_seconds(seconds: u64) -> Answer<()> {
    match (SHORTEST..=LONGEST).contains(&seconds) {
        true => Ok(()),
        false => Err(Refusal::bad_request(
            "valid_seconds: a link is valid for 15 minutes to 7 days",
        )),
    }
}

/// `POST /users/{user}/links`
#[utoipa::path(
    post,
    operation_id = "users_link",
    path = "/users/{user}/links",
    summary = "Make a link with which a user sets a new password, once",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject.")),
    request_body = NewUserLink,
    responses(
        (status = 201, description = "The link. Whoever has it can use it.", body = UserLink),
    ),
)]
pub(super) async fn make(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Body(new): Body<NewUserLink>,
) -> Answer<(StatusCode, Json<UserLink>)> {
    check_valid_seconds(new.valid_seconds)?;
    let user = users::find(&app, &user).await?;
    let (purpose, path) = match new.purpose {
        UserLinkPurpose::PasswordReset => (LinkPurpose::PasswordReset, "/password_reset"),
        UserLinkPurpose::Invite => (LinkPurpose::Invite, "/invitation"),
    };
    let ttl = SignedDuration::from_secs(new.valid_seconds.cast_signed());
    let (token, link) = new_link(&app, purpose, operator.cause(), ttl);
    let expires_at = link.expires_at;
    let command = MakeLink {
        subject: user.subject,
        link,
        mail: None,
        cause: operator.into_cause(),
    };
    if !app.store.make_link(command).await? {
        return Err(Refusal::conflict(
            "The user is disabled or has expired; enable the user first.",
        ));
    }
    let page = app.settings.issuer.endpoint(path);
    let url = format!("{page}?token={}", token.expose());
    Ok((StatusCode::CREATED, Json(UserLink { url, expires_at })))
}
