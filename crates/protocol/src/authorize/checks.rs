//! The checks of an authorization request as a table: a row is a check, a column an endpoint.

use super::{
    Access, AuthorizationRequest, Context, PageReason, Refusal, ReturnPath, ReturnTo, hint, pkce,
    redirect_uri, resource, response, response_type, scope, shown,
};
use crate::{
    error::{ErrorCode, OAuthError},
    explain::{Check, Values},
    model::{Audience, Client, Subject},
    pkce::CodeChallenge,
    redirect_uri::VerifiedRedirect,
    request::{AuthorizationParams, ClaimsRequest, NoValue, Prompts, ResponseMode},
    scope::Scope,
};

/// An endpoint that takes authorization requests: a column of [`CHECKS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/authorize`
    Authorize,
}

/// A row of [`CHECKS`].
pub struct CheckRow {
    /// The check.
    pub check: Check,
    /// The endpoints that run it.
    pub endpoints: &'static [Endpoint],
    run: fn(&mut Run<'_>) -> Result<(), OAuthError>,
    values: fn(&Run<'_>) -> Values,
}

impl CheckRow {
    pub(super) fn apply(&self, run: &mut Run<'_>) -> Result<(), OAuthError> {
        (self.run)(run)
    }

    /// What was sent and registered, for the log.
    pub(super) fn values(&self, run: &Run<'_>) -> Values {
        (self.values)(run)
    }
}

/// What a parameter of ten digits can say.
const MAX_AGE: u64 = 9_999_999_999;

const ALL: &[Endpoint] = &[Endpoint::Authorize];
const BROWSER: &[Endpoint] = &[Endpoint::Authorize];

/// All checks, in their order.
#[rustfmt::skip]
pub const CHECKS: &[CheckRow] = &[
    row("client",         "RFC 6749 §4.1.2.1",      ALL,     client,         shown::client),
    row("redirect_uri",   "RFC 9700 §2.1",          BROWSER, redirect,       shown::redirect_uri),
    row("request",        "RFC 6749 §3.1",          ALL,     request,        shown::nothing),
    row("state",          "RFC 6749 §4.1.1",        BROWSER, state,          shown::state),
    row("response_mode",  "OAuth 2.0 Form Post §2", BROWSER, response_mode,  shown::response_mode),
    row("request_object", "OpenID Core §6",         ALL,     request_object, shown::nothing),
    row("response_type",  "RFC 6749 §3.1.1",        BROWSER, response_type,  shown::response_type),
    row("grant_type",     "RFC 6749 §4.1.2.1",      BROWSER, grant_type,     shown::grant_types),
    row("code_challenge", "RFC 7636 §4.3",          BROWSER, code_challenge, shown::code_challenge),
    row("scope",          "RFC 6749 §3.3",          ALL,     scope,          shown::scope),
    row("nonce",          "OpenID Core §3.1.2.1",   BROWSER, nonce,          shown::nonce),
    row("resource",       "RFC 8707 §2",            ALL,     resources,      shown::resource),
    row("prompt",         "OpenID Core §3.1.2.1",   BROWSER, prompt,         shown::prompt),
    row("max_age",        "OpenID Core §3.1.2.1",   ALL,     max_age,        shown::max_age),
    row("claims",         "OpenID Core §5.5",       ALL,     claims,         shown::claims),
    row("acr",            "OpenID Core §5.5.1.1",   ALL,     acr,            shown::acr),
    row("subject",        "OpenID Core §3.1.2.1",   ALL,     subject,        shown::subject),
    row("login_hint",     "OpenID Core §3.1.2.1",   ALL,     login_hint,     shown::login_hint),
    row("organization",   "RFC 6749 §8.2",          ALL,     organization,   shown::organization),
];

const fn row(
    name: &'static str,
    section: &'static str,
    endpoints: &'static [Endpoint],
    run: fn(&mut Run<'_>) -> Result<(), OAuthError>,
    values: fn(&Run<'_>) -> Values,
) -> CheckRow {
    CheckRow {
        check: Check { name, section },
        endpoints,
        run,
        values,
    }
}

/// A run through the checks: the request, and what the checks have found so far.
pub(super) struct Run<'a> {
    pub(super) params: &'a AuthorizationParams<'a>,
    pub(super) context: Context<'a>,
    pub(super) client: Option<&'a Client>,
    redirect: Option<VerifiedRedirect>,
    redirect_uri_given: bool,
    found: Found,
}

#[derive(Default)]
struct Found {
    state: Option<String>,
    response_mode: ResponseMode,
    challenge: Option<CodeChallenge>,
    scope: Scope,
    nonce: Option<String>,
    resources: Vec<Audience>,
    prompt: Prompts,
    max_age: Option<u64>,
    claims: ClaimsRequest,
    acr_values: Vec<String>,
    subject: Option<Subject>,
    login_hint: Option<String>,
    organization: Option<String>,
}

impl<'a> Run<'a> {
    pub(super) fn new(params: &'a AuthorizationParams<'a>, context: Context<'a>) -> Self {
        Self {
            params,
            context,
            client: None,
            redirect: None,
            redirect_uri_given: false,
            found: Found::default(),
        }
    }

    /// The client, which the first check has found.
    fn client(&self) -> Result<&'a Client, OAuthError> {
        self.client.ok_or_else(|| unchecked("client"))
    }

    /// Sends an error to the client as soon as the redirect URI is verified.
    pub(super) fn refuse(self, error: OAuthError) -> Refusal {
        match self.redirect {
            None => Refusal::Page(self.page_reason(), error),
            Some(redirect) => Refusal::Return(ReturnTo::new(redirect, self.params), error),
        }
    }

    fn page_reason(&self) -> PageReason {
        if self.client.is_none() {
            return match self.params.client_id() {
                Ok(_) => PageReason::UnknownClient,
                Err(_) => PageReason::Unreadable,
            };
        }
        match self.params.redirect_uri() {
            Ok(_) => PageReason::WrongRedirectUri,
            Err(NoValue::Missing) => PageReason::NoRedirectUri,
            Err(NoValue::Repeated | NoValue::Undecodable) => PageReason::Unreadable,
        }
    }

    /// The request that has passed all checks.
    pub(super) fn finish(self) -> Result<AuthorizationRequest, Refusal> {
        let reason = self.page_reason();
        let (Some(client), Some(redirect)) = (self.client, self.redirect) else {
            return Err(Refusal::Page(reason, unchecked("redirect_uri")));
        };
        let found = self.found;
        Ok(AuthorizationRequest {
            access: Access {
                client_id: client.id().clone(),
                scope: found.scope,
                resources: found.resources,
                claims: found.claims,
                max_age: found.max_age,
                acr_values: found.acr_values,
                login_hint: found.login_hint,
                subject: found.subject,
                organization: found.organization,
            },
            return_path: ReturnPath {
                redirect_uri: redirect.as_str().to_owned(),
                redirect_uri_given: self.redirect_uri_given,
                response_mode: found.response_mode,
                state: found.state,
                nonce: found.nonce,
                challenge: found.challenge,
            },
            prompt: found.prompt,
            language: self.params.language(),
        })
    }
}

/// A row that later ones build on is missing in the table.
fn unchecked(what: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::ServerError, "the request was not checked").because(what)
}

fn client(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.client = Some(redirect_uri::known_client(run.params, run.context.client)?);
    Ok(())
}

fn redirect(run: &mut Run<'_>) -> Result<(), OAuthError> {
    let (redirect, given) = redirect_uri::verified(run.params, run.client()?)?;
    (run.redirect, run.redirect_uri_given) = (Some(redirect), given);
    Ok(())
}

fn request(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.params.flawless()
}

fn state(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.state = response::state(run.params, run.client()?)?;
    Ok(())
}

fn response_mode(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.response_mode = response::mode(run.params)?;
    Ok(())
}

fn request_object(run: &mut Run<'_>) -> Result<(), OAuthError> {
    response_type::no_request_object(run.params)
}

fn response_type(run: &mut Run<'_>) -> Result<(), OAuthError> {
    response_type::is_code(run.params)
}

fn grant_type(run: &mut Run<'_>) -> Result<(), OAuthError> {
    response_type::may_use_codes(run.client()?)
}

fn code_challenge(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.challenge = pkce::challenge(run.params, run.client()?)?;
    Ok(())
}

fn scope(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.scope = scope::allowed(run.params, run.client()?, run.context.resources)?;
    Ok(())
}

fn nonce(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.nonce = response::nonce(run.params, run.client()?, &run.found.scope)?;
    Ok(())
}

fn resources(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.resources = resource::known(run.params, run.context.resources, &run.found.scope)?;
    Ok(())
}

fn prompt(run: &mut Run<'_>) -> Result<(), OAuthError> {
    let prompt = run.params.prompt()?;
    run.found.prompt = prompt.offered(run.context.sign_up)?;
    Ok(())
}

fn max_age(run: &mut Run<'_>) -> Result<(), OAuthError> {
    // No longer than a parameter can say: the request is checked again as parameters.
    let default = run.client()?.metadata().default_max_age;
    let default = default.map(|seconds| seconds.min(MAX_AGE));
    run.found.max_age = run.params.max_age()?.or(default);
    Ok(())
}

fn claims(run: &mut Run<'_>) -> Result<(), OAuthError> {
    let resources = run.context.resources;
    run.found.claims = scope::claims(run.params, run.client()?, resources, &run.found.scope)?;
    Ok(())
}

fn acr(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.acr_values = run.params.acr_values()?;
    hint::acr_can_be_reached(&run.found.claims, run.context.acr)
}

fn subject(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.subject = hint::subject(run.params, &run.found.claims, run.context.hint)?;
    Ok(())
}

fn login_hint(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.login_hint = run.params.login_hint()?.map(str::to_owned);
    Ok(())
}

fn organization(run: &mut Run<'_>) -> Result<(), OAuthError> {
    run.found.organization = run.params.organization()?.map(str::to_owned);
    Ok(())
}
