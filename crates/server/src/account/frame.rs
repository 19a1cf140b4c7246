//! What all pages of the account have: who is signed in, the sections, what was done just now.
//! Before a sensitive action a handler calls [`require_recent_sign_in`].

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    journey::sign_in_again,
    model::{Session, User},
};
use cardea_web::inbound::UnreadForm;

use crate::{
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    form::{Form, read_limited},
    i18n::Key,
    journey::{
        demand,
        forms::{csrf_parts, from_our_page},
        goal::{AccountSection, Goal},
        next_step::to_page,
        ticket::Ticket,
    },
    limited,
    pages::UserLine,
};

/// The step that the forms of the account are bound to.
pub(crate) const STEP: &str = "account";

/// What the frame of every page of the account shows. `account/layout.html` reads it as `frame`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) csrf: &'a str,
    /// What was done just now.
    pub(crate) done: Option<Done>,
    pub(crate) user: UserLine<'a>,
    /// The section that is shown.
    pub(crate) section: AccountSection,
}

impl Frame<'_> {
    pub(super) fn sections(&self) -> &'static [AccountSection] {
        AccountSection::TABS
    }
}

/// What an action did. It travels in the URL as one of these words, so that no link can put another text on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    SessionEnded,
    OthersEnded,
    AccessRevoked,
    FactorRemoved,
    DeviceForgotten,
    AccountLinked,
    AccountUnlinked,
    OrganizationJoined,
    PasskeyAdded,
    PasskeyRenamed,
    PasskeyRemoved,
    ProfileChanged,
    PasswordChanged,
}

impl Done {
    const ALL: [Self; 13] = [
        Self::ProfileChanged,
        Self::SessionEnded,
        Self::OthersEnded,
        Self::AccessRevoked,
        Self::FactorRemoved,
        Self::DeviceForgotten,
        Self::AccountLinked,
        Self::AccountUnlinked,
        Self::OrganizationJoined,
        Self::PasskeyAdded,
        Self::PasskeyRenamed,
        Self::PasskeyRemoved,
        Self::PasswordChanged,
    ];

    /// The word in the URL.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ProfileChanged => "profile_changed",
            Self::SessionEnded => "session_ended",
            Self::OthersEnded => "others_ended",
            Self::AccessRevoked => "access_revoked",
            Self::FactorRemoved => "factor_removed",
            Self::DeviceForgotten => "device_forgotten",
            Self::AccountLinked => "account_linked",
            Self::AccountUnlinked => "account_unlinked",
            Self::OrganizationJoined => "organization_joined",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRenamed => "passkey_renamed",
            Self::PasskeyRemoved => "passkey_removed",
            Self::PasswordChanged => "password_changed",
        }
    }

    /// What the user reads.
    pub(crate) fn key(self) -> Key {
        match self {
            Self::ProfileChanged => Key("account-done-profile"),
            Self::SessionEnded => Key("account-done-session"),
            Self::OthersEnded => Key("account-done-others"),
            Self::AccessRevoked => Key("account-done-revoked"),
            Self::FactorRemoved => Key("second-factor-done-removed"),
            Self::DeviceForgotten => Key("second-factor-done-forgotten"),
            Self::AccountLinked => Key("federation-done-linked"),
            Self::AccountUnlinked => Key("federation-done-unlinked"),
            Self::OrganizationJoined => Key("invitation-joined"),
            Self::PasskeyAdded => Key("passkey-done-added"),
            Self::PasskeyRenamed => Key("passkey-done-renamed"),
            Self::PasskeyRemoved => Key("passkey-done-removed"),
            Self::PasswordChanged => Key("password-change-done"),
        }
    }

    /// Reads the word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.as_str() == word)
    }
}

/// A browser in which a user is signed in, at a page of the account.
pub(crate) struct SignedIn {
    pub(crate) browser: Browser,
    pub(crate) session: Session,
    pub(crate) user: User,
    csrf: String,
}

/// Who asks for a page of the account.
pub(crate) enum Visit {
    SignedIn(Box<SignedIn>),
    /// Nobody: the way to the login that leads back to the section.
    ToLogin(Response),
}

/// Counts the request, and reads who is signed in.
pub(crate) async fn visit(ctx: &Ctx, section: AccountSection) -> Result<Visit, Failure> {
    limited::by_network(&ctx.app.limits.other, &ctx.caller)?;
    who(ctx, section).await
}

