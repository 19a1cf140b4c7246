//! The mailbox of `cardea dev` (D23): the mails of this process. Elsewhere these pages do not exist.

mod page;

use axum::{
    extract::Path,
    response::{Html, IntoResponse as _, Response},
};
use cardea_web::inbound::PageHeaders;
use http::HeaderValue;

use self::page::{ListPage, MailPage};
use crate::{
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    mail::mailbox::{Kept, Mailbox},
    pages::{csp, html},
};

/// `GET /dev/mailbox`
pub(crate) async fn list(ctx: Ctx) -> Response {
    let result = mailbox(&ctx).map(|mailbox| {
        let page = ListPage {
            shell: ctx.shell(),
            mails: mailbox.list(),
        };
        html(csp::STATIC, &page)
    });
    error::page(&ctx, result)
}

/// `GET /dev/mailbox/{id}`
pub(crate) async fn show(ctx: Ctx, Path(id): Path<String>) -> Response {
    let result = find(&ctx, &id).map(|mail| {
        let page = MailPage {
            shell: ctx.shell(),
            mail,
        };
        html(csp::STATIC, &page)
    });
    error::page(&ctx, result)
}

/// `GET /dev/mailbox/{id}/html`: the HTML part as a mail program shows it, without scripts.
pub(crate) async fn show_html(ctx: Ctx, Path(id): Path<String>) -> Response {
    let result = find(&ctx, &id).map(|mail| {
        let headers = PageHeaders::new(HeaderValue::from_static(csp::MAIL));
        (headers, Html(mail.html)).into_response()
    });
    error::page(&ctx, result)
}

fn mailbox(ctx: &Ctx) -> Result<&Mailbox, Failure> {
    let none = || {
        Failure::page(
            PageError::NotFound,
            "there is no mailbox outside of development",
        )
    };
    ctx.app.mail.mailbox.as_ref().ok_or_else(none)
}

fn find(ctx: &Ctx, id: &str) -> Result<Kept, Failure> {
    let none = || Failure::page(PageError::NotFound, "no such mail");
    mailbox(ctx)?.find(id).ok_or_else(none)
}
