//! `/not_me`: a user who is told of a sign-in or a change by mail says that it was another. A GET uses nothing: mail scanners read
//! links.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{
    disowned::Disowned,
    mail::MailTemplate,
    model::{LinkPurpose, User},
};
use cardea_store::LinkEffect;
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};
use jiff::Timestamp;

use self::page::{NotMePage, View};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    journey::{
        forms::csrf_parts,
        link::{LinkForm, followed},
    },
    pages::{When, html},
    password_reset::digest,
    take_back::TakeBack,
};

const STEP: &str = "not me";

/// `GET /not_me`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let token = &followed(&ctx, query)?;
        let event = Event::of(&ctx, token).await?;
        let browser = Browser::of(&ctx);
        let mut response = event.show(&ctx, &browser, View::Ask);
        browser.remember(&ctx.app, response.headers_mut());
        Ok(response)
    };
    error::page(&ctx, result.await)
}

/// `POST /not_me`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let posted = LinkForm::read(&ctx, &ctx.app.limits.login, form, STEP).await?;
        let event = Event::of(&ctx, posted.token()).await?;
        event.disown(&ctx, &posted.browser).await
    };
    error::page(&ctx, result.await)
}

/// An event whose link is followed.
struct Event<'a> {
    token: &'a str,
    user: User,
    disowned: Disowned,
    /// From when on what was added goes: the first event that the user can still disown.
    since: Timestamp,
}

impl<'a> Event<'a> {
    async fn of(ctx: &Ctx, token: &'a str) -> Result<Self, Failure> {
        let found = ctx.app.store.link(digest(token)?, ctx.caller.now).await?;
        let found = found.filter(|link| link.purpose == LinkPurpose::NotMe);
        let link = found.ok_or_else(used)?;
        ctx.language.offer_of(Some(&link.user));
        let disowned = link.payload.as_deref().and_then(Disowned::of_payload);
        let first = link.first.as_deref().and_then(Disowned::of_payload);
        let broken = || Failure::Internal("a link to disown nothing".to_owned());
        let disowned = disowned.ok_or_else(broken)?;
        Ok(Self {
            token,
            user: link.user,
            since: first.map_or(disowned.at, |first| first.at.min(disowned.at)),
            disowned,
        })
    }

    async fn disown(self, ctx: &Ctx, browser: &Browser) -> Result<Response, Failure> {
        let owner = TakeBack {
            token: self.token,
            user: &self.user,
            address: &self.disowned.email,
        };
        let used = owner.act(ctx, LinkEffect::NotMe, MailTemplate::AccountSecured);
        let restored = used.await?;
        Ok(self.show(ctx, browser, View::Done(restored)))
    }

    /// Whether the account has another address by now.
    fn moved(&self) -> bool {
        self.user.email.as_deref() != Some(self.disowned.email.as_str())
    }

    fn show(&self, ctx: &Ctx, browser: &Browser, view: View) -> Response {
        let csrf = ctx.app.csrf.token(&csrf_parts(browser, self.token, STEP));
        let page = NotMePage {
            shell: ctx.shell(),
            csrf: &csrf,
            token: self.token,
            email: self.disowned.email.as_str(),
            username: self.user.username.as_str(),
            since: When::new(self.since, ctx.caller.now),
            restores: self.moved(),
            view,
        };
        html(NotMePage::CSP, &page)
    }
}

fn used() -> Failure {
    Failure::page(PageError::UsedLink, "no such living link to disown")
}