async fn who(ctx: &Ctx, section: AccountSection) -> Result<Visit, Failure> {
    let browser = Browser::of(ctx);
    let Some(session) = browser.session(ctx).await? else {
        return Ok(Visit::ToLogin(to_login(ctx, section)));
    };
    let user = ctx.app.store.user(&session.subject).await?;
    let user = user.ok_or_else(|| Failure::page(PageError::TooLate, "the user was removed"))?;
    ctx.language.offer_of(Some(&user));
    let csrf = ctx.app.csrf.token(&csrf_parts(&browser, "", STEP));
    Ok(Visit::SignedIn(Box::new(SignedIn {
        browser,
        session,
        user,
        csrf,
    })))
}

/// Who posts a form of the account.
pub(crate) enum Posted {
    /// The form is one that was shown to this session.
    SignedIn(Box<SignedIn>, Form),
    /// Nobody: the way to the login that leads back to the section.
    ToLogin(Response),
}

/// Counts the request, reads its form and who is signed in, and checks that the form was shown to this session.
pub(crate) async fn posted(
    ctx: &Ctx,
    section: AccountSection,
    form: UnreadForm,
    max_bytes: usize,
) -> Result<Posted, Failure> {
    let limiter = &ctx.app.limits.other;
    let form = Form::of(read_limited(limiter, &ctx.caller, form, max_bytes).await?)?;
    let signed_in = match who(ctx, section).await? {
        Visit::ToLogin(login) => return Ok(Posted::ToLogin(login)),
        Visit::SignedIn(signed_in) => signed_in,
    };
    let parts = csrf_parts(&signed_in.browser, "", STEP);
    from_our_page(ctx, &parts, form.one("csrf"))?;
    Ok(Posted::SignedIn(signed_in, form))
}

/// What every handler calls before a sensitive action (a new password, address, factor or link; deletion, export), after the form's
/// token was checked. `Some` is the way to a sign-in that is recent enough, as the same user, and back to the section: the handler
/// answers with it and does nothing else. `None`: the action may be done.
pub(crate) async fn require_recent_sign_in(
    ctx: &Ctx,
    signed_in: &SignedIn,
    section: AccountSection,
) -> Result<Option<Response>, Failure> {
    let enrolled = demand::enrolled(ctx, &signed_in.user.subject).await?;
    let Some((steps, step)) = sign_in_again(&signed_in.session, enrolled, ctx.caller.now) else {
        return Ok(None);
    };
    let goal = Goal::Account { return_to: section };
    let mut ticket = Ticket::new(&ctx.app, &signed_in.browser, goal, ctx.caller.now);
    ticket.steps = steps;
    to_page(&ctx.app, step, &ticket).map(Some)
}

/// The login page that leads back to a section.
pub(super) fn to_login(ctx: &Ctx, section: AccountSection) -> Response {
    Redirect::to(&ctx.app.settings.issuer.endpoint(&section.login_path())).into_response()
}

/// The section, after something was done.
pub(crate) fn back_to(ctx: &Ctx, section: AccountSection, done: Done) -> Response {
    let section = ctx.app.settings.issuer.endpoint(section.path());
    Redirect::to(&format!("{section}?done={}", done.as_str())).into_response()
}

impl SignedIn {
    /// The frame of a page.
    pub(crate) fn frame(&self, ctx: &Ctx, section: AccountSection) -> Frame<'_> {
        let claims = &self.user.claims;
        Frame {
            csrf: &self.csrf,
            done: done(ctx),
            user: UserLine {
                name: claims.get("name").and_then(serde_json::Value::as_str),
                username: self.user.username.as_str(),
            },
            section,
        }
    }

    /// The answer with a page: a browser without a cookie gets one.
    pub(crate) fn answer(&self, ctx: &Ctx, mut page: Response) -> Response {
        self.browser.remember(&ctx.app, page.headers_mut());
        page
    }
}

/// What the action before this page did.
fn done(ctx: &Ctx) -> Option<Done> {
    let query = ctx.caller.query.as_deref()?.as_bytes();
    form_urlencoded::parse(query)
        .find(|(name, _)| name == "done")
        .and_then(|(_, word)| Done::parse(&word))
}

#[cfg(test)]
impl Frame<'static> {
    pub(crate) fn sample(section: AccountSection) -> Self {
        Self {
            csrf: "csrf",
            done: Some(Done::AccessRevoked),
            user: UserLine {
                name: Some("Alice Liddell"),
                username: "alice",
            },
            section,
        }
    }

    pub(crate) fn bare_sample(section: AccountSection) -> Self {
        Self {
            done: None,
            user: UserLine {
                name: None,
                username: "bob",
            },
            ..Self::sample(section)
        }
    }

    pub(crate) fn hostile_sample(section: AccountSection) -> Self {
        use crate::pages::HOSTILE;

        Self {
            csrf: HOSTILE,
            done: None,
            user: UserLine {
                name: Some(HOSTILE),
                username: HOSTILE,
            },
            section,
        }
    }
}
