//! `GET` and `POST /authorize`: a request becomes a ticket, the ticket the next page or the answer.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    ErrorCode, OAuthError,
    authorize::{AuthorizationRequest, Context, Refusal, check},
    request::AuthorizationParams,
    verify,
};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};

use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    explain,
    form::{MAX_REQUEST_BYTES, read_limited},
    journey::{finish, goal::Goal, next_step::proceed, ticket::Ticket},
    limited,
};

/// `GET /authorize`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
        authorize(&ctx, &query?.0).await
    };
    error::page(&ctx, result.await)
}

/// `POST /authorize`: checked, and sent on by GET, where a Lax cookie is sent (D7). The checked request goes along sealed: the
/// parameters themselves can be too long for a URL.
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.authorize;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_REQUEST_BYTES).await?;
        match checked(&ctx, &pairs).await? {
            Checked::Request(request) => {
                let browser = Browser::of(&ctx);
                let goal = Goal::Authorize(request);
                let ticket = Ticket::new(&ctx.app, &browser, goal, ctx.caller.now);
                let ticket = ticket.seal(&ctx.app)?;
                let url = ctx.app.settings.issuer.endpoint("/authorize");
                Ok(Redirect::to(&format!("{url}?ticket={ticket}")).into_response())
            }
            Checked::Refused(response) => Ok(*response),
        }
    };
    error::page(&ctx, result.await)
}

async fn authorize(ctx: &Ctx, pairs: &[(String, String)]) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let request = match pairs {
        [(name, sealed)] if name == finish::POSTED_ERROR => {
            return finish::posted_error(ctx, sealed);
        }
        // Of a ticket that may be old only the request is taken, and all checks are made again.
        [(name, ticket)] if name == "ticket" => {
            let Goal::Authorize(old) = Ticket::goal_of(&ctx.app, ticket)? else {
                let cause = "the ticket is not of an authorization request";
                return Err(Failure::page(PageError::BrokenLink, cause));
            };
            match checked(ctx, &old.params()).await? {
                Checked::Request(mut request) => {
                    request.access.subject = request.access.subject.or(old.access.subject);
                    request
                }
                Checked::Refused(response) => return Ok(*response),
            }
        }
        _ => match checked(ctx, pairs).await? {
            Checked::Request(request) => request,
            Checked::Refused(response) => return Ok(*response),
        },
    };
    let goal = Goal::Authorize(request);
    let ticket = Ticket::new(&ctx.app, &browser, goal, ctx.caller.now);
    let mut response = proceed(ctx, &browser, ticket).await?;
    browser.remember(&ctx.app, response.headers_mut());
    Ok(response)
}

/// A request after all checks.
enum Checked {
    Request(Box<AuthorizationRequest>),
    /// The error, on its way to the client.
    Refused(Box<Response>),
}

async fn checked(ctx: &Ctx, pairs: &[(String, String)]) -> Result<Checked, Failure> {
    let params = AuthorizationParams::new(pairs)?;
    let client_id = params.client_id()?;
    let client = ctx.app.clients.find(client_id).await?;
    let similar = match client {
        None => ctx.app.clients.similar(client_id),
        Some(_) => None,
    };
    let ring = ctx.app.ring.current();
    let hint = |jwt: &str| {
        verify::id_token_hint(jwt, ring.hints(), ctx.app.issuer()).map_err(|e| {
            OAuthError::invalid_request("id_token_hint is not an ID token of this issuer")
                .because(e.to_string())
        })
    };
    let context = Context {
        client: client.as_deref(),
        similar_client: similar.as_deref(),
        resources: &ctx.app.settings.resources,
        hint: &hint,
    };
    match check(&params, context) {
        Ok(request) => Ok(Checked::Request(Box::new(request))),
        Err(Refusal::Page(error)) if error.code() == ErrorCode::InvalidRequest => {
            Err(Failure::Refused {
                page: PageError::WrongReturnAddress,
                error,
            })
        }
        Err(Refusal::Page(e)) => Err(e.into()),
        Err(Refusal::Return(back, e)) => {
            explain::log(&ctx.caller, &e);
            let name = client.as_ref().map_or("", |c| c.name());
            let response = back.error(&e, ctx.app.issuer());
            let response = finish::answer_error(ctx, name, &response)?;
            Ok(Checked::Refused(Box::new(response)))
        }
    }
}
