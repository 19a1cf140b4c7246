//! `GET` and `POST /account`: who I am, where I am logged in, which applications act for me.

pub(crate) mod device;
pub(crate) mod page;

use axum::{
    extract::{Path, rejection::PathRejection},
    response::{IntoResponse, Redirect, Response},
};
use cardea_protocol::model::{
    Actor, Cause, Client, ClientId, Consent, Session, SessionEnd, Sid, User,
};
use cardea_store::{Applications, EndSessions, EndWhich, GrantView, Page, RevokeApplication};
use cardea_web::inbound::UnreadForm;
use jiff::Timestamp;

use self::page::{AccountPage, ApplicationLine, Done, Email, SessionLine};
use crate::{
    app::App,
    backchannel_logout::notify_clients,
    browser::Browser,
    caller::Caller,
    client_logo,
    consent::words::words,
    ctx::Ctx,
    end_session,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_PAGE_BYTES, read_limited},
    journey::{
        forms::{csrf_parts, from_our_page},
        goal::AccountSection,
    },
    limited,
    pages::{UserLine, When, html},
};

const STEP: &str = "account";
/// How many sessions and how many grants the page shows.
const MAX_SHOWN: u32 = 200;

/// `GET /account`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        limited::by_network(&ctx.app.limits.other, &ctx.caller)?;
        let browser = Browser::of(&ctx);
        match browser.session(&ctx).await? {
            None => Ok(to_login(&ctx.app, AccountSection::Profile)),
            Some(session) => show(&ctx, &browser, &session).await,
        }
    };
    error::page(&ctx, result.await)
}

/// `GET /account/devices`, and the other sections: links that survive a login. A fragment is not sent to the server.
pub(crate) async fn section(ctx: Ctx, name: Result<Path<String>, PathRejection>) -> Response {
    let result = async {
        limited::by_network(&ctx.app.limits.other, &ctx.caller)?;
        let section = AccountSection::named(name.as_ref().ok().map(|name| name.as_str()))
            .ok_or_else(|| Failure::page(PageError::NotFound, "no such section"))?;
        let browser = Browser::of(&ctx);
        Ok(match browser.session(&ctx).await? {
            None => to_login(&ctx.app, section),
            Some(_) => {
                let url = ctx.app.settings.issuer.endpoint(&section.path());
                Redirect::to(&url).into_response()
            }
        })
    };
    error::page(&ctx, result.await)
}

/// `POST /account`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let limiter = &ctx.app.limits.other;
        let pairs = read_limited(limiter, &ctx.caller, form, MAX_PAGE_BYTES).await?;
        act(&ctx, &Form::of(pairs)?).await
    };
    error::page(&ctx, result.await)
}

fn to_login(app: &App, return_to: AccountSection) -> Response {
    Redirect::to(&app.settings.issuer.endpoint(&return_to.login_path())).into_response()
}

async fn act(ctx: &Ctx, form: &Form) -> Result<Response, Failure> {
    let browser = Browser::of(ctx);
    let Some(session) = browser.session(ctx).await? else {
        let return_to = match form.one("action") {
            Some("end_session" | "end_other_sessions") => AccountSection::Devices,
            Some("revoke") => AccountSection::Apps,
            _ => AccountSection::Profile,
        };
        return Ok(to_login(&ctx.app, return_to));
    };
    from_our_page(ctx, &csrf_parts(&browser, "", STEP), form.one("csrf"))?;
    let subject = session.subject.clone();
    let cause = ctx.caller.cause(Actor::Person(subject.clone()));
    let id = form.one("id").unwrap_or_default();
    let broken = |e: &dyn std::fmt::Display| Failure::page(PageError::BrokenLink, e.to_string());
    let done = match form.one("action") {
        Some("log_out") => {
            end_session::log_out(ctx, Some(&session)).await?;
            return Ok(end_session::done(ctx, None));
        }
        Some("end_session") => {
            let sid = Sid::parse(id).map_err(|e| broken(&e))?;
            ctx.app
                .store
                .end_sessions(EndSessions {
                    which: EndWhich::Sid(sid.clone(), Some(subject)),
                    why: SessionEnd::Remote,
                    applications: Applications::Keep,
                    cause,
                })
                .await?;
            notify_clients(&ctx.app, &sid).await;
            Done::SessionEnded
        }
        Some("end_other_sessions") => {
            end_others(&ctx.app, &session, cause).await?;
            Done::OthersEnded
        }
        Some("revoke") => {
            let client_id = ClientId::parse(id).map_err(|e| broken(&e))?;
            ctx.app
                .store
                .revoke_application(RevokeApplication {
                    subject,
                    client_id,
                    cause,
                })
                .await?;
            Done::AccessRevoked
        }
        _ => return Err(broken(&"the account form has no known action")),
    };
    let account = ctx.app.settings.issuer.endpoint("/account");
    Ok(Redirect::to(&format!("{account}?done={}", done.as_str())).into_response())
}

