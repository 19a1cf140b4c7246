//! `/verify_email`: the link that confirms an address, of a sign-up or of a user who changes it. A GET uses nothing: mail scanners read links.

mod change;
pub(crate) mod change_page;
pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::model::{Actor, User, Username};
use cardea_seal::Secret;
use cardea_store::{AddUser, Constraint, SignUp, StoreError};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};

use self::{
    change::{Change, STEP},
    page::{VerifyPage, View},
};
use crate::{
    authorize::check_again,
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::Form,
    journey::{
        forms::csrf_parts,
        goal::{AccountSection, Goal},
        link::{LinkForm, followed},
        new_account,
    },
    pages::{self, html},
    sign_up::{self, PendingSignUp, page::Problem},
};

/// `GET /verify_email`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let token = &followed(&ctx, query)?;
        let browser = Browser::of(&ctx);
        if let Some(change) = Change::of(&ctx, token).await? {
            let mut response = change.show(&ctx, &browser, change_page::View::Confirm);
            browser.remember(&ctx.app, response.headers_mut());
            return Ok(response);
        }
        let visit = Visit::of(&ctx, &browser, token).await?;
        let mut response = visit.show(&ctx, &browser, View::Confirm(None), "");
        browser.remember(&ctx.app, response.headers_mut());
        Ok(response)
    };
    error::page(&ctx, result.await)
}

/// `POST /verify_email`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let posted = LinkForm::read(&ctx, &ctx.app.limits.login, form, STEP).await?;
        let (browser, token) = (&posted.browser, posted.token());
        if let Some(change) = Change::of(&ctx, token).await? {
            return change.confirm(&ctx, browser).await;
        }
        let visit = Visit::of(&ctx, browser, token).await?;
        visit.confirm(&ctx, browser, &posted.form).await
    };
    error::page(&ctx, result.await)
}

/// A pending sign-up whose link is followed.
struct Visit<'a> {
    token: &'a str,
    pending: PendingSignUp,
    /// Whether it is another browser than the one that signed up. Its user may not be who chose the password (pre-hijacking).
    elsewhere: bool,
}

impl<'a> Visit<'a> {
    async fn of(ctx: &Ctx, browser: &Browser, token: &'a str) -> Result<Self, Failure> {
        let pending = PendingSignUp::open(&ctx.app, token, ctx.caller.now)?;
        if !ctx.app.settings.sign_up.is_open() {
            return Err(Failure::page(PageError::UsedLink, "sign-up is not open"));
        }
        if ctx.app.store.user(&pending.subject).await?.is_some() {
            return Err(used());
        }
        Ok(Self {
            token,
            elsewhere: !pending.began_in(browser),
            pending,
        })
    }

    /// Adds the user. Single use: of two at once the store adds one, as both have the same subject.
    async fn confirm(self, ctx: &Ctx, browser: &Browser, form: &Form) -> Result<Response, Failure> {
        let entered = form.one("username").map(str::trim);
        let again = |view| {
            let page = self.show(ctx, browser, view, entered.unwrap_or_default());
            Ok(pages::refused(page))
        };
        let wrong = |problem| again(View::Confirm(Some(problem)));
        let Some(username) = self.username(entered) else {
            return wrong(Problem::Username);
        };
        let user = self.user(ctx, username)?;
        let hash: Secret<String> = if self.elsewhere {
            let password = form.one("password").unwrap_or_default();
            match sign_up::hash(ctx, password, &user).await? {
                Ok(hash) => hash,
                Err(problem) => return wrong(problem),
            }
        } else {
            self.pending.password_hash()
        };
        let subject = user.subject.clone();
        let command = SignUp {
            add: AddUser {
                user,
                password_hash: Some(hash),
                cause: ctx.caller.cause(Actor::Person(subject.clone())),
            },
            expires_at: self.pending.expires_at,
        };
        if let Err(error) = ctx.app.store.sign_up(command).await {
            let StoreError::Conflict { constraint } = error else {
                return Err(error.into());
            };
            return match constraint {
                Constraint::Subject => Err(used()),
                Constraint::UserName | Constraint::UserNameLooksAlike => {
                    wrong(Problem::UsernameTaken)
                }
                Constraint::Email => again(View::HasAccount),
                other => Err(StoreError::Conflict { constraint: other }.into()),
            };
        }
        ctx.app.refresh_password_costs().await?;
        tracing::info!(request_id = %ctx.caller.request_id, subject = subject.as_str(), "made an account by a sign-up");
        let goal = self.goal(ctx).await?;
        new_account::sign_in(ctx, browser, &subject, goal).await
    }

    /// The user name: as it was chosen, or as it is chosen now.
    fn username(&self, entered: Option<&str>) -> Option<Username> {
        match entered {
            None => Some(self.pending.username.clone()),
            Some(entered) => sign_up::new_name(entered),
        }
    }

    /// The new user, with the least: no roles.
    fn user(&self, ctx: &Ctx, username: Username) -> Result<User, Failure> {
        Ok(User {
            subject: self.pending.subject.clone(),
            email: Some(self.pending.email.as_str().to_owned()),
            email_verified: true,
            ..new_account::new_user(ctx, username, None)?
        })
    }

    /// Where the journey leads that the sign-up began in. In another browser it leads to the account: the application waits in the
    /// browser that signed up.
    async fn goal(&self, ctx: &Ctx) -> Result<Goal, Failure> {
        let return_to = AccountSection::Profile;
        let account = Goal::Account { return_to };
        match &self.pending.goal {
            _ if self.elsewhere => Ok(account),
            Goal::Authorize(old) => {
                let request = check_again(ctx, old).await?;
                Ok(request.map_or(account, Goal::Authorize))
            }
            other => Ok(other.clone()),
        }
    }

    fn show(&self, ctx: &Ctx, browser: &Browser, view: View, entered: &str) -> Response {
        let csrf = ctx.app.csrf.token(&csrf_parts(browser, self.token, STEP));
        let username = match entered {
            "" => self.pending.username.as_str(),
            entered => entered,
        };
        let page = VerifyPage {
            shell: ctx.shell(),
            csrf: &csrf,
            token: self.token,
            email: self.pending.email.as_str(),
            username,
            elsewhere: self.elsewhere,
            view,
        };
        html(VerifyPage::CSP, &page)
    }
}

fn used() -> Failure {
    Failure::page(PageError::UsedLink, "the sign-up was confirmed before")
}
