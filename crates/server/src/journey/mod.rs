//! A journey (D24), with all that its next step is judged by.

pub(crate) mod demand;
pub(crate) mod finish;
pub(crate) mod form_post;
pub(crate) mod forms;
pub(crate) mod goal;
pub(crate) mod kept;
pub(crate) mod known_device;
pub(crate) mod link;
pub(crate) mod new_account;
pub(crate) mod next_step;
pub(crate) mod session;
pub(crate) mod ticket;
pub(crate) mod trusted_device;

use std::sync::Arc;

use cardea_protocol::{
    OAuthError,
    authorize::{AuthorizationRequest, ReturnTo},
    journey::{self, Authorization, NextStep, Situation},
    mfa::Demand,
    model::{Client, Consent, Session, User, Username},
    redirect_uri,
    request::ResponseMode,
    roles::Membership,
};
use cardea_store::DomainOffer;
use jiff::Timestamp;

use self::{goal::Goal, ticket::Ticket};
use crate::{
    browser::Browser, ctx::Ctx, error::Failure, error_page::page::PageError, form::Form,
    pages::UserLine,
};

/// What a page needs to know of a journey.
pub(crate) struct Journey {
    /// When it is judged.
    at: Timestamp,
    pub(crate) ticket: Ticket,
    pub(crate) session: Option<Session>,
    pub(crate) user: Option<User>,
    /// The client of an authorization request.
    client: Option<Arc<Client>>,
    /// What the session's user has allowed that client.
    consent: Option<Consent>,
    /// The user who has proved a first factor in a login that is not done.
    pending: Option<User>,
    /// What is demanded of that user or, if there is none, of the session's.
    pub(crate) demand: Result<Demand, OAuthError>,
    /// The organizations of the session's user, if the request is for one.
    memberships: Vec<Membership>,
    /// One that the user can join, where it would be chosen.
    pub(crate) offer: Option<DomainOffer>,
}

impl Journey {
    /// Reads what the next step is judged by. A client that was disabled in the meantime ends the journey.
    pub(crate) async fn load(
        ctx: &Ctx,
        browser: &Browser,
        ticket: Ticket,
    ) -> Result<Self, Failure> {
        let client = match &ticket.goal {
            Goal::Authorize(request) => {
                ctx.language.offer(request.language);
                Some(client_of(ctx, request).await?)
            }
            Goal::Account { .. } | Goal::Invitation { .. } => None,
        };
        let session = browser.session(ctx).await?;
        let (mut consent, mut user, mut memberships) = (None, None, Vec::new());
        let mut offer = None;
        if let Some(session) = &session {
            user = ctx.app.store.user(&session.subject).await?;
            ctx.language.offer_of(user.as_ref());
            if let Some(client) = &client {
                consent = ctx.app.store.consent(&session.subject, client.id()).await?;
            }
            if ticket.goal.wants_organization() {
                memberships = ctx.app.store.memberships_of(&session.subject).await?;
                // The only organization is not chosen.
                if memberships.len() != 1 {
                    offer = ctx.app.store.domain_offer(&session.subject).await?;
                }
            }
        }
        let pending = match ticket.steps.pending() {
            Some(subject) => ctx.app.store.user(subject).await?,
            None => None,
        };
        let concerned = demand::concerned(&ticket.steps, session.as_ref());
        let found = pending.as_ref().or(user.as_ref());
        let demand = match found.filter(|user| Some(&user.subject) == concerned) {
            Some(user) => {
                demand::of_user(ctx, &ticket, client.as_deref(), session.as_ref(), user).await?
            }
            None => Ok(Demand::NOTHING),
        };
        Ok(Self {
            at: ctx.caller.now,
            ticket,
            session,
            user,
            client,
            consent,
            pending,
            demand,
            memberships,
            offer,
        })
    }

    /// Notes whether the user asked to stay signed in. A login before a sensitive change leaves that as it was.
    pub(crate) fn note_remember(&mut self, ctx: &Ctx, form: &Form) {
        let asked = match self.ticket.steps.fixed_user() {
            Some(_) => self.is_remembered(),
            None => form.one("remember") == Some("on"),
        };
        self.ticket.remember = asked && ctx.app.settings.session_remember.is_some();
    }

    /// Whether the user asked to stay signed in at the last login.
    pub(crate) fn is_remembered(&self) -> bool {
        self.session.as_ref().is_some_and(|s| s.remembered)
    }

    /// Of whom a second factor is asked.
    pub(crate) fn concerned(&self) -> Option<&User> {
        let subject = demand::concerned(&self.ticket.steps, self.session.as_ref())?;
        let found = self.pending.as_ref().or(self.user.as_ref());
        found.filter(|user| user.subject == *subject)
    }

    /// The authorization request with what it is judged by, if one is the goal.
    pub(crate) fn authorization(&self) -> Option<Authorization<'_>> {
        let (Goal::Authorize(request), Some(client)) = (&self.ticket.goal, &self.client) else {
            return None;
        };
        Some(Authorization {
            request,
            requested_at: self.ticket.at,
            client,
            hinted_elsewhere: self.hinted_elsewhere(request),
            consent: self.consent.as_ref(),
            memberships: &self.memberships,
            offered: self.offer.is_some(),
        })
    }

    /// Whether the answer goes back by `response_mode=form_post`.
    pub(crate) fn is_answered_by_form(&self) -> bool {
        self.authorization()
            .is_some_and(|a| a.request.return_path.response_mode == ResponseMode::FormPost)
    }

    /// The step that the rules want.
    pub(crate) fn next(&self) -> Result<NextStep, OAuthError> {
        journey::next_step(&Situation {
            at: self.at,
            steps: &self.ticket.steps,
            session: self.session.as_ref(),
            demand: self.demand.as_ref().copied(),
            must_choose: self.ticket.must_choose,
            link_offered_to: self.ticket.link_offer.as_ref().map(|offer| &offer.owner),
            authorization: self.authorization(),
        })
    }

    /// D8: `login_hint` names a user by user name or e-mail address.
    fn hinted_elsewhere(&self, request: &AuthorizationRequest) -> bool {
        let (Some(hint), Some(user)) = (&request.access.login_hint, &self.user) else {
            return false;
        };
        let by_name = Username::parse(hint).is_ok_and(|name| name.key() == user.username.key());
        let by_email = user
            .email
            .as_ref()
            .is_some_and(|email| email.eq_ignore_ascii_case(hint.trim()));
        !by_name && !by_email
    }

    /// Who is logged in, for the pages.
    pub(crate) fn user_line(&self) -> Option<UserLine<'_>> {
        self.user.as_ref().map(UserLine::of)
    }
}

async fn client_of(ctx: &Ctx, request: &AuthorizationRequest) -> Result<Arc<Client>, Failure> {
    let client = ctx.app.clients.find(request.access.client_id.as_str());
    client
        .await?
        .filter(|c| c.is_enabled())
        .ok_or_else(|| Failure::page(PageError::UnknownApp, "the client was removed or disabled"))
}

/// Where the answer to an authorization request goes; the URI is compared with the registration once more.
fn return_to(asked: &Authorization<'_>) -> Result<ReturnTo, Failure> {
    let redirect = redirect_uri::verify(
        asked.client.redirect_uris(),
        &asked.request.return_path.redirect_uri,
    )
    .ok_or_else(|| {
        Failure::page(
            PageError::WrongReturnAddress,
            "the redirect URI is no longer registered",
        )
    })?;
    Ok(ReturnTo::of(asked.request, redirect))
}
