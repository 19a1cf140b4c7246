//! `/end_session`: RP-initiated logout (D17).
//!
//! A valid hint of the browser's own session logs out without asking. Without one the user is asked, and is never sent to a
//! client that no hint or `client_id` named.

pub(crate) mod page;

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    language::Lang,
    model::{Actor, Client, ClientId, Session, SessionEnd, Sid},
    request::EndSessionRequest,
    verify,
};
use cardea_store::{Applications, EndSessions, EndWhich};
use cardea_web::{
    inbound::{FormError, Readable, ReadableQuery, UnreadForm},
    log::REFUSED,
};
use form_urlencoded::Serializer;
use http::{HeaderValue, header::REFRESH};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use self::page::{ConfirmPage, DonePage};
use crate::{
    backchannel_logout::notify_clients,
    browser::{Browser, forget_session},
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    federation::logout::{LogoutThere, upstream_logout},
    form::{Form, MAX_STEP_BYTES, read_limited, read_request},
    journey::forms::{csrf_parts, from_our_page},
    limited,
    pages::{Back, UserLine, html},
};

const STEP: &str = "end_session";
/// What a sealed request of a POST is bound to.
const POSTED: &[u8] = b"posted";
const POSTED_TTL: SignedDuration = SignedDuration::from_mins(5);
/// What a logout at another provider is bound to, and how long it may take.
const AT_UPSTREAM: &[u8] = b"at another provider";
const UPSTREAM_TTL: SignedDuration = SignedDuration::from_mins(15);
/// At most so much of an unregistered address is logged.
const MAX_LOGGED: usize = 256;

/// A request to log out after its hint was verified. It travels sealed from POST to GET: a hint has personal data, which does
/// not belong in a URL.
#[derive(Serialize, Deserialize)]
struct LogoutRequest {
    /// When it was verified.
    at: Timestamp,
    /// The client that the hint or `client_id` names.
    client_id: Option<ClientId>,
    /// The session that the hint names.
    sid: Option<Sid>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
    #[serde(default)]
    language: Option<Lang>,
}

/// Where to go after the logout: an address of the client, from its registration.
#[derive(Serialize, Deserialize)]
struct Afterwards {
    client_name: String,
    location: String,
    /// Whether the client asked for this address. Otherwise it is only a link.
    asked_for: bool,
}

impl Afterwards {
    fn link(&self) -> Back<'_> {
        Back {
            name: &self.client_name,
            href: &self.location,
        }
    }
}

/// `GET /end_session`
pub(crate) async fn get(ctx: Ctx, query: Result<ReadableQuery, FormError>) -> Response {
    let result = async {
        limited::by_network(&ctx.app.limits.other, &ctx.caller)?;
        end(&ctx, &query?.0).await
    };
    error::page(&ctx, result.await)
}

/// `POST /end_session`: verified, and sent on by GET, where a Lax cookie is sent (D7).
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let form = read_request(&ctx.app.limits.other, &ctx.caller, form).await?;
        let request = read(&ctx, &form)?;
        let json = serde_json::to_vec(&request).map_err(|e| Failure::Internal(e.to_string()))?;
        let sealed = ctx.app.seals.logout.seal_text(&json, POSTED);
        let url = ctx.app.settings.issuer.endpoint("/end_session");
        Ok(Redirect::to(&format!("{url}?request={sealed}")).into_response())
    };
    error::page(&ctx, result.await)
}

/// `POST /end_session/confirm`: the user confirmed.
pub(crate) async fn confirm(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.other;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_STEP_BYTES).await?;
        let form = Form::of(pairs)?;
        let browser = Browser::of(&ctx);
        from_our_page(&ctx, &csrf_parts(&browser, "", STEP), form.one("csrf"))?;
        let afterwards = match form.one("request").filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                let json = ctx.app.seals.logout.open_text(text, browser.id.as_bytes());
                let json = json.map_err(|e| {
                    Failure::page(PageError::NotFromHere, format!("logout request: {e}"))
                })?;
                serde_json::from_slice(json.expose())
                    .map_err(|e| Failure::page(PageError::TooLate, e.to_string()))?
            }
        };
        let session = browser.session(&ctx).await?;
        if let Some(session) = &session {
            let user = ctx.app.store.user(&session.subject).await?;
            ctx.language.offer_of(user.as_ref());
        }
        log_out(&ctx, session.as_ref()).await?;
        if let Some(response) = at_upstream(&ctx, session.as_ref(), afterwards.as_ref()).await? {
            return Ok(response);
        }
        Ok(done(&ctx, afterwards.as_ref().map(Afterwards::link)))
    };
    error::page(&ctx, result.await)
}

