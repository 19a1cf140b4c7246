//! A client on its own behalf (RFC 6749 §4.4). It writes nothing (D10).

use cardea_protocol::{
    claims::Holder, request::ClientCredentialsRequest, token::client_auth::AuthenticatedClient,
    token::client_credentials,
};

use super::mint::{self, TokenResponse};
use crate::{app::App, caller::Caller, error::Failure};

pub(super) fn grant(
    app: &App,
    caller: &Caller,
    client: &AuthenticatedClient,
    request: &ClientCredentialsRequest,
) -> Result<TokenResponse, Failure> {
    let client = client.client();
    let target = client_credentials::check(client, &app.settings.resources, request)?;
    let access_token = mint::access_token(app, client, Holder::Client, (&target, caller.now))?;
    Ok(TokenResponse::new(access_token, target.scope))
}
