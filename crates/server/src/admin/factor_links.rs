//! Links with which users remove their second factors.

use axum::{Json, extract::State};
use cardea_protocol::{
    factor_reset::ResetWindow,
    mail::{Mail, MailTemplate},
    model::User,
};
use cardea_seal::{RandomToken, Secret};
use cardea_store::{NewResetLink, RequestFactorReset};
use http::StatusCode;
use jiff::SignedDuration;

use super::{
    factors::without_factor,
    links::check_valid_seconds,
    operator::Operator,
    refusal::{Answer, Refusal},
    request::{Body, Name},
    types::{FactorResetLink, LinkDelivery, NewFactorResetLink},
    users::find,
};
use crate::{
    app::{App, Shared},
    factor_reset::{PATH, notice},
    mail::mailer::LinkTarget,
};

/// `POST /users/{user}/factors/reset`
#[utoipa::path(
    post,
    operation_id = "users_factor_reset_link",
    path = "/users/{user}/factors/reset",
    summary = "Make a link with which a user removes all second factors, once, with the password",
    description = "A link or reset that is pending is replaced. Without `delivery: mail` the user is told by mail of the request, if \
                   mail is sent and the address is verified.",
    params(("user" = String, Path, description = "The user name or the subject.")),
    request_body = NewFactorResetLink,
    responses(
        (status = 201, description = "The link, or where it was mailed to.", body = FactorResetLink),
    ),
)]
pub(super) async fn make(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Body(new): Body<NewFactorResetLink>,
) -> Answer<(StatusCode, Json<FactorResetLink>)> {
    check_valid_seconds(new.valid_seconds)?;
    let user = find(&app, &user).await?;
    if !app.store.has_password(&user.subject).await? {
        return Err(Refusal::conflict(format!(
            "{} has no password, which the link needs; remove the second factors without a link.",
            user.username
        )));
    }
    let valid = SignedDuration::from_secs(new.valid_seconds.cast_signed());
    let window = ResetWindow::new(operator.now(), app.settings.factor_reset_delay, valid);
    let token = app.entropy.token();
    let mail = match new.delivery {
        LinkDelivery::Mail => {
            Some(link_mail(&app, &user, &token, window).ok_or_else(|| no_address(&user))?)
        }
        LinkDelivery::Response => {
            let mail = notice(&app, &user, MailTemplate::FactorResetRequested);
            mail.map(|mail| mail.at(window.from))
        }
    };
    let mailed_to = mail
        .as_ref()
        .filter(|_| new.delivery == LinkDelivery::Mail)
        .map(|mail| mail.to().to_string());
    let command = RequestFactorReset {
        subject: user.subject.clone(),
        from: window.from,
        link: Some(NewResetLink {
            token: token.hash(),
            expires_at: window.until,
        }),
        mail,
        cause: operator.into_cause(),
    };
    if !app.store.request_factor_reset(command).await? {
        return Err(match user.may_log_in(app.now()) {
            true => without_factor(&user),
            false => {
                Refusal::conflict("The user is disabled or has expired; enable the user first.")
            }
        });
    }
    app.mail.wake();
    let shown = mailed_to.is_none().then(|| token.to_text());
    let answer = FactorResetLink {
        url: shown.map(|token| url(&app, &token)),
        mailed_to,
        valid_from: window.from,
        expires_at: window.until,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

fn url(app: &App, token: &Secret<String>) -> String {
    let page = app.settings.issuer.endpoint(PATH);
    format!("{page}?token={}", token.expose())
}

fn link_mail(app: &App, user: &User, token: &RandomToken, window: ResetWindow) -> Option<Mail> {
    let mail = notice(app, user, MailTemplate::FactorReset)?.at(window.from);
    let target = LinkTarget {
        path: PATH,
        token: &token.to_text(),
        expires_at: window.until,
    };
    Some(app.mail.with_link(mail, &target))
}

fn no_address(user: &User) -> Refusal {
    Refusal::conflict(format!(
        "{} has no verified e-mail address, or no mail server is configured ([mail]).",
        user.username
    ))
}
