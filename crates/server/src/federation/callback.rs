//! Takes a browser back from an upstream, and proves who came: `GET` and `POST /federation/{upstream}/callback`.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use cardea_client::rp::{Callback, IdentityClaims, RpError};
use cardea_protocol::federation::{ProviderKind, UpstreamIdentity};
use cardea_web::inbound::UnreadForm;
use form_urlencoded::Serializer;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    arrival::arrive,
    begin::{find, log},
    page::{FederationPage, Problem},
    pending::Pending,
    upstreams::{Upstream, in_time},
};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{MAX_PAGE_BYTES, read_limited},
    limited,
};

/// The parameter with a response that was posted.
const POSTED: &str = "response";
const POSTED_TTL: SignedDuration = SignedDuration::from_mins(5);
/// How much older than its request an authentication may be that had to be new: clocks differ.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
const MAX_USER_BYTES: usize = 1024;

/// `POST`, for providers that answer with a form, as Apple does. The form comes from another site, so that the browser sends no
/// cookie with it and nothing can be proved: it is sealed and fetched again by GET, which has the cookies.
pub(crate) async fn post(ctx: Ctx, Path(id): Path<String>, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.authorize;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_PAGE_BYTES).await?;
        let upstream = find(&ctx, &id)?;
        let text = Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let json = serde_json::to_vec(&(ctx.caller.now, text));
        let json = json.map_err(|e| Failure::Internal(e.to_string()))?;
        let seal = &ctx.app.seals.federation;
        let sealed = seal.seal_text(&json, upstream.id.as_str().as_bytes());
        let path = format!("/federation/{}/callback", upstream.id);
        let url = ctx.app.settings.issuer.endpoint(&path);
        Ok(Redirect::to(&format!("{url}?{POSTED}={sealed}")).into_response())
    };
    error::page(&ctx, result.await)
}

/// `GET`
pub(crate) async fn get(ctx: Ctx, Path(id): Path<String>) -> Response {
    let result = async {
        limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
        let upstream = find(&ctx, &id)?;
        let query = ctx.caller.query.clone().unwrap_or_default();
        let text = match query.strip_prefix("response=") {
            Some(sealed) => posted(&ctx, upstream, sealed)?,
            None => query,
        };
        come_back(&ctx, upstream, &text).await
    };
    error::page(&ctx, result.await)
}

/// The response of a form.
fn posted(ctx: &Ctx, upstream: &Upstream, sealed: &str) -> Result<String, Failure> {
    let broken = |cause: String| Failure::page(PageError::BrokenLink, cause);
    let seal = &ctx.app.seals.federation;
    let json = seal.open_text(sealed, upstream.id.as_str().as_bytes());
    let json = json.map_err(|e| broken(format!("response: {e}")))?;
    let (at, text): (Timestamp, String) =
        serde_json::from_slice(json.expose()).map_err(|e| broken(e.to_string()))?;
    if ctx.caller.now.duration_since(at) > POSTED_TTL {
        let cause = "the response is older than 5 minutes";
        return Err(Failure::page(PageError::TooLate, cause));
    }
    Ok(text)
}

