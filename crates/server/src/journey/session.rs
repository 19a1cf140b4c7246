//! The session that a login opens (D8): a new cookie, always.

use axum::response::Response;
use cardea_protocol::{
    federation::UpstreamProof,
    journey::{self, Authenticated, NextStep, Proved, SteppedUp},
    mfa::Acr,
    model::{Actor, Session, SessionId, Sid, Subject},
};
use cardea_store::{Notice, OpenSession, StepUpSession, UpstreamSession};
use jiff::SignedDuration;

use super::{
    Journey, finish,
    kept::KeptPage,
    known_device::{self, ProvedThere},
    next_step::{page_url, proceed, to_page},
    ticket::Ticket,
    trusted_device,
};
use crate::{
    browser::{Browser, NewCookies},
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    notice,
    pages::html,
};

/// A session that was opened, or got a second factor, in this request.
pub(crate) struct Opened {
    /// The browser with its new cookies.
    pub(crate) browser: Browser,
    /// The journey that goes on in it.
    pub(crate) ticket: Ticket,
    subject: Subject,
    cookies: NewCookies,
    /// Whether the login kept an account that was to be deleted.
    kept: bool,
    /// What the browser is known for from now on.
    proved: ProvedThere,
}

impl Opened {
    /// `keep` is how long the browser keeps the session's cookie, if it outlives the browser.
    fn new(ctx: &Ctx, mut ticket: Ticket, subject: &Subject, keep: Option<SignedDuration>) -> Self {
        let cookies = NewCookies {
            session: ctx.app.entropy.token(),
            keep_session: keep.and_then(|keep| keep.try_into().ok()),
            browser: ctx.app.entropy.token(),
        };
        let browser = Browser {
            id: cookies.browser.hash(),
            fresh: None,
            session_id: Some(SessionId(cookies.session.hash())),
        };
        ticket.move_to(&browser.id);
        Self {
            browser,
            ticket,
            subject: subject.clone(),
            cookies,
            kept: false,
            proved: ProvedThere::FirstFactor,
        }
    }

    fn id(&self) -> SessionId {
        SessionId(self.cookies.session.hash())
    }

    /// Sets the cookies.
    pub(crate) fn write(&self, ctx: &Ctx, response: &mut Response) {
        let headers = response.headers_mut();
        self.cookies.write(&ctx.app, headers);
        known_device::remember(ctx, headers, &self.subject, self.proved);
    }

    /// Continues the journey. The user is logged in, whatever becomes of it: the cookies are set on an error page too.
    pub(crate) async fn proceed(self, ctx: &Ctx) -> Response {
        let result = match self.kept {
            true => self.show_kept(ctx),
            false => proceed(ctx, &self.browser, self.ticket.clone()).await,
        };
        let mut response = error::page(ctx, result);
        self.write(ctx, &mut response);
        response
    }
}

impl Opened {
    /// Where the journey goes on after a page in between, below the host: the GET of any page leads to the next.
    pub(crate) fn go_on(&self, ctx: &Ctx) -> Result<String, Failure> {
        let url = page_url(&ctx.app, NextStep::Finish, &self.ticket)?;
        let origin = ctx.app.settings.issuer.origin();
        Ok(url.strip_prefix(origin).unwrap_or(&url).to_owned())
    }

    fn show_kept(&self, ctx: &Ctx) -> Result<Response, Failure> {
        let page = KeptPage {
            shell: ctx.shell(),
            go_on: &self.go_on(ctx)?,
        };
        Ok(html(KeptPage::CSP, &page))
    }
}

/// What a proof led to.
pub(crate) enum Progress {
    /// The session is open.
    Opened(Box<Opened>),
    /// More is needed, or it can't be reached.
    Answer(Response),
}

/// After a proof: opens the session if all that is required was proved, and continues the journey.
pub(crate) async fn after_proof(
    ctx: &Ctx,
    browser: &Browser,
    ticket: Ticket,
) -> Result<Response, Failure> {
    match progress(ctx, browser, ticket).await? {
        Progress::Opened(opened) => Ok(opened.proceed(ctx).await),
        Progress::Answer(response) => Ok(response),
    }
}

/// After a proof: opens the session if all that is required was proved.
pub(crate) async fn progress(
    ctx: &Ctx,
    browser: &Browser,
    ticket: Ticket,
) -> Result<Progress, Failure> {
    let journey = Journey::load(ctx, browser, ticket).await?;
    if let Some(subject) = journey.ticket.steps.pending() {
        trusted_device::forget_elsewhere(ctx, subject).await?;
    }
    let demand = match &journey.demand {
        Ok(demand) => *demand,
        Err(error) => {
            let refused = finish::refuse(ctx, &journey, error.clone())?;
            return Ok(Progress::Answer(refused));
        }
    };
    match journey.ticket.steps.authenticated(&demand) {
        Ok(authenticated) => {
            let user = journey.concerned();
            let account = user.map(|user| user.account);
            let notice = user.and_then(|user| notice::new_device(ctx, user));
            let mut opened = open(ctx, browser, journey.ticket, &authenticated, notice).await?;
            opened.kept = account.is_some_and(|account| account.delete_at.is_some());
            // The policy asks for no second factor because the user trusts the browser.
            if demand.enrolled.any() && authenticated.context().acr == Acr::Password.as_str() {
                trusted_device::used(ctx, authenticated.subject()).await?;
                opened.proved = ProvedThere::SecondFactor;
            }
            if Acr::of_session(&authenticated.context().acr) >= Acr::Mfa {
                opened.proved = ProvedThere::SecondFactor;
            }
            Ok(Progress::Opened(Box::new(opened)))
        }
        Err(missing) => to_page(&ctx.app, missing, &journey.ticket).map(Progress::Answer),
    }
}

