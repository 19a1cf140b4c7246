//! The first account of a provider, by a link that `cardea serve` prints while there are no users (2.1). Whoever has the link operates
//! the provider, so the account administers its organizations.

use axum::response::Response;
use cardea_protocol::{
    model::{Actor, OrganizationId},
    roles::Organization,
};
use cardea_seal::{Digest, RandomToken, Secret};
use cardea_store::{AddUser, Constraint, MAX_MEMBERSHIPS, MakeFirstAccount, Page, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::page::{Entered, FirstAccountPage, Problem};
use crate::{
    app::App,
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    form::Form,
    journey::{
        forms::csrf_parts,
        goal::{AccountSection, Goal, invitation_page},
        new_account,
    },
    pages::{self, html},
    password_reset::{STEP, digest, new_hash},
    sign_up::new_name,
};

/// How long the link can be used.
const TTL: SignedDuration = SignedDuration::from_hours(24);

/// A link to the first account, for the operator's eyes only.
pub struct FirstAccountLink {
    /// Where it leads.
    pub url: Secret<String>,
    /// Until when.
    pub expires_at: Timestamp,
    /// The names of the organizations that the account will administer.
    pub organizations: Vec<String>,
}

impl App {
    /// Makes a link to the first account, in place of an earlier one. `None` when there are users.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn offer_first_account(&self) -> Result<Option<FirstAccountLink>, StoreError> {
        let token = self.entropy.token();
        let now = self.clock.now();
        let expires_at = now.saturating_add(TTL).unwrap_or(now);
        let offered = self.store.offer_first_account(token.hash(), expires_at);
        if !offered.await? {
            return Ok(None);
        }
        let (organizations, _) = self.to_administer().await?;
        Ok(Some(FirstAccountLink {
            url: Secret::new(invitation_page(self, token.to_text().expose())),
            expires_at,
            organizations: organizations.into_iter().map(|o| o.name).collect(),
        }))
    }

    /// The organizations of the first account, and its roles inside. Without a role that administers there are none.
    async fn to_administer(&self) -> Result<(Vec<Organization>, Vec<String>), StoreError> {
        let roles = self.store.role_catalog().await?.administrators();
        if roles.is_empty() {
            return Ok((Vec::new(), roles));
        }
        let all = self.store.organizations(Page::first(MAX_MEMBERSHIPS));
        let mut organizations = all.await?.items;
        organizations.retain(|organization| organization.enabled);
        Ok((organizations, roles))
    }
}

/// The page of a link to the first account, if the token is that of one.
pub(super) async fn page(
    ctx: &Ctx,
    browser: &Browser,
    token: &str,
) -> Result<Option<Response>, Failure> {
    let Some(hash) = RandomToken::parse(token).map(|token| token.hash()) else {
        return Ok(None);
    };
    if !lives(ctx, hash).await? {
        return Ok(None);
    }
    let entered = Entered::default();
    show(ctx, browser, token, &entered, None).await.map(Some)
}

async fn lives(ctx: &Ctx, token: Digest) -> Result<bool, Failure> {
    let found = ctx.app.store.has_first_account_link(token, ctx.caller.now);
    Ok(found.await?)
}

/// Makes the account. Of two at once the store makes one.
pub(super) async fn make(
    ctx: &Ctx,
    browser: &Browser,
    token: &str,
    form: &Form,
) -> Result<Response, Failure> {
    let hash = digest(token)?;
    // Before a password is hashed for a stranger.
    if !lives(ctx, hash).await? {
        return Err(used());
    }
    let entered = Entered::of(form);
    let again = async |problem| {
        let page = show(ctx, browser, token, &entered, Some(problem)).await?;
        Ok(pages::refused(page))
    };
    let Some(username) = new_name(entered.username) else {
        return again(Problem::Username).await;
    };
    let user = new_account::new_user(ctx, username, Some(entered.name))?;
    let password = form.one("password").unwrap_or_default();
    let password_hash = match new_hash(ctx, password, &user).await? {
        Ok(hash) => Some(hash),
        Err(problem) => return again(Problem::Password(problem)).await,
    };
    let subject = user.subject.clone();
    let (organizations, roles) = ctx.app.to_administer().await?;
    let with_roles = |organization: Organization| (organization.id, roles.clone());
    let organizations: Vec<(OrganizationId, Vec<String>)> =
        organizations.into_iter().map(with_roles).collect();
    let made = ctx.app.store.make_first_account(MakeFirstAccount {
        token: hash,
        add: AddUser {
            user,
            password_hash,
            cause: ctx.caller.cause(Actor::Person(subject.clone())),
        },
        organizations,
    });
    match made.await {
        Ok(true) => {}
        Ok(false) => return Err(used()),
        Err(StoreError::Conflict {
            constraint: Constraint::ChangedMeanwhile,
        }) => {
            let cause = "an organization was removed at the same time";
            return Err(Failure::page(PageError::TooLate, cause));
        }
        Err(error) => return Err(error.into()),
    }
    ctx.app.refresh_password_costs().await?;
    tracing::info!(request_id = %ctx.caller.request_id, subject = subject.as_str(), "made the first account");
    let return_to = AccountSection::Profile;
    new_account::sign_in(ctx, browser, &subject, Goal::Account { return_to }).await
}

async fn show(
    ctx: &Ctx,
    browser: &Browser,
    token: &str,
    entered: &Entered<'_>,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let csrf = ctx.app.csrf.token(&csrf_parts(browser, token, STEP));
    let (organizations, _) = ctx.app.to_administer().await?;
    let names = organizations.iter().map(|o| o.name.as_str()).collect();
    let page = FirstAccountPage {
        shell: ctx.shell(),
        csrf: &csrf,
        token,
        organizations: names,
        entered: *entered,
        problem,
    };
    let mut response = html(FirstAccountPage::CSP, &page);
    browser.remember(&ctx.app, response.headers_mut());
    Ok(response)
}

fn used() -> Failure {
    Failure::page(PageError::UsedLink, "no living link to the first account")
}
