//! `/email_undo`: the way back from a change of the address, by a link that was mailed to the address before. A GET uses nothing: mail
//! scanners read links.

pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{
    mail::{EmailAddress, MailTemplate},
    model::{LinkPurpose, User},
};
use cardea_store::LinkEffect;
use cardea_web::inbound::{FormError, QueryPairs, UnreadForm};

use self::page::{UndoPage, View};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    journey::{
        forms::csrf_parts,
        link::{LinkForm, followed},
    },
    pages::html,
    password_reset::digest,
    take_back::TakeBack,
};

/// The page, below the issuer.
pub(crate) const PATH: &str = "/email_undo";
const STEP: &str = "email undo";

/// `GET /email_undo`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    let result = async {
        let token = &followed(&ctx, query)?;
        let undo = Undo::of(&ctx, token).await?;
        let browser = Browser::of(&ctx);
        let mut response = undo.show(&ctx, &browser, View::Ask);
        browser.remember(&ctx.app, response.headers_mut());
        Ok(response)
    };
    error::page(&ctx, result.await)
}

/// `POST /email_undo`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        let posted = LinkForm::read(&ctx, &ctx.app.limits.login, form, STEP).await?;
        let undo = Undo::of(&ctx, posted.token()).await?;
        undo.act(&ctx, &posted.browser).await
    };
    error::page(&ctx, result.await)
}

/// An undo whose link is followed.
struct Undo<'a> {
    token: &'a str,
    user: User,
    /// The address before.
    address: EmailAddress,
}

impl<'a> Undo<'a> {
    async fn of(ctx: &Ctx, token: &'a str) -> Result<Self, Failure> {
        let found = ctx.app.store.link(digest(token)?, ctx.caller.now).await?;
        let found = found.filter(|link| link.purpose == LinkPurpose::EmailUndo);
        let link = found.ok_or_else(used)?;
        ctx.language.offer_of(Some(&link.user));
        let address = EmailAddress::parse(link.payload.as_deref().unwrap_or_default());
        Ok(Self {
            token,
            user: link.user,
            address: address.map_err(|e| Failure::Internal(e.to_string()))?,
        })
    }

    async fn act(self, ctx: &Ctx, browser: &Browser) -> Result<Response, Failure> {
        let (token, user, address) = (self.token, &self.user, &self.address);
        let owner = TakeBack {
            token,
            user,
            address,
        };
        let used = owner.act(ctx, LinkEffect::UndoEmail, MailTemplate::EmailUndone);
        let restored = used.await?;
        Ok(self.show(ctx, browser, View::Done(restored)))
    }

    fn show(&self, ctx: &Ctx, browser: &Browser, view: View) -> Response {
        let csrf = ctx.app.csrf.token(&csrf_parts(browser, self.token, STEP));
        let page = UndoPage {
            shell: ctx.shell(),
            csrf: &csrf,
            token: self.token,
            email: self.address.as_str(),
            username: self.user.username.as_str(),
            view,
        };
        html(UndoPage::CSP, &page)
    }
}

fn used() -> Failure {
    Failure::page(
        PageError::UsedLink,
        "no such living link to an address before",
    )
}
