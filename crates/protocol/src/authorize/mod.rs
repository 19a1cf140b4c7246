//! The rules of `/authorize`: RFC 6749 §4.1.1, OpenID Core §3.1.2.2, and what came later.
//!
//! [`check`] is the whole list in its order. Until the redirect URI is verified an error is a page;
//! from then on it goes back to the client.

mod hint;
mod pkce;
mod redirect_uri;
mod resource;
mod response;
mod response_type;
mod scope;

use serde::{Deserialize, Serialize};

pub use response::{AuthorizationResponse, ReturnTo};

use crate::{
    claims::scope_of,
    error::OAuthError,
    model::{Audience, Client, ClientId, Subject},
    pkce::CodeChallenge,
    redirect_uri::VerifiedRedirect,
    request::{AuthorizationParams, ClaimsRequest, Prompts, ResponseMode},
    resources::Resources,
    scope::Scope,
    verify::VerifiedHint,
};

/// A checked authorization request. What depends on the user is checked later.
/// It travels sealed in the ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client.
    pub client_id: ClientId,
    /// Where the response goes; compared again when the code is issued.
    pub redirect_uri: String,
    /// Whether the request named it.
    pub redirect_uri_given: bool,
    /// How the response is returned.
    pub response_mode: ResponseMode,
    /// Echoed exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Put in the ID token exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The scopes requested and permitted.
    pub scope: Scope,
    /// The APIs named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Audience>,
    /// The PKCE challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<CodeChallenge>,
    /// The pages to show or not to show.
    #[serde(default)]
    pub prompt: Prompts,
    /// The greatest age of the login, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// Single claims asked for.
    #[serde(default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
    /// What to put in the login form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// The required user, by `id_token_hint` or the claim `sub`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
}

impl AuthorizationRequest {
    /// What the user is asked to allow: the scopes, and those that requested claims belong to.
    #[must_use]
    pub fn consent_scope(&self) -> Scope {
        let claims = self
            .claims
            .userinfo
            .keys()
            .chain(self.claims.id_token.keys());
        claims
            .filter_map(|name| scope_of(name))
            .fold(self.scope.clone(), Scope::with)
    }
}

/// Where an error goes.
#[derive(Debug)]
pub enum Refusal {
    /// To the user, as a page: the redirect URI is not verified.
    Page(OAuthError),
    /// Back to the client.
    Return(ReturnTo, OAuthError),
}

/// What the checks look things up in.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The client that the request names, if it exists.
    pub client: Option<&'a Client>,
    /// The APIs.
    pub resources: &'a Resources,
    /// Reads an `id_token_hint`.
    pub hint: &'a dyn Fn(&str) -> Result<VerifiedHint, OAuthError>,
}

/// All checks of an authorization request, in their order.
pub fn check(
    params: &AuthorizationParams<'_>,
    context: Context<'_>,
) -> Result<AuthorizationRequest, Refusal> {
    let client = redirect_uri::known_client(context.client).map_err(Refusal::Page)?;
    let (redirect, given) = redirect_uri::verified(params, client).map_err(Refusal::Page)?;
    let back = ReturnTo::new(redirect.clone(), params);
    rest(params, client, context, (redirect, given)).map_err(|e| Refusal::Return(back, e))
}

fn rest(
    params: &AuthorizationParams<'_>,
    client: &Client,
    context: Context<'_>,
    (redirect, redirect_uri_given): (VerifiedRedirect, bool),
) -> Result<AuthorizationRequest, OAuthError> {
    params.flawless()?;
    let state = response::state(params, client)?;
    let response_mode = response::mode(params)?;
    response_type::no_request_object(params)?;
    response_type::is_code(params, client)?;
    let challenge = pkce::challenge(params, client)?;
    let scope = scope::allowed(params, client, context.resources)?;
    let nonce = response::nonce(params, client, &scope)?;
    let resources = resource::known(params, context.resources, &scope)?;
    let prompt = params.prompt()?;
    let max_age = params.max_age()?.or(client.metadata().default_max_age);
    let claims = scope::claims(params, client)?;
    hint::acr_can_be_reached(params, &claims)?;
    let subject = hint::subject(params, &claims, context.hint)?;
    Ok(AuthorizationRequest {
        client_id: client.id().clone(),
        redirect_uri: redirect.as_str().to_owned(),
        redirect_uri_given,
        response_mode,
        state,
        nonce,
        scope,
        resources,
        challenge,
        prompt,
        max_age,
        claims,
        login_hint: params.login_hint()?.map(str::to_owned),
        subject,
    })
}

#[cfg(test)]
mod tests;
