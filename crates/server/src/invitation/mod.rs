//! `/invitation`: make an account by an invitation, or join an organization (2.1, D27). A GET uses nothing: mail scanners read links.
//!
//! A link of `cardea user add --invite`, to the first password of a user who exists, has the same path.

mod first_account;
pub(crate) mod page;

use axum::response::{IntoResponse, Redirect, Response};
use cardea_protocol::{
    invitation::{Way, judge},
    model::{Actor, Session, User, Username},
};
use cardea_store::{AcceptInvitation, Constraint, Invitee, LivingInvitation, StoreError};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};

pub use self::first_account::FirstAccountLink;

use self::page::{Entered, InvitationPage, Problem};
use crate::{
    account::frame::{Done, back_to},
    browser::{Browser, forget_session},
    ctx::Ctx,
    end_session,
    error::{self, Failure},
    error_page::page::PageError,
    form::Form,
    journey::{
        forms::csrf_parts,
        goal::{AccountSection, Goal, invitation_page},
        link::{LinkForm, followed},
        new_account,
        next_step::proceed,
        ticket::Ticket,
    },
    pages::{self, UserLine, html},
    password_reset::{self, STEP, digest},
    sign_up::new_name,
};

/// `GET /invitation`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let token = &followed(&ctx, query)?;
        let browser = Browser::of(&ctx);
        if let Some(page) = password_reset::first_password(&ctx, &browser, token).await? {
            return Ok(page);
        }
        if let Some(page) = first_account::page(&ctx, &browser, token).await? {
            return Ok(page);
        }
        let visit = Visit::of(&ctx, &browser, token).await?;
        Ok(visit.show(&ctx, &browser, &Entered::default(), None))
    };
    error::page(&ctx, result.await)
}

/// `POST /invitation`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let posted = LinkForm::read(&ctx, &ctx.app.limits.login, form, STEP).await?;
        act(&ctx, &posted).await
    };
    error::page(&ctx, result.await)
}

async fn act(ctx: &Ctx, posted: &LinkForm) -> Result<Response, Failure> {
    let LinkForm { browser, form } = posted;
    let token = posted.token();
    let Some(action) = form.one("action") else {
        // The form of a first password.
        return password_reset::set_password(ctx, browser, token, form.one("password")).await;
    };
    if action == "make_first_account" {
        return first_account::make(ctx, browser, token, form).await;
    }
    let visit = Visit::of(ctx, browser, token).await?;
    match (action, visit.way) {
        ("make_account", Way::MakeAccount) => visit.make_account(ctx, browser, form).await,
        ("join", Way::Join) => visit.join(ctx, browser).await,
        ("log_in", Way::LogIn) => {
            let goal = Goal::Invitation {
                token: token.to_owned(),
            };
            let ticket = Ticket::new(&ctx.app, browser, goal, ctx.caller.now);
            proceed(ctx, browser, ticket).await
        }
        ("log_out", Way::OtherUser) => {
            end_session::log_out(ctx, visit.session.as_ref()).await?;
            let mut response = Redirect::to(&invitation_page(&ctx.app, token)).into_response();
            forget_session(&ctx.app, response.headers_mut());
            Ok(response)
        }
        // The page shows what can be done now: a sign-in in another tab has changed it.
        _ => Ok(visit.show(ctx, browser, &Entered::default(), None)),
    }
}

/// A living invitation, and who looks at it.
struct Visit<'a> {
    token: &'a str,
    living: LivingInvitation,
    session: Option<Session>,
    user: Option<User>,
    way: Way,
}

impl<'a> Visit<'a> {
    async fn of(ctx: &Ctx, browser: &Browser, token: &'a str) -> Result<Self, Failure> {
        let found = ctx.app.store.invitation(digest(token)?, ctx.caller.now);
        let used = || Failure::page(PageError::UsedLink, "no such living invitation");
        let living = found.await?.ok_or_else(used)?;
        let session = browser.session(ctx).await?;
        let user = match &session {
            Some(session) => ctx.app.store.user(&session.subject).await?,
            None => None,
        };
        ctx.language.offer_of(user.as_ref());
        ctx.language.offer(living.invitation.lang);
        let signed_in = user.as_ref().map(|user| &user.subject);
        let way = judge(&living.invitation, signed_in, living.owner.as_ref());
        Ok(Self {
            token,
            living,
            session,
            user,
            way,
        })
    }