/// Ends all sessions of the user but this one.
async fn end_others(app: &App, current: &Session, cause: Cause) -> Result<(), Failure> {
    let mut page = Page::first(MAX_SHOWN);
    loop {
        let subject = &current.subject;
        let sessions = app
            .store
            .sessions_of(subject, page.clone(), cause.now)
            .await?;
        for session in sessions.items {
            if session.sid == current.sid {
                continue;
            }
            let command = EndSessions {
                which: EndWhich::Sid(session.sid, Some(subject.clone())),
                why: SessionEnd::Remote,
                applications: Applications::Keep,
                cause: cause.clone(),
            };
            app.store.end_sessions(command).await?;
        }
        page.after = sessions.next;
        if page.after.is_none() {
            break;
        }
    }
    app.backchannel_logout.wake();
    Ok(())
}

/// What the action before this page did.
fn done(caller: &Caller) -> Option<Done> {
    let query = caller.query.as_deref()?.as_bytes();
    form_urlencoded::parse(query)
        .find(|(name, _)| name == "done")
        .and_then(|(_, word)| Done::parse(&word))
}

async fn show(ctx: &Ctx, browser: &Browser, session: &Session) -> Result<Response, Failure> {
    let subject = &session.subject;
    let user = ctx.app.store.user(subject).await?;
    let user = user.ok_or_else(|| Failure::page(PageError::TooLate, "the user was removed"))?;
    ctx.language.offer_of(Some(&user));
    let store = &ctx.app.store;
    let sessions = store.sessions_of(subject, Page::first(MAX_SHOWN), ctx.caller.now);
    let mut sessions = sessions.await?.items;
    sessions.sort_by_key(|s| s.id != session.id);
    let grants = store.grants_of(subject, Page::first(MAX_SHOWN), ctx.caller.now);
    let grants = grants.await?.items;
    let consents = store.consents_of(subject).await?;
    let mut clients = Vec::new();
    for consent in &consents {
        clients.push(ctx.app.clients.find(consent.client_id.as_str()).await?);
    }
    let applications = consents.iter().zip(&clients);
    let addresses: Vec<String> = sessions
        .iter()
        .map(|s| s.address.map(|a| a.to_string()).unwrap_or_default())
        .collect();
    let page = AccountPage {
        shell: ctx.shell(),
        csrf: &ctx.app.csrf.token(&csrf_parts(browser, "", STEP)),
        done: done(&ctx.caller),
        user: user_line(&user),
        email: user.email.as_deref().map(|address| Email {
            address,
            verified: user.email_verified,
        }),
        sessions: sessions
            .iter()
            .zip(&addresses)
            .map(|(s, address)| session_line(s, address, session, ctx.caller.now))
            .collect(),
        applications: applications
            .map(|(consent, client)| application_line(ctx, consent, client.as_deref(), &grants))
            .collect(),
    };
    let mut response = html(AccountPage::CSP, &page);
    browser.remember(&ctx.app, response.headers_mut());
    Ok(response)
}

fn user_line(user: &User) -> UserLine<'_> {
    UserLine {
        name: user.claims.get("name").and_then(serde_json::Value::as_str),
        username: user.username.as_str(),
    }
}

fn session_line<'a>(
    session: &'a Session,
    address: &'a str,
    current: &Session,
    now: Timestamp,
) -> SessionLine<'a> {
    SessionLine {
        id: session.sid.as_str(),
        current: session.id == current.id,
        started: When::new(session.created_at, now),
        last_seen: When::new(session.last_seen_at, now),
        address,
        user_agent: session.user_agent.as_deref().unwrap_or_default(),
    }
}

fn application_line<'a>(
    ctx: &Ctx,
    consent: &'a Consent,
    client: Option<&'a Client>,
    grants: &[GrantView],
) -> ApplicationLine<'a> {
    let own = || {
        grants
            .iter()
            .filter(|g| g.grant.client_id == consent.client_id)
    };
    let used = |g: &GrantView| {
        g.grant
            .refresh
            .as_ref()
            .map_or(g.grant.created_at, |r| r.rotated_at)
    };
    let late = |g: &GrantView| g.grant.refresh.as_ref().and_then(|r| r.late_retry_at);
    let audience = |scope: &str| {
        ctx.app
            .settings
            .resources
            .owner_of(scope)
            .map(|r| r.audience.to_string())
    };
    ApplicationLine {
        id: consent.client_id.as_str(),
        client_name: client.map_or(consent.client_id.as_str(), Client::name),
        logo: client.and_then(client_logo::path),
        scopes: consent
            .scope
            .iter()
            .map(|scope| words(ctx.lang(), scope, audience(scope).as_deref()))
            .collect(),
        last_used: own()
            .map(used)
            .max()
            .map(|at| When::new(at, ctx.caller.now)),
        late_retries: own()
            .filter_map(late)
            .map(|at| When::new(at, ctx.caller.now))
            .collect(),
    }
}
