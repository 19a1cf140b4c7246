//! `GET` and `POST /authorize`: a request becomes a ticket, the ticket the next page or the answer.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use cardea_protocol::{
    ErrorCode, OAuthError,
    authorize::{AuthorizationRequest, Context, Refusal, check},
    request::AuthorizationParams,
    verify,
};
use cardea_web::inbound::{FormError, FormPairs, QueryPairs};

use crate::{
    app::{App, Shared},
    browser::Browser,
    caller::Caller,
    error::{self, Failure},
    error_page::page::Trouble,
    explain,
    journey::{
        finish,
        next_step::go_on,
        ticket::{Opened, Ticket},
    },
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

/// `POST /authorize`: checked, and sent on by GET, where a Lax cookie is sent (D7). The checked request goes along sealed: the
/// parameters themselves can be too long for a URL.
pub(crate) async fn post(
    State(app): State<Shared>,
    caller: Caller,
    form: Result<FormPairs, FormError>,
) -> Response {
    let result = async {
        let pairs = form?.0;
        match checked(&app, &caller, &pairs).await? {
            Checked::Request(request) => {
                let browser = Browser::of(&app, &caller);
                let ticket = Ticket::new(&app, &browser, *request, caller.now).seal(&app)?;
                let url = app.settings.issuer.endpoint("/authorize");
                Ok(Redirect::to(&format!("{url}?ticket={ticket}")).into_response())
            }
            Checked::Refused(response) => Ok(*response),
        }
    };
    error::page(&app, &caller, result.await)
}

async fn authorize(
    app: &App,
    caller: &Caller,
    pairs: &[(String, String)],
) -> Result<Response, Failure> {
    let browser = Browser::of(app, caller);
    let request = match pairs {
        [(name, ticket)] if name == "ticket" => {
            limits::by_network(&app.limits.authorize, caller)?;
            match Ticket::open(app, &browser, Some(ticket), caller.now)? {
                Opened::Own(ticket) | Opened::Restarted(ticket) => ticket.request,
            }
        }
        _ => match checked(app, caller, pairs).await? {
            Checked::Request(request) => *request,
            Checked::Refused(response) => return Ok(*response),
        },
    };
    let ticket = Ticket::new(app, &browser, request, caller.now);
    let mut response = go_on(app, caller, &browser, ticket).await?;
    browser.remember(app, response.headers_mut());
    Ok(response)
}

/// A request after all checks.
enum Checked {
    Request(Box<AuthorizationRequest>),
    /// The error, on its way to the client.
    Refused(Box<Response>),
}

async fn checked(
    app: &App,
    caller: &Caller,
    pairs: &[(String, String)],
) -> Result<Checked, Failure> {
    limits::by_network(&app.limits.authorize, caller)?;
    let params = AuthorizationParams::new(pairs)?;
    let client_id = params.client_id()?;
    let client = app.clients.find(client_id).await?;
    let similar = match client {
        None => explain::similar_client(app, client_id).await?,
        Some(_) => None,
    };
    let ring = app.ring.current();
    let hint = |jwt: &str| {
        verify::id_token_hint(jwt, ring.hints(), app.issuer()).map_err(|e| {
            OAuthError::invalid_request("id_token_hint is not an ID token of this issuer")
                .because(e.to_string())
        })
    };
    let context = Context {
        client: client.as_deref(),
        similar_client: similar.as_deref(),
        resources: &app.settings.resources,
        hint: &hint,
    };
    match check(&params, context) {
        Ok(request) => Ok(Checked::Request(Box::new(request))),
        Err(Refusal::Page(error)) if error.code() == ErrorCode::InvalidRequest => {
            Err(Failure::Refused {
                trouble: Trouble::WrongReturnAddress,
                error,
            })
        }
        Err(Refusal::Page(e)) => Err(e.into()),
        Err(Refusal::Return(back, e)) => {
            explain::log(caller, &e);
            let name = client.as_ref().map_or("", |c| c.name());
            let response = back.error(&e, app.issuer());
            let response = finish::answer(app, caller, name, &response);
            Ok(Checked::Refused(Box::new(response)))
        }
    }
}
