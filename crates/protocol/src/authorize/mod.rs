//! The rules of `/authorize`: RFC 6749 §4.1.1, OpenID Core §3.1.2.2, and later specifications.
//!
//! A request has two halves: [`Access`], what the client asks for, and [`ReturnPath`], how the response goes back.
//! [`CHECKS`] lists the checks in their order. Until the redirect URI is verified an error is a page; from then on it goes
//! back to the client.

mod access;
mod checks;
mod hint;
mod params;
mod pkce;
mod redirect_uri;
mod resource;
mod response;
mod response_type;
mod return_path;
mod scope;
mod shown;

use serde::{Deserialize, Serialize};

pub use access::Access;
pub use checks::{CHECKS, CheckRow, Endpoint};
pub use response::{AuthorizationResponse, ReturnTo};
pub use return_path::ReturnPath;

use crate::{
    error::OAuthError,
    explain::Trail,
    language::Lang,
    mfa::Acr,
    model::Client,
    request::{AuthorizationParams, Prompts},
    resources::Resources,
    verify::VerifiedHint,
};

/// A checked authorization request. What depends on the user is checked later.
/// It travels sealed in the ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// What the client asks for.
    #[serde(rename = "a")]
    pub access: Access,
    /// How the response goes back.
    #[serde(rename = "r")]
    pub return_path: ReturnPath,
    /// The pages to show or not to show.
    #[serde(rename = "p", default, skip_serializing_if = "Prompts::is_empty")]
    pub prompt: Prompts,
    /// The language of the pages, by `ui_locales`.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Lang>,
}

/// Where an error goes.
#[derive(Debug)]
pub enum Refusal {
    /// To the user, as a page: the redirect URI is not verified.
    Page(PageReason, OAuthError),
    /// Back to the client.
    Return(ReturnTo, OAuthError),
}

/// Why an error is shown to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageReason {
    /// No such client, or it is disabled.
    UnknownClient,
    /// The redirect URI is not registered.
    WrongRedirectUri,
    /// The request has no redirect URI.
    NoRedirectUri,
    /// Client or redirect URI can't be read.
    Unreadable,
}

/// What the checks look things up in.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The client that the request names, if it exists.
    pub client: Option<&'a Client>,
    /// If it does not, a registered client identifier that may have been meant. Only logged.
    pub similar_client: Option<&'a str>,
    /// Some registered client identifiers, if the request names no client. Only logged.
    pub some_clients: &'a [String],
    /// The APIs.
    pub resources: &'a Resources,
    /// The classes that a sign-in can reach.
    pub acr: &'a [Acr],
    /// Whether strangers can sign up.
    pub sign_up: bool,
    /// Reads an `id_token_hint`.
    pub hint: &'a dyn Fn(&str) -> Result<VerifiedHint, OAuthError>,
}

/// All checks of an authorization request, in their order. An error has the [`Trail`] of the checks.
pub fn check<'a>(
    params: &'a AuthorizationParams<'a>,
    context: Context<'a>,
) -> Result<AuthorizationRequest, Refusal> {
    let mut run = checks::Run::new(params, context);
    let mut trail = Trail::of(params.sent("client_id").as_deref());
    for row in CHECKS {
        if !row.endpoints.contains(&Endpoint::Authorize) {
            continue;
        }
        match row.apply(&mut run) {
            Ok(()) => trail.passed(row.check),
            Err(error) => {
                let error = trail.failed(row.check, row.values(&run), error);
                return Err(run.refuse(error));
            }
        }
    }
    run.finish()
}

#[cfg(test)]
mod tests;
