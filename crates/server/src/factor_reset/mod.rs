//! `/second_factor/reset`: removes all second factors of a user, by a link for one use that an operator made together with the
//! password. It opens no session: the sign-in after it asks for what the policy requires.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{
    factor_reset::ResetUse,
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{Actor, User},
};
use cardea_seal::{Digest, RandomToken, Secret};
use cardea_store::{FactorResetLink, ResetFactors, ResetWhen, StoreError, UseFactorReset};
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm, limits::Decision};
use http::{HeaderMap, StatusCode};

use self::page::{FactorResetPage, View};
use crate::{
    app::App,
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    i18n::Choice,
    journey::{
        forms::csrf_parts,
        link::{LinkForm, followed},
    },
    login::{self, Outcome, page::LoginProblem},
    pages::{self, When, html},
    parts::start_cause,
};

/// The page, below the issuer.
pub(crate) const PATH: &str = "/second_factor/reset";
const STEP: &str = "factor reset";

/// `GET /second_factor/reset`. A link is not used by it: mail scanners read links.
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let token = &followed(&ctx, query)?;
        let link = find(&ctx, token).await?;
        let view = match link.window.judge(ctx.caller.now) {
            ResetUse::Possible => View::Ask(None),
            ResetUse::TooEarly | ResetUse::TooLate => too_early(&ctx, &link),
        };
        Ok(show(&ctx, &Browser::of(&ctx), (token, &link), view))
    };
    error::page(&ctx, result.await)
}

/// `POST /second_factor/reset`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let posted = LinkForm::read(&ctx, &ctx.app.limits.authorize, form, STEP).await?;
        reset(&ctx, &posted).await
    };
    error::page(&ctx, result.await)
}

async fn reset(ctx: &Ctx, posted: &LinkForm) -> Result<Response, Failure> {
    let LinkForm { browser, form } = posted;
    let token = posted.token();
    let link = find(ctx, token).await?;
    let refused = |view| {
        let page = show(ctx, browser, (token, &link), view);
        Ok(pages::refused(page))
    };
    if link.window.judge(ctx.caller.now) != ResetUse::Possible {
        return refused(too_early(ctx, &link));
    }
    let password = form.one("password").unwrap_or_default();
    if password.is_empty() {
        return refused(View::Ask(Some(LoginProblem::NoPassword)));
    }
    // With the limits and the waits of a sign-in: the link is no way around them.
    let password = Secret::new(password.to_owned());
    let proved = match login::authenticate(ctx, link.user.username.as_str(), password).await? {
        Outcome::Right(proved) => proved,
        Outcome::Refused => return refused(View::Ask(Some(LoginProblem::WrongNameOrPassword))),
        Outcome::Limited(decision) => return Ok(too_many(ctx, browser, (token, &link), decision)),
    };
    let command = UseFactorReset {
        token: digest(token)?,
        subject: proved.subject.clone(),
        password_set_at: proved.credential_set_at,
        mail: notice(&ctx.app, &link.user, MailTemplate::FactorsReset),
        cause: ctx.caller.cause(Actor::Person(proved.subject)),
    };
    if !ctx.app.store.use_factor_reset(command).await? {
        let cause = "used or cancelled at the same time, or the password was changed";
        return Err(Failure::page(PageError::UsedLink, cause));
    }
    ctx.app.mail.wake();
    let subject = link.user.subject.as_str();
    tracing::info!(request_id = %ctx.caller.request_id, subject, "removed all second factors by a link");
    Ok(show(ctx, browser, ("", &link), View::Done))
}

fn digest(token: &str) -> Result<Digest, Failure> {
    let token = RandomToken::parse(token).map(|token| token.hash());
    token.ok_or_else(|| Failure::page(PageError::BrokenLink, "not a token"))
}

async fn find(ctx: &Ctx, token: &str) -> Result<FactorResetLink, Failure> {
    let found = ctx
        .app
        .store
        .factor_reset_link(digest(token)?, ctx.caller.now);
    let none = || Failure::page(PageError::UsedLink, "no such living link");
    let link = found.await?.ok_or_else(none)?;
    ctx.language.offer_of(Some(&link.user));
    Ok(link)
}

fn too_early(ctx: &Ctx, link: &FactorResetLink) -> View {
    View::TooEarly(When::new(link.window.from, ctx.caller.now))
}

fn too_many(
    ctx: &Ctx,
    browser: &Browser,
    link: (&str, &FactorResetLink),
    decision: Decision,
) -> Response {
    let minutes = decision.retry_after.as_secs().div_ceil(60);
    let problem = LoginProblem::TooManyAttempts { minutes };
    let mut page = show(ctx, browser, link, View::Ask(Some(problem)));
    *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    decision.write(page.headers_mut());
    page
}

fn show(
    ctx: &Ctx,
    browser: &Browser,
    (token, link): (&str, &FactorResetLink),
    view: View,
) -> Response {
    let csrf = ctx.app.csrf.token(&csrf_parts(browser, token, STEP));
    let page = FactorResetPage {
        shell: ctx.shell(),
        csrf: &csrf,
        token,
        username: link.user.username.as_str(),
        view,
    };
    let mut response = html(FactorResetPage::CSP, &page);
    browser.remember(&ctx.app, response.headers_mut());
    response
}

/// A mail to the user, if mail is sent and the address is verified.
pub(crate) fn notice(app: &App, user: &User, template: MailTemplate) -> Option<Mail> {
    if !app.mail.is_on() {
        return None;
    }
    let verified = user.email.as_deref().filter(|_| user.email_verified)?;
    let to = EmailAddress::parse(verified).ok()?;
    let mail = Mail::new(to, template, language(app, user))
        .of(user.subject.clone())
        .with(MailValue::User, user.username.as_str());
    Some(mail)
}

/// The user's language: the cause of the mail is not the user's own request.
fn language(app: &App, user: &User) -> Lang {
    let choice = Choice::default();
    choice.offer_of(Some(user));
    choice.lang(&HeaderMap::new(), app.settings.language)
}

/// Does the resets without a link whose time has come; returns how many.
pub(crate) async fn do_due(app: &App, limit: u32) -> Result<u64, StoreError> {
    let cause = start_cause(app.now());
    let mut done = 0;
    for user in app.store.due_factor_resets(cause.now, limit).await? {
        let command = ResetFactors {
            mail: notice(app, &user, MailTemplate::FactorsReset),
            subject: user.subject,
            when: ResetWhen::Due,
            cause: cause.clone(),
        };
        done += u64::from(app.store.reset_factors(command).await?);
    }
    if done > 0 {
        app.mail.wake();
    }
    Ok(done)
}
