//! Sends a browser to an upstream.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use cardea_client::rp::{LoginOptions, RpError};
use cardea_protocol::{
    federation::{Domain, ProviderKind},
    journey::Authorization,
    model::User,
    request::Prompt,
};
use cardea_web::inbound::UnreadForm;

use super::{
    page::{FederationPage, Problem},
    pending::Pending,
    upstreams::{Upstream, in_time},
};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_STEP_BYTES, read_limited},
    journey::{
        Journey,
        forms::{LOGIN, Posted, posted},
        goal::{AccountSection, Goal},
        ticket::Ticket,
    },
};

/// A longer hint is not passed on.
const MAX_HINT_BYTES: usize = 254;
/// The page of the links.
const LINKS: &str = "/account/security/links";

/// `POST /federation/{upstream}`: a button of the login page.
pub(crate) async fn post(ctx: Ctx, Path(id): Path<String>, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.authorize;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_STEP_BYTES).await?;
        let form = Form::of(pairs)?;
        let upstream = find(&ctx, &id)?;
        let browser = Browser::of(&ctx);
        match posted(&ctx, &browser, LOGIN, &form).await? {
            Posted::Restarted(response) => Ok(response),
            Posted::Step(mut journey) => {
                journey.note_remember(&ctx, &form);
                sign_in(&ctx, *journey, upstream, None).await
            }
        }
    };
    error::page(&ctx, result.await)
}

/// The upstream of an address.
pub(super) fn find<'a>(ctx: &'a Ctx, id: &str) -> Result<&'a Upstream, Failure> {
    let found = ctx.app.upstreams.find(id);
    found.ok_or_else(|| Failure::page(PageError::NotFound, "no such upstream"))
}

/// Home-realm discovery: the upstream at which users with this address sign in. It depends on the domain only, never on whether
/// there is such a user.
pub(crate) fn home_realm<'a>(ctx: &'a Ctx, typed: &str) -> Option<&'a Upstream> {
    ctx.app.upstreams.of_domain(&Domain::of_typed(typed)?)
}

/// Begins a sign-in on the way of a journey.
pub(crate) async fn sign_in(
    ctx: &Ctx,
    journey: Journey,
    upstream: &Upstream,
    typed: Option<&str>,
) -> Result<Response, Failure> {
    let asked = journey.authorization();
    let hint = asked.and_then(|a| a.request.access.login_hint.clone());
    // A browser that has a session is asked to sign in again for a reason.
    let has = |prompt| asked.is_some_and(|a| a.request.prompt.has(prompt));
    let must_be_fresh = has(Prompt::Login) || journey.session.is_some();
    let select = has(Prompt::SelectAccount);
    let options = LoginOptions {
        prompt: prompt(upstream.kind, must_be_fresh, select),
        max_age: asked.and_then(|a| max_age(upstream.kind, &a)),
        login_hint: typed
            .map(str::to_owned)
            .or(hint)
            .filter(|hint| hint.len() <= MAX_HINT_BYTES),
        // Only another provider that is trusted with classes of authentication is asked for one.
        preferred_acr_values: match asked {
            Some(a) if upstream.trust_mfa => a.request.access.acr_values.clone(),
            _ => Vec::new(),
        },
        ..LoginOptions::default()
    };
    let again = journey.ticket.restart(&ctx.app);
    begin(ctx, upstream, options, again, |login| Pending {
        upstream: upstream.id.clone(),
        login,
        ticket: journey.ticket.clone(),
        must_be_fresh,
        link: None,
    })
    .await
}

/// Begins to link an identity to the account of a user who has signed in recently. The provider asks which account is meant: the
/// browser may be signed in there as somebody else.
pub(crate) async fn link(
    ctx: &Ctx,
    browser: &Browser,
    user: &User,
    id: &str,
) -> Result<Response, Failure> {
    let upstream = find(ctx, id)?;
    let return_to = AccountSection::Security;
    let goal = Goal::Account { return_to };
    let ticket = Ticket::new(&ctx.app, browser, goal, ctx.caller.now);
    let options = LoginOptions {
        prompt: prompt(upstream.kind, false, true),
        ..LoginOptions::default()
    };
    let again = Some(ctx.app.settings.issuer.endpoint(LINKS));
    begin(ctx, upstream, options, again, |login| Pending {
        upstream: upstream.id.clone(),
        login,
        ticket,
        must_be_fresh: false,
        link: Some(user.subject.clone()),
    })
    .await
}

/// The page of the links, after something was done.
pub(crate) fn back_to_links(ctx: &Ctx, done: &str) -> Response {
    let links = ctx.app.settings.issuer.endpoint(LINKS);
    Redirect::to(&format!("{links}?done={done}")).into_response()
}

/// Asks the upstream where to go, and sends the browser there.
pub(super) async fn begin(
    ctx: &Ctx,
    upstream: &Upstream,
    options: LoginOptions,
    again: Option<String>,
    pending: impl FnOnce(cardea_client::rp::LoginState) -> Pending,
) -> Result<Response, Failure> {
    match in_time(upstream.party.begin(options)).await {
        Ok(started) => {
            let pending = pending(started.state);
            let mut response = Redirect::to(&started.authorization_url).into_response();
            pending.keep(&ctx.app, response.headers_mut())?;
            Ok(response)
        }
        Err(error) => {
            log(ctx, upstream, &error);
            Ok(FederationPage::show(
                ctx,
                Problem::of(&error),
                upstream,
                again,
            ))
        }
    }
}

/// What an operator needs to know of a sign-in that failed. It names no user.
pub(super) fn log(ctx: &Ctx, upstream: &Upstream, error: &RpError) {
    let (request_id, upstream) = (ctx.caller.request_id, upstream.id.as_str());
    match error {
        RpError::Refused { .. } | RpError::Mismatch(_) | RpError::TooLate => {
            tracing::info!(%request_id, upstream, %error, "a sign-in at another provider was not completed");
        }
        _ => {
            tracing::warn!(%request_id, upstream, %error, "a sign-in at another provider failed");
        }
    }
}

/// OpenID Core §3.1.2.1, as far as the provider's documentation knows it.
fn prompt(kind: ProviderKind, fresh: bool, select: bool) -> Option<String> {
    let word = match kind {
        ProviderKind::Openid | ProviderKind::Entra if fresh => "login",
        ProviderKind::Google | ProviderKind::Github if fresh => "select_account",
        ProviderKind::Apple => return None,
        _ if select => "select_account",
        _ => return None,
    };
    Some(word.to_owned())
}

/// The others don't say when a user authenticated, so that an answer can't be held to it.
fn max_age(kind: ProviderKind, asked: &Authorization<'_>) -> Option<u64> {
    let asked = asked.request.access.max_age;
    asked.filter(|_| kind == ProviderKind::Openid)
}
