//! The end of a login: everything is checked again, the code is made, the answer goes to the client.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    OAuthError,
    authorize::AuthorizationResponse,
    model::{Actor, Code, CodeBinding},
    request::ResponseMode,
    token::AuthorizationCode,
};
use cardea_store::{ConsentChange, IssueCode};

use super::{Journey, form_post::FormPostPage};
use crate::{ctx::Ctx, error::Failure, error_page::page::PageError, explain, pages::html};

/// Makes the code. The store demands once more that session, person and client are alive.
pub(super) async fn finish(ctx: &Ctx, journey: &Journey) -> Result<Response, Failure> {
    let Some(session) = &journey.session else {
        return Err(Failure::Internal(
            "a journey without a session can't end".to_owned(),
        ));
    };
    let return_to = journey.return_to()?;
    let request = &journey.ticket.request;
    let (access, path) = (&request.access, &request.return_path);
    let secret = AuthorizationCode::new(ctx.caller.now, ctx.app.entropy.token());
    let code = Code {
        hash: secret.hash(),
        client_id: journey.client.id().clone(),
        binding: CodeBinding {
            redirect_uri: path.redirect_uri.clone(),
            redirect_uri_given: path.redirect_uri_given,
            challenge: path.challenge.clone(),
        },
        session: session.id,
        subject: session.subject.clone(),
        scope: access.scope.clone(),
        resources: access.resources.clone(),
        nonce: path.nonce.clone(),
        claims: access.claims.clone(),
        context: session.context.clone(),
        issued_at: ctx.caller.now,
        expires_at: ctx
            .caller
            .now
            .saturating_add(ctx.app.settings.code_ttl)
            .unwrap_or(ctx.caller.now),
    };
    let consented = journey
        .ticket
        .steps
        .consent
        .as_ref()
        .is_some_and(|c| c.subject == session.subject);
    let consent = if consented {
        ConsentChange::Grow(access.consent_scope())
    } else {
        ConsentChange::None
    };
    let cause = ctx.caller.cause(Actor::Person(session.subject.clone()));
    if !ctx
        .app
        .store
        .issue_code(IssueCode {
            code,
            consent,
            cause,
        })
        .await?
    {
        return Err(Failure::restartable(
            PageError::TooLate,
            "the session, the user or the client ended during the login",
            journey.ticket.seal(&ctx.app)?,
        ));
    }
    metrics::counter!(cardea_web::metric_names::CODES_ISSUED).increment(1);
    let response = return_to.code(secret.to_text().expose(), ctx.app.issuer());
    Ok(answer(ctx, journey.client.name(), &response))
}

/// An error goes back to the client.
pub(crate) fn refuse(
    ctx: &Ctx,
    journey: &Journey,
    error: &OAuthError,
) -> Result<Response, Failure> {
    explain::log(&ctx.caller, error);
    let response = journey.return_to()?.error(error, ctx.app.issuer());
    Ok(answer(ctx, journey.client.name(), &response))
}

/// The answer by its response mode. RFC 9700 §4.12: the redirect is a 303.
pub(crate) fn answer(ctx: &Ctx, client_name: &str, response: &AuthorizationResponse) -> Response {
    match response.mode() {
        ResponseMode::Query => Redirect::to(&response.location()).into_response(),
        ResponseMode::FormPost => {
            let fields: Vec<(&str, &str)> = response
                .pairs()
                .iter()
                .map(|(k, v)| (*k, v.as_str()))
                .collect();
            let shell = ctx.shell();
            html(
                FormPostPage::CSP,
                &FormPostPage {
                    shell,
                    client_name,
                    action: response.action(),
                    fields: &fields,
                },
            )
        }
    }
}
