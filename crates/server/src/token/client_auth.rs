//! The only way to an [`AuthenticatedClient`] (D15).

use cardea_protocol::{
    OAuthError,
    model::Client,
    request::{Assertion, Params, PresentedCredentials},
    token::client_auth::{AuthenticatedClient, by_assertion, by_name, by_secret},
    verify::{AssertionPolicy, client_assertion},
};
use cardea_store::UseAssertion;
use http::header::AUTHORIZATION;

use crate::{app::App, caller::Caller, error::Failure};

/// All parameters of a request to `/token`, `/introspection` or `/revocation` together.
pub(crate) const MAX_BODY_BYTES: usize = 32 * 1024;

/// Reads the credentials and verifies them by the registered method.
pub(crate) async fn authenticate(
    app: &App,
    caller: &Caller,
    params: &Params<'_>,
) -> Result<AuthenticatedClient, Failure> {
    no_secret_in_query(caller)?;
    let mut headers = caller.headers.get_all(AUTHORIZATION).iter();
    let (header, None) = (headers.next(), headers.next()) else {
        return Err(OAuthError::invalid_request("more than one Authorization header").into());
    };
    let header = header.map(|h| {
        h.to_str()
            .map_err(|_| OAuthError::invalid_client("the Authorization header is not ASCII"))
    });
    match PresentedCredentials::parse(header.transpose()?, params)? {
        PresentedCredentials::None { client_id } => {
            let client = app.clients.find(&client_id).await?;
            Ok(by_name(client.as_ref())?)
        }
        PresentedCredentials::Secret {
            method,
            client_id,
            secret,
            undecoded,
        } => {
            let client = app.clients.find(&client_id).await?;
            Ok(by_secret(
                client.as_ref(),
                method,
                &secret,
                undecoded.as_ref(),
            )?)
        }
        // Boxed, so that a request without an assertion has a small future.
        PresentedCredentials::Assertion(assertion) => {
            Box::pin(assert(app, caller, &assertion)).await
        }
    }
}

/// RFC 6749 §2.3.1: credentials must not be in the request URI, which is logged everywhere.
fn no_secret_in_query(caller: &Caller) -> Result<(), OAuthError> {
    const SECRET: [&str; 6] = [
        "client_secret",
        "client_assertion",
        "code",
        "code_verifier",
        "refresh_token",
        "token",
    ];
    let query = caller.query.as_deref().unwrap_or_default();
    let mut names = query.split('&').filter_map(|pair| pair.split('=').next());
    match names.find(|name| SECRET.contains(name)) {
        None => Ok(()),
        Some(name) => Err(OAuthError::invalid_request(format!(
            "{name} is in the query; send it in the body"
        ))),
    }
}

async fn assert(
    app: &App,
    caller: &Caller,
    assertion: &Assertion,
) -> Result<AuthenticatedClient, Failure> {
    let bad = |cause: String| OAuthError::invalid_client(cause);
    let unverified =
        cardea_jose::peek(&assertion.jwt).map_err(|e| bad(format!("assertion: {e}")))?;
    let claims: serde_json::Value = serde_json::from_slice(&unverified.payload).unwrap_or_default();
    // RFC 7523 §3: sub is the client; unverified, it only selects the keys.
    let named = claims
        .get("sub")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    // RFC 7521 §4.2: client_id is unnecessary, but must agree when it is present.
    if assertion.client_id.as_deref().is_some_and(|id| id != named) {
        return Err(OAuthError::invalid_request(
            "client_id and the assertion name different clients",
        )
        .into());
    }
    let client = app
        .clients
        .find(named)
        .await?
        .ok_or_else(|| bad("unknown client".to_owned()))?;
    let fetched;
    let keys = match (client.keys(), &client.metadata().jwks_uri) {
        (Some(keys), _) => keys,
        (None, Some(uri)) => {
            let keys = app
                .jwks_cache
                .keys(uri, unverified.header.kid.as_deref())
                .await;
            fetched = keys.map_err(|e| bad(format!("jwks_uri: {e}")))?;
            &*fetched
        }
        (None, None) => return Err(bad("the client has no keys".to_owned()).into()),
    };
    let endpoint = app.settings.issuer.endpoint("/token");
    let policy = AssertionPolicy {
        issuer: app.issuer(),
        token_endpoint: &endpoint,
    };
    let proof = client_assertion(&assertion.jwt, &client, keys, policy, caller.now)?;
    let admitted = by_assertion(&client, &proof)?;
    use_up(app, &client, proof.jti(), proof.expires_at()).await?;
    Ok(admitted)
}

/// RFC 7523 §3, point 7: an assertion is accepted once, by a unique insert.
async fn use_up(
    app: &App,
    client: &Client,
    jti: cardea_seal::Digest,
    expires_at: jiff::Timestamp,
) -> Result<(), Failure> {
    let command = UseAssertion {
        client_id: client.id().clone(),
        jti,
        expires_at,
    };
    if app.store.use_assertion(command).await? {
        return Ok(());
    }
    Err(OAuthError::invalid_client("the assertion was used before").into())
}
