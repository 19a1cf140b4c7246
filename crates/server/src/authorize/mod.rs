//! `GET` and `POST /authorize`: a request becomes a ticket, the ticket the next page or the answer.

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    OAuthError,
    authorize::{AuthorizationRequest, Context, Refusal, check},
    request::AuthorizationParams,
    verify,
};
use cardea_web::inbound::{FormError, FormPairs, QueryPairs};
use form_urlencoded::Serializer;

use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::Trouble,
    journey::{finish, next_step::go_on, ticket::Ticket},
    limited,
};

/// `GET /authorize`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async { authorize(&ctx, &query?.0).await };
    error::page(&ctx, result.await)
}

/// `POST /authorize`: checked, and sent on by GET, where a Lax cookie is seen (D7).
pub(crate) async fn post(ctx: Ctx, form: Result<FormPairs, FormError>) -> Response {
    let result = async {
        let pairs = form?.0;
        match checked(&ctx, &pairs).await? {
            Ok(_) => {
                let query = Serializer::new(String::new()).extend_pairs(&pairs).finish();
                let url = format!("{}?{query}", ctx.app.settings.issuer.endpoint("/authorize"));
                Ok(Redirect::to(&url).into_response())
            }
            Err(answer) => Ok(answer),
        }
    };
    error::page(&ctx, result.await)
}

async fn authorize(ctx: &Ctx, pairs: &[(String, String)]) -> Result<Response, Failure> {
    let request = match checked(ctx, pairs).await? {
        Ok(request) => request,
        Err(answer) => return Ok(answer),
    };
    let browser = Browser::of(ctx);
    let ticket = Ticket::new(&ctx.app, &browser, request, ctx.caller.now);
    let mut response = go_on(ctx, &browser, ticket).await?;
    browser.remember(&ctx.app, response.headers_mut());
    Ok(response)
}

/// The checked request, or the answer that refuses it.
async fn checked(
    ctx: &Ctx,
    pairs: &[(String, String)],
) -> Result<Result<AuthorizationRequest, Response>, Failure> {
    limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
    let params = AuthorizationParams::new(pairs)?;
    let client = ctx.app.clients.find(params.client_id()?).await?;
    let ring = ctx.app.ring.current();
    let hint = |jwt: &str| {
        verify::id_token_hint(jwt, ring.hints(), ctx.app.issuer()).map_err(|e| {
            OAuthError::invalid_request("id_token_hint is not an ID token of this issuer")
                .because(e.to_string())
        })
    };
    let context = Context {
        client: client.as_deref(),
        resources: &ctx.app.settings.resources,
        hint: &hint,
    };
    match check(&params, context) {
        Ok(request) => Ok(Ok(request)),
        Err(Refusal::Page(e)) if e.code() == cardea_protocol::ErrorCode::InvalidRequest => {
            Err(Failure::page(Trouble::WrongReturnAddress, e.to_string()))
        }
        Err(Refusal::Page(e)) => Err(e.into()),
        Err(Refusal::Return(back, e)) => {
            tracing::info!(request_id = %ctx.caller.request_id, error = %e.code(), description = e.description(), cause = e.cause(), "authorization refused");
            let name = client.as_ref().map_or("", |c| c.name());
            Ok(Err(finish::answer(
                ctx,
                name,
                &back.error(&e, ctx.app.issuer()),
            )))
        }
    }
}
