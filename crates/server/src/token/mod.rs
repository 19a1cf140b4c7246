//! `POST /token`: client authentication, the grant type, the tokens (RFC 6749 §3.2).

mod authorization_code;
mod client_auth;
mod client_credentials;
pub(crate) mod mint;
mod refresh_token;

use axum::{extract::State, response::Response};
use cardea_protocol::{
    explain::{Check, Trail},
    request::{Params, TokenRequest},
    token::client_auth::AuthenticatedClient,
};
use cardea_web::inbound::UnreadForm;

use self::mint::TokenResponse;
use crate::{
    answer::Answer,
    app::{App, Shared},
    caller::Caller,
    cors,
    error::{self, Failure},
    form::read_uncounted,
    limited, telemetry,
};

pub(crate) use self::{
    client_auth::{MAX_BODY_BYTES, authenticate},
    refresh_token::authentic,
};

/// `POST /token`
pub(crate) async fn post(State(app): State<Shared>, caller: Caller, form: UnreadForm) -> Response {
    let pairs = read_uncounted(&app.limits.token, &caller, form, MAX_BODY_BYTES).await;
    let known = pairs.as_deref().unwrap_or_default();
    let origins = cors::claimed_origins(&app, &caller, known).await;
    let mut left = None;
    let result = async {
        let pairs = pairs?;
        let params = Params::new(&pairs, MAX_BODY_BYTES)
            .inspect_err(|_| limited::count(&app.limits.token, &caller))?;
        let mut trail = Trail::of(params.one("client_id"));
        let client = authenticate(&app, &caller, &params).await;
        let known = client.as_ref().map(AuthenticatedClient::client);
        limited::unless_authenticated(&app.limits.token, &caller, known);
        let client = client.map_err(|e| explained(&trail, e, CLIENT_AUTHENTICATION))?;
        trail = Trail::of(Some(client.client().id().as_str()));
        trail.passed(CLIENT_AUTHENTICATION);
        left = Some(limited::by_client(
            &app.limits.token_client,
            client.client(),
        )?);
        let tokens = grant(&app, &caller, &client, &params).await;
        let tokens = tokens.map_err(|e| explained(&trail, e, GRANT))?;
        Answer::json(&tokens)
    };
    let result = result.await;
    count(&result);
    let mut response = error::oauth(&caller, result);
    let headers = response.headers_mut();
    if let Some(left) = left {
        left.write(headers);
    }
    cors::TOKEN.answer(&caller.headers, headers, |origin| {
        origins.iter().any(|o| o == origin)
    });
    response
}

const CLIENT_AUTHENTICATION: Check = Check {
    name: "client_authentication",
    section: "RFC 6749 §2.3",
};
const GRANT: Check = Check {
    name: "grant",
    section: "RFC 6749 §5.2",
};

/// The failure with the checks that led to it.
fn explained(trail: &Trail, failure: Failure, check: Check) -> Failure {
    match failure {
        Failure::OAuth(error) => trail.clone().before(error, check).into(),
        other => other,
    }
}

async fn grant(
    app: &App,
    caller: &Caller,
    client: &AuthenticatedClient,
    params: &Params<'_>,
) -> Result<TokenResponse, Failure> {
    // Boxed where they write: else every request would have the future of the largest grant type.
    match TokenRequest::parse(params)? {
        TokenRequest::AuthorizationCode(request) => {
            Box::pin(authorization_code::grant(app, caller, client, &request)).await
        }
        TokenRequest::RefreshToken(request) => {
            Box::pin(refresh_token::grant(app, caller, client, &request)).await
        }
        TokenRequest::ClientCredentials(request) => {
            client_credentials::grant(app, caller, client, &request)
        }
    }
}

fn count(result: &Result<Answer, Failure>) {
    let outcome = match result {
        Ok(_) => return telemetry::TOKENS_GIVEN.increment(1),
        Err(Failure::OAuth(e)) => e.code().as_str(),
        Err(Failure::Limited(_)) => "limited",
        Err(_) => "failed",
    };
    metrics::counter!(cardea_web::metric_names::TOKEN_REQUESTS, "outcome" => outcome).increment(1);
}
