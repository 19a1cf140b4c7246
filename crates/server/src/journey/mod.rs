//! A login under way, with all that its next step is judged by.

pub(crate) mod finish;
pub(crate) mod form_post;
pub(crate) mod forms;
pub(crate) mod known_device;
pub(crate) mod next_step;
pub(crate) mod session;
pub(crate) mod ticket;

use std::sync::Arc;

use cardea_protocol::{
    OAuthError,
    authorize::ReturnTo,
    journey::{self, NextStep, Situation},
    model::{Client, Consent, Session, User, Username},
    redirect_uri,
};

use self::ticket::Ticket;
use crate::{
    browser::Browser, ctx::Ctx, error::Failure, error_page::page::PageError, pages::UserLine,
};

/// What a page needs to know of a login under way.
pub(crate) struct Journey {
    pub(crate) ticket: Ticket,
    pub(crate) client: Arc<Client>,
    pub(crate) session: Option<Session>,
    pub(crate) consent: Option<Consent>,
    pub(crate) user: Option<User>,
}

impl Journey {
    /// Reads what the next step is judged by. A client that was disabled meanwhile ends the journey.
    pub(crate) async fn load(
        ctx: &Ctx,
        browser: &Browser,
        ticket: Ticket,
    ) -> Result<Self, Failure> {
        let client = ctx
            .app
            .clients
            .find(ticket.request.access.client_id.as_str())
            .await?
            .filter(|c| c.is_enabled());
        let client = client.ok_or_else(|| {
            Failure::page(PageError::UnknownApp, "the client is gone or disabled")
        })?;
        let session = browser.session(ctx).await?;
        let (consent, user) = match &session {
            None => (None, None),
            Some(session) => (
                ctx.app.store.consent(&session.subject, client.id()).await?,
                ctx.app.store.user(&session.subject).await?,
            ),
        };
        Ok(Self {
            ticket,
            client,
            session,
            consent,
            user,
        })
    }

    /// The step that the rules want.
    pub(crate) fn next(&self) -> Result<NextStep, OAuthError> {
        let logged_in = self.ticket.steps.login.as_ref().map(|l| &l.sid)
            == self.session.as_ref().map(|s| &s.sid);
        if self.ticket.switching && !logged_in {
            return Ok(NextStep::Login);
        }
        journey::next_step(&Situation {
            request: &self.ticket.request,
            requested_at: self.ticket.at,
            steps: &self.ticket.steps,
            session: self.session.as_ref(),
            must_choose: self.ticket.must_choose,
            hinted_elsewhere: self.hinted_elsewhere(),
            consent: self.consent.as_ref(),
            client: &self.client,
        })
    }

    /// D8: `login_hint` names a person by login name or e-mail address.
    pub(crate) fn hinted_elsewhere(&self) -> bool {
        let (Some(hint), Some(user)) = (&self.ticket.request.access.login_hint, &self.user) else {
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
        let user = self.user.as_ref()?;
        let name = user.claims.get("name").and_then(serde_json::Value::as_str);
        Some(UserLine {
            name,
            username: user.username.as_str(),
        })
    }

    /// Where the answer goes; the URI is compared with the registration once more.
    pub(crate) fn return_to(&self) -> Result<ReturnTo, Failure> {
        let redirect = redirect_uri::verify(
            self.client.redirect_uris(),
            &self.ticket.request.return_path.redirect_uri,
        )
        .ok_or_else(|| {
            Failure::page(
                PageError::WrongReturnAddress,
                "the redirect URI is no longer registered",
            )
        })?;
        Ok(ReturnTo::of(&self.ticket.request, redirect))
    }
}
