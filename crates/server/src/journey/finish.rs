//! The end of a journey. For an authorization request everything is checked again, the code is made, and the answer goes to the client.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    OAuthError,
    authorize::AuthorizationResponse,
    journey::Authorization,
    mfa::Acr,
    model::{Actor, AuthenticationContext, Code, CodeBinding, Session},
    request::ResponseMode,
    roles::Chosen,
    token::AuthorizationCode,
};
use cardea_store::{ConsentChange, GiveConsent, IssueCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Journey,
    demand::wish,
    form_post::FormPostPage,
    goal::{Goal, invitation_page},
    return_to, ticket,
};
use crate::{ctx::Ctx, error::Failure, error_page::page::PageError, explain, pages::html};

/// Goes where the journey leads.
pub(super) async fn finish(ctx: &Ctx, journey: &Journey) -> Result<Response, Failure> {
    if let Goal::Account { return_to } = &journey.ticket.goal {
        let location = ctx.app.settings.issuer.endpoint(return_to.path());
        return Ok(Redirect::to(&location).into_response());
    }
    if let Goal::Invitation { token } = &journey.ticket.goal {
        let location = invitation_page(&ctx.app, token);
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
        organization: match asked.organization(&journey.ticket.steps, session)? {
            Chosen::One(one) => Some(one.id.clone()),
            Chosen::None | Chosen::Ask => None,
        },
        nonce: path.nonce.clone(),
        claims: access.claims.clone(),
        context: AuthenticationContext {
            acr: wish(&journey.ticket)
                .reported(Acr::of_session(&session.context.acr))
                .as_str()
                .to_owned(),
            ..session.context.clone()
        },
        issued_at: ctx.caller.now,
        expires_at: ctx
            .caller
            .now
            .saturating_add(ctx.app.settings.code_ttl)
            .unwrap_or(ctx.caller.now),
    };
    let allowed_now = journey.ticket.steps.has_consent(session);
    let consent = if allowed_now && ctx.caller.is_post {
        ConsentChange::Grow(access.consent_scope())
    } else if allowed_now || journey.consent.is_some() {
        // RFC 9110 §9.2.1: a GET gives no consent. That of an earlier POST may have been withdrawn since.
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
        return Err(ended(ctx, journey));
    }
    metrics::counter!(cardea_web::metric_names::CODES_ISSUED).increment(1);
    let response = return_to.code(secret.to_text().expose(), ctx.app.issuer());
    let again = journey.ticket.restart_path(&ctx.app);
    Ok(match response.mode() {
        ResponseMode::Query => Redirect::to(&response.location()).into_response(),
        ResponseMode::FormPost => {
            let form = Form::of(asked.client.name(), &response);
            form.page(ctx, again.as_deref())
        }
    })
}

/// Writes what the user allowed by a POST whose answer is fetched by a GET.
pub(super) async fn give_consent(ctx: &Ctx, journey: &Journey) -> Result<(), Failure> {
    let (Some(asked), Some(session)) = (journey.authorization(), &journey.session) else {
        return Ok(());
    };
    if !journey.ticket.steps.has_consent(session) {
        return Ok(());
    }
    let command = GiveConsent {
        session: session.id,
        subject: session.subject.clone(),
        client_id: asked.client.id().clone(),
        allowed: asked.request.access.consent_scope(),
        cause: ctx.caller.cause(Actor::Person(session.subject.clone())),
    };
    match ctx.app.store.give_consent(command).await? {
        true => Ok(()),
        false => Err(ended(ctx, journey)),
    }
}

fn ended(ctx: &Ctx, journey: &Journey) -> Failure {
    let cause = "the session, the consent, the user or the client ended during the login";
    Failure::page(PageError::TooLate, cause).with_restart(journey.ticket.restart(&ctx.app))
}

/// An error goes back to the client, if there is one.
pub(crate) fn refuse(ctx: &Ctx, journey: &Journey, error: OAuthError) -> Result<Response, Failure> {
    let Some(asked) = journey.authorization() else {
        return Err(error.into());
    };
    explain::log(&ctx.caller, &error);
    let response = return_to(&asked)?.error(&error, ctx.app.issuer());
    answer_error(ctx, asked.client.name(), &response)
}

/// An error by its response mode. RFC 9700 §4.12: the redirect is a 303. The answer to a POST is sent on by GET: if the browser
/// keeps it in its history, the back button must not lead to a page that is posted again.
pub(crate) fn answer_error(
    ctx: &Ctx,
    client_name: &str,
    response: &AuthorizationResponse,
) -> Result<Response, Failure> {
    if response.mode() == ResponseMode::Query {
        return Ok(Redirect::to(&response.location()).into_response());
    }
    let form = Form::of(client_name, response);
    if ctx.caller.is_post {
        let json = serde_json::to_vec(&(ctx.caller.now, &form));
        let json = json.map_err(|e| Failure::Internal(e.to_string()))?;
        let sealed = ctx
            .app
            .seals
            .ticket
            .seal_text(&json, POSTED_ERROR.as_bytes());
        // A longer one, with a `state` beyond its bound, does not fit in a URL.
        if sealed.len() <= ticket::MAX_BYTES {
            let url = ctx.app.settings.issuer.endpoint("/authorize");
            return Ok(Redirect::to(&format!("{url}?{POSTED_ERROR}={sealed}")).into_response());
        }
    }
    Ok(form.page(ctx, None))
}

/// The parameter of `/authorize` with an error that answers a POST.
pub(crate) const POSTED_ERROR: &str = "response";
const POSTED_ERROR_TTL: SignedDuration = SignedDuration::from_mins(5);

/// The form of an error that answered a POST.
pub(crate) fn posted_error(ctx: &Ctx, sealed: &str) -> Result<Response, Failure> {
    let json = ctx
        .app
        .seals
        .ticket
        .open_text(sealed, POSTED_ERROR.as_bytes());
    let json = json.map_err(|e| Failure::page(PageError::BrokenLink, format!("response: {e}")))?;
    let too_late = |cause: String| Failure::page(PageError::TooLate, cause);
    let (at, form): (Timestamp, Form) =
        serde_json::from_slice(json.expose()).map_err(|e| too_late(e.to_string()))?;
    if ctx.caller.now.duration_since(at) > POSTED_ERROR_TTL {
        return Err(too_late("the response is older than 5 minutes".to_owned()));
    }
    Ok(form.page(ctx, None))
}

/// The form of an answer (OAuth 2.0 Form Post Response Mode §2).
#[derive(Serialize, Deserialize)]
struct Form {
    client_name: String,
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    fn of(client_name: &str, response: &AuthorizationResponse) -> Self {
        let fields = response.pairs().iter();
        Self {
            client_name: client_name.to_owned(),
            action: response.action().to_owned(),
            fields: fields.map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
        }
    }

    /// The page that posts it. `again` is where the back button leads if the browser keeps the page in its history.
    fn page(&self, ctx: &Ctx, again: Option<&str>) -> Response {
        let fields: Vec<(&str, &str)> = self
            .fields
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        html(
            FormPostPage::CSP,
            &FormPostPage {
                shell: ctx.shell(),
                client_name: &self.client_name,
                action: &self.action,
                fields: &fields,
                again,
            },
        )
    }
}