    /// Adds the user with the invited address, which is verified: the link was received there, or handed over by an operator.
    async fn make_account(
        &self,
        ctx: &Ctx,
        browser: &Browser,
        form: &Form,
    ) -> Result<Response, Failure> {
        let entered = Entered::of(form);
        let again = |problem| {
            let page = self.show(ctx, browser, &entered, Some(problem));
            Ok(pages::refused(page))
        };
        let Some(username) = self.new_name(entered.username) else {
            return again(Problem::Username);
        };
        let user = User {
            email: Some(self.living.invitation.email.as_str().to_owned()),
            email_verified: true,
            ..new_account::new_user(ctx, username, Some(entered.name))?
        };
        let password = form.one("password").unwrap_or_default();
        let hash = match password_reset::new_hash(ctx, password, &user).await? {
            Ok(hash) => hash,
            Err(problem) => return again(Problem::Password(problem)),
        };
        let subject = user.subject.clone();
        let command = AcceptInvitation {
            token: digest(self.token)?,
            by: Invitee::New {
                user: Box::new(user),
                password_hash: hash,
            },
            cause: ctx.caller.cause(Actor::Person(subject.clone())),
        };
        match ctx.app.store.accept_invitation(command).await {
            Err(StoreError::Conflict {
                constraint: Constraint::UserName | Constraint::UserNameLooksAlike,
            }) => return again(Problem::UsernameTaken),
            // The address has an account by now: the page says so.
            Err(StoreError::Conflict {
                constraint: Constraint::Email,
            }) => return Ok(Redirect::to(&invitation_page(&ctx.app, self.token)).into_response()),
            used => used?.ok_or_else(used_meanwhile)?,
        };
        ctx.app.refresh_password_costs().await?;
        tracing::info!(request_id = %ctx.caller.request_id, subject = subject.as_str(), "made an account by an invitation");
        let return_to = AccountSection::Profile;
        new_account::sign_in(ctx, browser, &subject, Goal::Account { return_to }).await
    }

    /// The user name that was entered. One with an `@` looks like an address: only the inviter can have proposed it.
    fn new_name(&self, entered: &str) -> Option<Username> {
        let proposed = self.living.invitation.username.as_ref();
        let proposed = proposed.filter(|name| Username::parse_new(entered).as_ref() == Ok(name));
        proposed.cloned().or_else(|| new_name(entered))
    }

    async fn join(&self, ctx: &Ctx, browser: &Browser) -> Result<Response, Failure> {
        let Some(user) = &self.user else {
            return Err(Failure::page(PageError::TooLate, "the user was removed"));
        };
        let command = AcceptInvitation {
            token: digest(self.token)?,
            by: Invitee::Owner(user.subject.clone()),
            cause: ctx.caller.cause(Actor::Person(user.subject.clone())),
        };
        match ctx.app.store.accept_invitation(command).await {
            Err(StoreError::Conflict {
                constraint: Constraint::TooLarge(_),
            }) => {
                let problem = Some(Problem::TooManyOrganizations);
                let page = self.show(ctx, browser, &Entered::default(), problem);
                return Ok(pages::refused(page));
            }
            used => used?.ok_or_else(used_meanwhile)?,
        };
        let done = Done::OrganizationJoined;
        Ok(back_to(ctx, AccountSection::Profile, done))
    }

    fn show(
        &self,
        ctx: &Ctx,
        browser: &Browser,
        entered: &Entered<'_>,
        problem: Option<Problem>,
    ) -> Response {
        let csrf = ctx.app.csrf.token(&csrf_parts(browser, self.token, STEP));
        let invitation = &self.living.invitation;
        let proposed = invitation.username.as_ref().map(Username::as_str);
        let username = match problem {
            None => proposed.unwrap_or_default(),
            Some(_) => entered.username,
        };
        let page = InvitationPage {
            shell: ctx.shell(),
            csrf: &csrf,
            token: self.token,
            email: invitation.email.as_str(),
            organization: self.living.organization.as_deref(),
            inviter: invitation.inviter.as_deref(),
            way: self.way,
            user: self.user.as_ref().map(UserLine::of),
            entered: Entered {
                username,
                name: entered.name,
            },
            problem,
        };
        let mut response = html(InvitationPage::CSP, &page);
        browser.remember(&ctx.app, response.headers_mut());
        response
    }
}

fn used_meanwhile() -> Failure {
    Failure::page(PageError::UsedLink, "used or revoked at the same time")
}