async fn end(ctx: &Ctx, form: &Readable) -> Result<Response, Failure> {
    let request = match form.pairs.as_slice() {
        [(name, sealed)] if name == "request" => posted(ctx, sealed)?,
        _ => read(ctx, form)?,
    };
    ctx.language.offer(request.language);
    let afterwards = afterwards(ctx, &request).await?;
    let browser = Browser::of(ctx);
    let session = browser.session(ctx).await?;
    let own = |session: &Session| request.sid.as_ref() == Some(&session.sid);
    match session {
        // RP-Initiated Logout §2: without a session of this browser there is nothing to ask.
        None => Ok(onward(ctx, afterwards.as_ref())),
        Some(session) if own(&session) => {
            log_out(ctx, Some(&session)).await?;
            match at_upstream(ctx, Some(&session), afterwards.as_ref()).await? {
                Some(response) => Ok(response),
                None => Ok(onward(ctx, afterwards.as_ref())),
            }
        }
        Some(session) => ask(ctx, &browser, &session, afterwards.as_ref()).await,
    }
}

/// The logout at the provider where the session began, if it is configured; it leads back to `/end_session/done`.
async fn at_upstream(
    ctx: &Ctx,
    session: Option<&Session>,
    afterwards: Option<&Afterwards>,
) -> Result<Option<Response>, Failure> {
    let Some(session) = session else {
        return Ok(None);
    };
    let there = logout_there(ctx, session, afterwards).await?;
    Ok(there.map(|there| {
        let mut response = Redirect::to(&there.url).into_response();
        forget_session(&ctx.app, response.headers_mut());
        response
    }))
}

async fn logout_there<'a>(
    ctx: &'a Ctx,
    session: &Session,
    afterwards: Option<&Afterwards>,
) -> Result<Option<LogoutThere<'a>>, Failure> {
    let json = serde_json::to_vec(&(ctx.caller.now, afterwards));
    let json = json.map_err(|e| Failure::Internal(e.to_string()))?;
    let state = ctx.app.seals.logout.seal_text(&json, AT_UPSTREAM);
    upstream_logout(ctx, session.id, &state).await
}

/// `GET /end_session/done`: back from the logout at another provider.
pub(crate) async fn back(ctx: Ctx, query: Result<ReadableQuery, FormError>) -> Response {
    let result = async {
        limited::by_network(&ctx.app.limits.other, &ctx.caller)?;
        let query = query?.0;
        let state = query.pairs.iter().find(|(name, _)| name == "state");
        let opened = state.and_then(|(_, text)| {
            let json = ctx.app.seals.logout.open_text(text, AT_UPSTREAM).ok()?;
            serde_json::from_slice::<(Timestamp, Option<Afterwards>)>(json.expose()).ok()
        });
        let known = opened.filter(|(at, _)| ctx.caller.now.duration_since(*at) <= UPSTREAM_TTL);
        Ok(onward(
            &ctx,
            known.and_then(|(_, afterwards)| afterwards).as_ref(),
        ))
    };
    error::page(&ctx, result.await)
}

/// The request of a POST.
fn posted(ctx: &Ctx, sealed: &str) -> Result<LogoutRequest, Failure> {
    let json = ctx.app.seals.logout.open_text(sealed, POSTED);
    let json =
        json.map_err(|e| Failure::page(PageError::ForgedLogout, format!("logout request: {e}")))?;
    let mut request: LogoutRequest = serde_json::from_slice(json.expose())
        .map_err(|e| Failure::page(PageError::TooLate, e.to_string()))?;
    // An address that was kept proves nothing any more: the user is asked.
    if ctx.caller.now.duration_since(request.at) > POSTED_TTL {
        request.sid = None;
    }
    Ok(request)
}

/// The request, its hint verified if it has one. A forged hint is an error page (D17).
fn read(ctx: &Ctx, form: &Readable) -> Result<LogoutRequest, Failure> {
    let request = EndSessionRequest::parse(&form.pairs, &form.undecodable)?;
    ctx.language.offer(request.language);
    let ring = ctx.app.ring.current();
    let verify = |jwt: &String| {
        verify::id_token_hint(jwt, ring.hints(), ctx.app.issuer())
            .map_err(|e| Failure::page(PageError::ForgedLogout, format!("id_token_hint: {e}")))
    };
    let hint = request.id_token_hint.as_ref().map(verify).transpose()?;
    // RP-Initiated Logout §2: both name the same client.
    if let (Some(hint), Some(client_id)) = (&hint, &request.client_id)
        && hint.client_id != *client_id
    {
        return Err(Failure::page(
            PageError::ForgedLogout,
            "client_id is not the audience of the hint",
        ));
    }
    let (sid, audience) = match hint {
        Some(hint) => (hint.sid, Some(hint.client_id)),
        None => (None, None),
    };
    Ok(LogoutRequest {
        at: ctx.caller.now,
        client_id: audience.or(request.client_id),
        sid,
        post_logout_redirect_uri: request.post_logout_redirect_uri,
        state: request.state,
        language: request.language,
    })
}

