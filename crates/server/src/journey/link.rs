//! Pages behind a link for one use, which was mailed or handed over. A GET uses nothing: mail scanners read links.

use cardea_web::inbound::{FormError, QueryPairs, UnreadForm, limits::Limiter};

use super::{
    forms::{csrf_parts, from_our_page},
    next_step::parameter,
};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    form::{Form, MAX_PAGE_BYTES, read_limited},
    limited,
};

/// Counts the request, and reads the token of the link.
pub(crate) fn followed(ctx: &Ctx, query: Result<QueryPairs, FormError>) -> Result<String, Failure> {
    limited::by_network(&ctx.app.limits.authorize, &ctx.caller)?;
    let query = query?;
    let none = || Failure::page(PageError::BrokenLink, "there is no token");
    parameter(&query, "token")
        .map(str::to_owned)
        .ok_or_else(none)
}

/// A form of such a page, which was shown to this browser.
pub(crate) struct LinkForm {
    pub(crate) browser: Browser,
    pub(crate) form: Form,
}

impl LinkForm {
    /// Counts the request, reads the form, and checks where it comes from. The form is bound to the step and to its token.
    pub(crate) async fn read(
        ctx: &Ctx,
        limiter: &Limiter,
        form: UnreadForm,
        step: &str,
    ) -> Result<Self, Failure> {
        let form = Form::of(read_limited(limiter, &ctx.caller, form, MAX_PAGE_BYTES).await?)?;
        let browser = Browser::of(ctx);
        // A browser that was given a page has a cookie, if it keeps cookies.
        if browser.fresh.is_some() {
            let cause = "a form without the browser's cookie";
            return Err(Failure::page(PageError::OtherBrowser, cause));
        }
        let read = Self { browser, form };
        let parts = csrf_parts(&read.browser, read.token(), step);
        from_our_page(ctx, &parts, read.form.one("csrf"))?;
        Ok(read)
    }

    /// The token of the link; empty if there is none.
    pub(crate) fn token(&self) -> &str {
        self.form.one("token").unwrap_or_default()
    }
}