/// After a second factor: the session is opened, or the one there is gets it.
pub(crate) async fn second_factor(
    ctx: &Ctx,
    browser: &Browser,
    mut journey: Journey,
    proved: Proved,
) -> Result<Progress, Failure> {
    if journey.ticket.steps.pending().is_some() {
        journey.ticket.steps.prove(proved);
        return progress(ctx, browser, journey.ticket).await;
    }
    let stepped_up = journey.session.as_ref();
    let stepped_up = stepped_up
        .and_then(|session| journey::step_up(session, proved.authenticator, ctx.caller.now));
    let stepped_up = stepped_up.ok_or_else(|| {
        Failure::Internal("a second factor belongs to a session or a login".to_owned())
    })?;
    let opened = step_up(ctx, journey.ticket, &stepped_up).await?;
    Ok(Progress::Opened(Box::new(opened)))
}

async fn open(
    ctx: &Ctx,
    browser: &Browser,
    ticket: Ticket,
    authenticated: &Authenticated,
    notice: Option<Notice>,
) -> Result<Opened, Failure> {
    let previous = match browser.session_id {
        Some(id) => ctx.app.store.session(id, ctx.caller.now).await?,
        None => None,
    };
    let settings = &ctx.app.settings;
    let keep = settings.session_remember.filter(|_| ticket.remember);
    let mut opened = Opened::new(ctx, ticket, authenticated.subject(), keep);
    let session = new_session(ctx, opened.id(), authenticated, keep)?;
    let command = OpenSession {
        session,
        previous: previous.map(|s| s.id),
        password_set_at: authenticated.password_set_at(),
        upstream: authenticated.upstream().map(upstream_session),
        passkey: authenticated.passkey().cloned(),
        notice,
        cause: ctx
            .caller
            .cause(Actor::Person(authenticated.subject().clone())),
    };
    // D8: the same user logging in again keeps the session's public name, so the store says which it is.
    let Some(sid) = ctx.app.store.open_session(command).await? else {
        let cause = "the user was disabled or removed, or has a new password or another link, since it was verified";
        let restart = opened.ticket.restart(&ctx.app);
        return Err(Failure::page(PageError::TooLate, cause).with_restart(restart));
    };
    // The browser may have had another user's session, which has ended.
    ctx.app.backchannel_logout.wake();
    ctx.app.mail.wake();
    opened.ticket.steps.open(sid);
    Ok(opened)
}

/// Adds a second factor to the session (RFC 9470).
pub(crate) async fn step_up(
    ctx: &Ctx,
    ticket: Ticket,
    stepped_up: &SteppedUp,
) -> Result<Opened, Failure> {
    let session = stepped_up.session();
    let left = session.expires_at.duration_since(ctx.caller.now);
    let keep = Some(left).filter(|_| session.remembered);
    let mut opened = Opened::new(ctx, ticket, &session.subject, keep);
    opened.proved = ProvedThere::SecondFactor;
    let command = StepUpSession {
        id: session.id,
        new_id: opened.id(),
        subject: session.subject.clone(),
        context: stepped_up.context().clone(),
        cause: ctx.caller.cause(Actor::Person(session.subject.clone())),
    };
    if !ctx.app.store.step_up_session(command).await? {
        let cause = "the session ended, or changed in another tab, since its page was shown";
        let restart = opened.ticket.restart(&ctx.app);
        return Err(Failure::page(PageError::TooLate, cause).with_restart(restart));
    }
    opened.ticket.steps.step_up(session);
    Ok(opened)
}

/// The login at another provider by which the session begins.
fn upstream_session(proof: &UpstreamProof) -> UpstreamSession {
    UpstreamSession {
        upstream: proof.upstream.clone(),
        link: proof.link.clone(),
        session: proof.session.clone(),
    }
}

fn new_session(
    ctx: &Ctx,
    id: SessionId,
    authenticated: &Authenticated,
    remember: Option<SignedDuration>,
) -> Result<Session, Failure> {
    let sid =
        Sid::parse(&ctx.app.entropy.text(16)).map_err(|e| Failure::Internal(e.to_string()))?;
    let (now, settings) = (ctx.caller.now, &ctx.app.settings);
    let after = |ttl| now.saturating_add(ttl).unwrap_or(now);
    Ok(Session {
        id,
        sid,
        subject: authenticated.subject().clone(),
        context: authenticated.context().clone(),
        created_at: now,
        last_seen_at: now,
        idle_expires_at: after(remember.unwrap_or(settings.session_idle_ttl)),
        expires_at: after(remember.unwrap_or(settings.session_absolute_ttl)),
        remembered: remember.is_some(),
        address: ctx.caller.address.map(|a| a.ip),
        user_agent: ctx.caller.user_agent(),
        ended: None,
    })
}
