//! The end of a journey. For an authorization request everything is checked again, the code is made, and the answer goes to the client.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    OAuthError,
    authorize::AuthorizationResponse,
    journey::Authorization,
    model::{Actor, Code, CodeBinding, Session},
    request::ResponseMode,
    token::AuthorizationCode,
};
use cardea_store::{ConsentChange, IssueCode};

use super::{Journey, form_post::FormPostPage, goal::Goal, return_to};
use crate::{ctx::Ctx, error::Failure, error_page::page::PageError, explain, pages::html};

/// Goes where the journey leads.
pub(super) async fn finish(ctx: &Ctx, journey: &Journey) -> Result<Response, Failure> {
    if let Goal::Account { return_to } = &journey.ticket.goal {
        let location = ctx.app.settings.issuer.endpoint(&return_to.path());
        return Ok(Redirect::to(&location).into_response());
    }
    let (Some(asked), Some(session)) = (journey.authorization(), &journey.session) else {
        return Err(Failure::Internal(
            "a journey ends with a client and a session".to_owned(),
        ));
    };
    issue_code(ctx, journey, &asked, session).await
}

/// Makes the code. The store demands once more that session, user and client are alive.
async fn issue_code(
    ctx: &Ctx,
    journey: &Journey,
    asked: &Authorization<'_>,
    session: &Session,
) -> Result<Response, Failure> {
    let return_to = return_to(asked)?;
    let (access, path) = (&asked.request.access, &asked.request.return_path);
    let secret = AuthorizationCode::new(ctx.caller.now, ctx.app.entropy.token());
    let code = Code {
        hash: secret.hash(),
        client_id: asked.client.id().clone(),
        binding: CodeBinding {
            redirect_uri: path.redirect_uri.clone(),
            redirect_uri_given: path.redirect_uri_given,
            challenge: path.challenge.clone(),
        },
        sender: None,
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
    let consent = if journey.ticket.steps.has_consent(session) {
        ConsentChange::Grow(access.consent_scope())
    } else if journey.consent.is_some() {
        ConsentChange::Keep
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
        let cause = "the session, the user or the client ended during the login";
        let restart = journey.ticket.restart(&ctx.app);
        return Err(Failure::page(PageError::TooLate, cause).with_restart(restart));
    }
    metrics::counter!(cardea_web::metric_names::CODES_ISSUED).increment(1);
    let response = return_to.code(secret.to_text().expose(), ctx.app.issuer());
    Ok(answer(ctx, asked.client.name(), &response))
}

/// An error goes back to the client, if there is one.
pub(crate) fn refuse(ctx: &Ctx, journey: &Journey, error: OAuthError) -> Result<Response, Failure> {
    let Some(asked) = journey.authorization() else {
        return Err(error.into());
    };
    explain::log(&ctx.caller, &error);
    let response = return_to(&asked)?.error(&error, ctx.app.issuer());
    Ok(answer(ctx, asked.client.name(), &response))
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
