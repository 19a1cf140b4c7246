//! `GET` and `POST /authorize`: a request becomes a ticket, the ticket the next page or the answer.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    OAuthError,
    authorize::{AuthorizationRequest, Context, PageReason, Refusal, check},
    request::{AuthorizationParams, Prompt},
    verify,
};
use cardea_web::inbound::{FormError, Readable, ReadableQuery, UnreadForm};

use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    explain,
    form::read_request,
    journey::{finish, goal::Goal, next_step::proceed, ticket::Ticket},
    limited, sign_up,
};

/// `GET /authorize`
pub(crate) async fn get(ctx: Ctx, query: Result<ReadableQuery, FormError>) -> Response {
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
        let form = read_request(&ctx.app.limits.authorize, &ctx.caller, form).await?;
        match checked(&ctx, &params(&form)).await? {
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

async fn authorize(ctx: &Ctx, query: &Readable) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let request = match query.pairs.as_slice() {
        [(name, sealed)] if name == finish::POSTED_ERROR => {
            return finish::posted_error(ctx, sealed);
        }
        // Of a ticket that may be old only the request is taken, and all checks are made again.
        [(name, ticket)] if name == "ticket" => {
            let Goal::Authorize(old) = Ticket::goal_of(&ctx.app, ticket)? else {
                let cause = "the ticket is not of an authorization request";
                return Err(Failure::page(PageError::BrokenLink, cause));
            };
            match checked(ctx, &AuthorizationParams::new(&old.params())).await? {
                Checked::Request(mut request) => {
                    request.access.subject = request.access.subject.or(old.access.subject);
                    request
                }
                Checked::Refused(response) => return Ok(*response),
            }
        }
        _ => match checked(ctx, &params(query)).await? {
            Checked::Request(request) => request,
            Checked::Refused(response) => return Ok(*response),
        },
    };
    // OpenID Initiating User Registration 1.0 §2. The page leads to the login page, too.
    let creates = request.prompt.has(Prompt::Create);
    let goal = Goal::Authorize(request);
    let ticket = Ticket::new(&ctx.app, &browser, goal, ctx.caller.now);
    let mut response = match creates {
        true => sign_up::to_page(&ctx.app, &ticket)?,
        false => proceed(ctx, &browser, ticket).await?,
    };
    browser.remember(&ctx.app, response.headers_mut());
    Ok(response)
}

/// Checks the request of an old journey again. `None` when it is refused now.
pub(crate) async fn check_again(
    ctx: &Ctx,
    old: &AuthorizationRequest,
) -> Result<Option<Box<AuthorizationRequest>>, Failure> {
    match checked(ctx, &AuthorizationParams::new(&old.params())).await {
        Ok(Checked::Request(mut request)) => {
            request.access.subject = request.access.subject.or(old.access.subject.clone());
            Ok(Some(request))
        }
        Ok(Checked::Refused(_)) | Err(Failure::Refused { .. }) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A request after all checks.
enum Checked {
    Request(Box<AuthorizationRequest>),
    /// The error, on its way to the client.
    Refused(Box<Response>),
}

/// The parameters. What can't be read of them does not hinder the error on its way to the client.
fn params(form: &Readable) -> AuthorizationParams<'_> {
    match form.flaw {
        None => AuthorizationParams::new(&form.pairs),
        Some(why) => AuthorizationParams::flawed(&form.pairs, &form.undecodable, why.to_string()),
    }
}

async fn checked(ctx: &Ctx, params: &AuthorizationParams<'_>) -> Result<Checked, Failure> {
    ctx.language.offer(params.language());
    let clients = &ctx.app.clients;
    let (mut client, mut similar, mut some) = (None, None, Vec::new());
    match params.client_id() {
        Ok(client_id) => {
            client = clients.find(client_id).await?;
            if client.is_none() {
                similar = clients.similar(client_id);
            }
        }
        Err(_) => some = clients.some(),
    }
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
        some_clients: &some,
        resources: &ctx.app.settings.resources,
        acr: ctx.app.settings.mfa.supported(),
        sign_up: ctx.app.settings.sign_up.is_open(),
        hint: &hint,
    };
    match check(params, context) {
        Ok(request) => Ok(Checked::Request(Box::new(request))),
        Err(Refusal::Page(reason, error)) => Err(Failure::Refused {
            page: match reason {
                PageReason::UnknownClient => PageError::UnknownApp,
                PageReason::WrongRedirectUri => PageError::WrongReturnAddress,
                PageReason::NoRedirectUri => PageError::NoReturnAddress,
                PageReason::Unreadable => PageError::BrokenLink,
            },
            error,
        }),
        Err(Refusal::Return(back, e)) => {
            explain::log(&ctx.caller, &e);
            let name = client.as_ref().map_or("", |c| c.name());
            let response = back.error(&e, ctx.app.issuer());
            let response = finish::answer_error(ctx, name, &response)?;
            Ok(Checked::Refused(Box::new(response)))
        }
    }
}
