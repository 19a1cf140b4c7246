//! `GET` and `POST /account/profile`: who I am, how I am shown, and which language I read.

pub(crate) mod email;
pub(crate) mod organizations;
pub(crate) mod page;

use axum::response::Response;
use cardea_protocol::{
    language::Lang,
    model::Actor,
    profile::{self, NameClaim, ProfileChange, ProfileProblem},
};
use cardea_store::{Constraint, StoreError, UserChange, UserUpdate};
use cardea_web::inbound::UnreadForm;
use serde_json::Value;

use self::{
    organizations::Organizations,
    page::{Email, Entered, ProfilePage},
};
use super::frame::{Done, Posted, SignedIn, Visit, back_to, posted, visit};
use crate::{
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_PAGE_BYTES},
    journey::goal::AccountSection,
    pages::{self, html},
};

const SECTION: AccountSection = AccountSection::Profile;

/// `GET /account/profile`
pub(crate) async fn get(ctx: Ctx) -> Response {
    let result = async {
        let signed_in = match visit(&ctx, SECTION).await? {
            Visit::ToLogin(login) => return Ok(login),
            Visit::SignedIn(user) => user,
        };
        let user = &signed_in.user;
        let claim = |name: NameClaim| user.claims.get(name.as_str()).and_then(Value::as_str);
        let entered = Entered {
            names: NameClaim::ALL.map(|name| claim(name).unwrap_or_default()),
            locale: profile::language(user),
        };
        let answer: Result<_, Failure> = show(&ctx, &signed_in, entered, None).await;
        answer
    };
    error::page(&ctx, result.await)
}

/// `POST /account/profile`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        match posted(&ctx, SECTION, form, MAX_PAGE_BYTES).await? {
            Posted::ToLogin(login) => Ok(login),
            Posted::SignedIn(user, form) => act(&ctx, &user, &form).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn act(ctx: &Ctx, signed_in: &SignedIn, form: &Form) -> Result<Response, Failure> {
    let entered = Entered {
        names: NameClaim::ALL.map(|name| form.one(name.as_str()).unwrap_or_default()),
        locale: locale(form.one("locale"))?,
    };
    let user = &signed_in.user;
    let change = ProfileChange::parse(entered.names, entered.locale)
        .and_then(|change| Ok((change.claims(user)?, change)));
    let (claims, change) = match change {
        Ok(change) => change,
        Err(problem) => {
            let page = show(ctx, signed_in, entered, Some(problem)).await?;
            return Ok(pages::refused(page));
        }
    };
    let command = UserChange {
        subject: user.subject.clone(),
        update: UserUpdate {
            before: Some(Box::new(user.clone())),
            claims: Some(claims),
            locale: Some(change.locale()),
            ..UserUpdate::default()
        },
        cause: ctx.caller.cause(Actor::Person(user.subject.clone())),
    };
    match ctx.app.store.change_user(command).await {
        Ok(true) => Ok(back_to(ctx, SECTION, Done::ProfileChanged)),
        Ok(false) => Err(Failure::page(PageError::TooLate, "the user was removed")),
        Err(StoreError::Conflict {
            constraint: Constraint::ChangedMeanwhile,
        }) => {
            let cause = "the user was changed at the same time";
            Err(Failure::page(PageError::TooLate, cause))
        }
        Err(error) => Err(error.into()),
    }
}

/// One of the languages, or none: that of the browser.
fn locale(word: Option<&str>) -> Result<Option<Lang>, Failure> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Ok(None);
    };
    let found = Lang::ALL.into_iter().find(|lang| lang.as_str() == word);
    let unknown = || Failure::page(PageError::BrokenLink, "the form has no known language");
    found.map(Some).ok_or_else(unknown)
}

async fn show(
    ctx: &Ctx,
    signed_in: &SignedIn,
    entered: Entered<'_>,
    problem: Option<ProfileProblem>,
) -> Result<Response, Failure> {
    let user = &signed_in.user;
    let page = ProfilePage {
        shell: ctx.shell(),
        frame: signed_in.frame(ctx, SECTION),
        entered,
        problem,
        email: user.email.as_deref().map(|address| Email {
            address,
            verified: user.email_verified,
        }),
        organizations: Organizations::of(ctx, &user.subject).await?,
    };
    Ok(signed_in.answer(ctx, html(ProfilePage::CSP, &page)))
}
