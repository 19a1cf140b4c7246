//! A request to `/end_session` (OpenID Connect RP-Initiated Logout §2).

use super::Params;
use crate::{error::OAuthError, model::ClientId};

/// Everything of it is optional; what it leads to is decided by D17.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndSessionRequest {
    /// `id_token_hint`, unverified.
    pub id_token_hint: Option<String>,
    /// `client_id`
    pub client_id: Option<ClientId>,
    /// `post_logout_redirect_uri`, not yet compared.
    pub post_logout_redirect_uri: Option<String>,
    /// `state`
    pub state: Option<String>,
}

impl EndSessionRequest {
    /// Parses the query or the body.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, OAuthError> {
        let params = Params::new(pairs, 8192)?;
        let client_id = params.one("client_id").map(ClientId::parse).transpose();
        let state = params.bounded("state", 1024)?;
        if state.is_some_and(|s| s.chars().any(char::is_control)) {
            return Err(OAuthError::invalid_request("state has control characters"));
        }
        Ok(Self {
            id_token_hint: params.one("id_token_hint").map(str::to_owned),
            client_id: client_id.map_err(|e| OAuthError::invalid_request(e.to_string()))?,
            post_logout_redirect_uri: params.bounded("post_logout_redirect_uri", 1024)?.map(str::to_owned),
            state: state.map(str::to_owned),
        })
    }
}