async fn come_back(ctx: &Ctx, upstream: &Upstream, text: &str) -> Result<Response, Failure> {
    let callback = Callback::parse(text);
    // RFC 9700 §4.4.2: each upstream has a redirect URI of its own, and an answer of another one is not taken. RFC 6749 §10.12: nor
    // is one that this browser did not ask for. Either leaves a sign-in that is pending as it is.
    let state = callback.as_ref().ok().and_then(Callback::state);
    let pending = Pending::read(ctx)
        .filter(|one| one.upstream == upstream.id && state == Some(one.login.state()));
    let Some(pending) = pending else {
        log(
            ctx,
            upstream,
            &RpError::Mismatch("this browser began no such sign-in"),
        );
        let again = ctx.app.settings.issuer.endpoint("/account");
        return Ok(FederationPage::show(
            ctx,
            Problem::StartAgain,
            upstream,
            Some(again),
        ));
    };
    let browser = Browser::of(ctx);
    let again = pending.ticket.restart(&ctx.app);
    let result = async {
        let pending = pending.of_browser(ctx, &browser)?;
        let finished = match &callback {
            Ok(callback) => in_time(upstream.party.finish(callback, &pending.login)).await,
            Err(error) => Err(error.clone()),
        };
        let identity = match finished {
            Ok(logged_in) => logged_in.identity,
            Err(error) => {
                log(ctx, upstream, &error);
                let problem = Problem::of(&error);
                return Ok(FederationPage::show(ctx, problem, upstream, again));
            }
        };
        if !is_fresh(upstream.kind, &identity, &pending) {
            tracing::info!(request_id = %ctx.caller.request_id, upstream = upstream.id.as_str(), "a sign-in at another provider is older than its request");
            return Ok(FederationPage::show(
                ctx,
                Problem::NotFresh,
                upstream,
                again,
            ));
        }
        let names = names(upstream.kind, text);
        let identity = known(upstream.kind, identity, names);
        arrive(ctx, &browser, (upstream, identity), pending).await
    };
    let result = result.await;
    let mut response = error::page(ctx, result);
    // A sign-in is finished once, whatever becomes of it.
    Pending::forget(&ctx.app, response.headers_mut());
    Ok(response)
}

/// OpenID Core §3.1.2.1: with `prompt=login` the user authenticates again, and `auth_time` shows it. Google, GitHub and Apple don't
/// say when that was; Entra ID says it if it is set up to.
fn is_fresh(kind: ProviderKind, identity: &IdentityClaims, pending: &Pending) -> bool {
    if !pending.must_be_fresh {
        return true;
    }
    let asked = pending.login.started_at();
    let is_new = |at: Timestamp| asked.duration_since(at) <= SKEW;
    match (kind, identity.auth_time) {
        (ProviderKind::Openid | ProviderKind::Entra, Some(at)) => is_new(at),
        (ProviderKind::Openid, None) => false,
        _ => true,
    }
}

fn known(
    kind: ProviderKind,
    identity: IdentityClaims,
    names: Map<String, Value>,
) -> UpstreamIdentity {
    let mut claims = identity.other;
    if !identity.roles.is_empty() {
        claims.insert("roles".to_owned(), identity.roles.into());
    }
    for (name, value) in names {
        claims.entry(name).or_insert(value);
    }
    UpstreamIdentity {
        kind,
        issuer: identity.iss,
        subject: identity.sub,
        sid: identity.sid,
        auth_time: identity.auth_time,
        acr: identity.acr,
        amr: identity.amr,
        claims,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppleName {
    first_name: Option<String>,
    last_name: Option<String>,
}

#[derive(Deserialize)]
struct AppleUser {
    name: Option<AppleName>,
}

/// Apple sends the user's name beside the code, at the first sign-in only, and unsigned. A name proves nothing; the address that is
/// with it would, and is not read.
fn names(kind: ProviderKind, text: &str) -> Map<String, Value> {
    let mut claims = Map::new();
    if kind != ProviderKind::Apple {
        return claims;
    }
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    let user = pairs.find(|(name, value)| name == "user" && value.len() <= MAX_USER_BYTES);
    let user = user.and_then(|(_, json)| serde_json::from_str::<AppleUser>(&json).ok());
    let Some(name) = user.and_then(|user| user.name) else {
        return claims;
    };
    let parts = [name.first_name, name.last_name].map(|part| part.unwrap_or_default());
    let [given, family] = &parts;
    let whole = format!("{given} {family}");
    for (claim, text) in [
        ("given_name", given),
        ("family_name", family),
        ("name", &whole),
    ] {
        if !text.trim().is_empty() {
            claims.insert(claim.to_owned(), json!(text.trim()));
        }
    }
    claims
}
