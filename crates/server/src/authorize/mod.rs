//! `GET` and `POST /authorize`: a request becomes a ticket, the ticket the next page or the answer.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use cardea_protocol::{
    OAuthError,
    authorize::{AuthorizationRequest, Context, Refusal, check},
    request::AuthorizationParams,
    verify,
};
use cardea_web::inbound::{FormError, FormPairs, QueryPairs};
use form_urlencoded::Serializer;

use crate::{
    app::{App, Shared},
    browser::Browser,
    caller::Caller,
    error::{self, Failure},
    error_page::page::Trouble,
    journey::{finish, next_step::go_on, ticket::Ticket},
    limits,
};

/// `GET /authorize`
pub(crate) async fn get(
    State(app): State<Shared>,
    caller: Caller,
    query: Result<QueryPairs, FormError>,
) -> Response {
    let result = async { authorize(&app, &caller, &query?.0).await };
    error::page(&app, &caller, result.await)
}

/// `POST /authorize`: checked, and sent on by GET, where a Lax cookie is seen (D7).
pub(crate) async fn post(
    State(app): State<Shared>,
    caller: Caller,
    form: Result<FormPairs, FormError>,
) -> Response {
    let result = async {
        let pairs = form?.0;
        match checked(&app, &caller, &pairs).await? {
            Ok(_) => {
                let query = Serializer::new(String::new()).extend_pairs(&pairs).finish();
                let url = format!("{}?{query}", app.settings.issuer.endpoint("/authorize"));
                Ok(Redirect::to(&url).into_response())
            }
            Err(answer) => Ok(answer),
        }
    };
    error::page(&app, &caller, result.await)
}

async fn authorize(
    app: &App,
    caller: &Caller,
    pairs: &[(String, String)],
) -> Result<Response, Failure> {
    let request = match checked(app, caller, pairs).await? {
        Ok(request) => request,
        Err(answer) => return Ok(answer),
    };
    let browser = Browser::of(app, caller);
    let ticket = Ticket::new(app, &browser, request, caller.now);
    let mut response = go_on(app, caller, &browser, ticket).await?;
    browser.remember(app, response.headers_mut());
    Ok(response)
}

/// The checked request, or the answer that refuses it.
async fn checked(
    app: &App,
    caller: &Caller,
    pairs: &[(String, String)],
) -> Result<Result<AuthorizationRequest, Response>, Failure> {
    limits::by_network(&app.limits.authorize, caller)?;
    let params = AuthorizationParams::new(pairs)?;
    let client = app.clients.find(params.client_id()?).await?;
    let ring = app.ring.current();
    let hint = |jwt: &str| {
        verify::id_token_hint(jwt, ring.hints(), app.issuer()).map_err(|e| {
            OAuthError::invalid_request("id_token_hint is not an ID token of this issuer")
                .because(e.to_string())
        })
    };
    let context = Context {
        client: client.as_deref(),
        resources: &app.settings.resources,
        hint: &hint,
    };
    match check(&params, context) {
        Ok(request) => Ok(Ok(request)),
        Err(Refusal::Page(e)) if e.code() == cardea_protocol::ErrorCode::InvalidRequest => {
            Err(Failure::page(Trouble::WrongReturnAddress, e.to_string()))
        }
        Err(Refusal::Page(e)) => Err(e.into()),
        Err(Refusal::Return(back, e)) => {
            tracing::info!(request_id = %caller.request_id, error = %e.code(), description = e.description(), cause = e.cause(), "authorization refused");
            let name = client.as_ref().map_or("", |c| c.name());
            Ok(Err(finish::answer(
                app,
                caller,
                name,
                &back.error(&e, app.issuer()),
            )))
        }
    }
}