/// RP-Initiated Logout §3: a redirect only to a registered URI of the client that the hint or `client_id` names, compared
/// exactly. Another one doesn't hinder the logout: the page that says it is done has a link to the client.
async fn afterwards(ctx: &Ctx, request: &LogoutRequest) -> Result<Option<Afterwards>, Failure> {
    let Some(client_id) = &request.client_id else {
        return Ok(None);
    };
    let client = ctx.app.clients.find(client_id.as_str()).await?;
    let Some(client) = client.filter(|c| c.is_enabled()) else {
        return Ok(None);
    };
    let registered = &client.metadata().post_logout_redirect_uris;
    let asked = request.post_logout_redirect_uri.as_ref();
    let Some(uri) = asked.filter(|uri| registered.contains(uri)) else {
        if let Some(sent) = asked {
            let sent: String = sent.chars().take(MAX_LOGGED).collect();
            tracing::info!(target: REFUSED, request_id = %ctx.caller.request_id, client_id = client_id.as_str(), sent, registered = registered.join(" "), "post_logout_redirect_uri is not registered");
        }
        return Ok(home(&client).map(|location| Afterwards {
            client_name: client.name().to_owned(),
            location,
            asked_for: false,
        }));
    };
    let state = request.state.as_ref().map(|s| {
        Serializer::new(String::new())
            .append_pair("state", s)
            .finish()
    });
    let location = match state {
        None => uri.clone(),
        Some(state) => format!("{uri}{}{state}", if uri.contains('?') { "&" } else { "?" }),
    };
    Ok(Some(Afterwards {
        client_name: client.name().to_owned(),
        location,
        asked_for: true,
    }))
}

/// An address at which a user finds a client again: its first one for after a logout, or the origin of its first redirect URI.
fn home(client: &Client) -> Option<String> {
    let metadata = client.metadata();
    if let Some(uri) = metadata.post_logout_redirect_uris.first() {
        return Some(uri.clone());
    }
    let urls = metadata.redirect_uris.iter();
    let web = urls
        .filter_map(|uri| Url::parse(uri).ok())
        .find(|url| matches!(url.scheme(), "https" | "http"))?;
    Some(format!("{}/", web.origin().ascii_serialization()))
}

/// The sign-out of the account page: here, and at the provider where the session began if that is configured.
pub(crate) async fn leave(ctx: &Ctx, session: &Session) -> Result<Response, Failure> {
    log_out(ctx, Some(session)).await?;
    let Some(there) = logout_there(ctx, session, None).await? else {
        return Ok(done(ctx, None));
    };
    // The form of the account page may not end in a redirect to another site: this page leads there.
    let page = DonePage {
        there: Some(Back {
            name: there.name,
            href: &there.url,
        }),
        ..DonePage::new(ctx, None)
    };
    let mut response = html(DonePage::CSP, &page);
    let headers = response.headers_mut();
    if let Ok(refresh) = HeaderValue::try_from(format!("0; url={}", there.url)) {
        headers.insert(REFRESH, refresh);
    }
    forget_session(&ctx.app, headers);
    Ok(response)
}

/// Ends this browser's session, if it has one, and notifies its clients.
pub(crate) async fn log_out(ctx: &Ctx, session: Option<&Session>) -> Result<(), Failure> {
    let Some(session) = session else {
        return Ok(());
    };
    let command = EndSessions {
        which: EndWhich::Id(session.id),
        why: SessionEnd::Logout,
        // OpenID Core §11: offline access outlives a logout.
        applications: Applications::Keep,
        cause: ctx.caller.cause(Actor::Person(session.subject.clone())),
    };
    ctx.app.store.end_sessions(command).await?;
    metrics::counter!(cardea_web::metric_names::LOGOUTS).increment(1);
    notify_clients(&ctx.app, &session.sid).await;
    Ok(())
}

async fn ask(
    ctx: &Ctx,
    browser: &Browser,
    session: &Session,
    afterwards: Option<&Afterwards>,
) -> Result<Response, Failure> {
    let user = ctx.app.store.user(&session.subject).await?;
    let user = user.ok_or_else(|| Failure::page(PageError::TooLate, "the user was removed"))?;
    ctx.language.offer_of(Some(&user));
    let sealed = match afterwards {
        None => String::new(),
        Some(afterwards) => {
            let json =
                serde_json::to_vec(afterwards).map_err(|e| Failure::Internal(e.to_string()))?;
            ctx.app.seals.logout.seal_text(&json, browser.id.as_bytes())
        }
    };
    let page = ConfirmPage {
        shell: ctx.shell(),
        csrf: &ctx.app.csrf.token(&csrf_parts(browser, "", STEP)),
        request: &sealed,
        user: UserLine {
            name: user.claims.get("name").and_then(serde_json::Value::as_str),
            username: user.username.as_str(),
        },
    };
    let mut response = html(ConfirmPage::CSP, &page);
    browser.remember(&ctx.app, response.headers_mut());
    Ok(response)
}

/// After a logout without a question: to the client, or to the page that says it is done.
fn onward(ctx: &Ctx, afterwards: Option<&Afterwards>) -> Response {
    let mut response = match afterwards {
        Some(afterwards) if afterwards.asked_for => {
            Redirect::to(&afterwards.location).into_response()
        }
        other => return done(ctx, other.map(Afterwards::link)),
    };
    forget_session(&ctx.app, response.headers_mut());
    response
}

/// The page that says it is done. The session's cookie goes with it.
fn done(ctx: &Ctx, back: Option<Back<'_>>) -> Response {
    let mut response = html(DonePage::CSP, &DonePage::new(ctx, back));
    forget_session(&ctx.app, response.headers_mut());
    response
}
