//! An identity has come back: which account it belongs to, and what it changes there.

use axum::response::Response;
use cardea_protocol::{
    federation::{
        Arrival, LinkKey, LinkRefusal, LinkVerdict, LocalAccount, Purpose, UpstreamAddress,
        UpstreamIdentity, judge_link, proof,
    },
    journey::{Authenticator, NextStep, Proved, Steps},
    model::{AccountState, Actor, LoginFailures, Subject, User, UserStatus, Username},
};
use cardea_store::{
    AddLink, AddLinkedUser, Constraint, Linked, StoreError, UpstreamLink, UseLink, UserUpdate,
};
use serde_json::Value;

use super::{
    begin::back_to_links,
    page::{FederationPage, Problem},
    pending::Pending,
    upstreams::Upstream,
};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    journey::{
        next_step::page_url,
        session,
        ticket::{LinkOffer, Ticket},
    },
    notice::{self, Way},
    start::new_subject,
};

/// A longer name of the user is cut on the account page.
const MAX_LABEL_CHARS: usize = 100;
const MAX_USERNAME_CHARS: usize = 40;

/// Signs the user in, links the identity, or says why neither can be.
pub(super) async fn arrive(
    ctx: &Ctx,
    browser: &Browser,
    (upstream, identity): (&Upstream, UpstreamIdentity),
    pending: Pending,
) -> Result<Response, Failure> {
    if !is_still_there(ctx, browser, pending.link.as_ref()).await? {
        let again = Some(ctx.app.settings.issuer.endpoint("/account/security"));
        return Ok(FederationPage::show(
            ctx,
            Problem::StartAgain,
            upstream,
            again,
        ));
    }
    let key = LinkKey::of(&upstream.id, &identity.issuer, &identity.subject);
    let linked = ctx.app.store.linked_user(&key).await?;
    let local = match linked {
        None => owner_of_address(ctx, &identity).await?,
        Some(_) => None,
    };
    let verdict = judge_link(&Arrival {
        identity: &identity,
        linked: linked.as_ref().map(|user| &user.subject),
        purpose: pending.link.as_ref().map_or(Purpose::SignIn, Purpose::Link),
        local: local.as_ref().map(|user| LocalAccount {
            subject: &user.subject,
            email_verified: user.email_verified,
        }),
        policy: &upstream.policy,
    });
    let link = UpstreamLink {
        label: label(&identity),
        key,
        upstream: upstream.id.clone(),
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
    };
    let again = pending.ticket.restart(&ctx.app);
    let refuse = |problem| Ok(FederationPage::show(ctx, problem, upstream, again.clone()));
    let subject = match verdict {
        LinkVerdict::SignIn(subject) => subject,
        LinkVerdict::Link(subject) => match add_link(ctx, subject, link.clone()).await? {
            Ok(subject) => subject,
            Err(problem) => return refuse(problem),
        },
        LinkVerdict::Create { email } => create(ctx, (upstream, &identity), email, &link).await?,
        LinkVerdict::AskToLink { owner, address } => {
            let offer = offer(owner, link);
            return offer_link(ctx, upstream, (pending.ticket, offer), &address);
        }
        LinkVerdict::Refuse(LinkRefusal::LinkedToAnother) => {
            return refuse(Problem::LinkedToAnother);
        }
        LinkVerdict::Refuse(LinkRefusal::NoAccount) => return refuse(Problem::NoAccount),
    };
    let found = ctx.app.store.user(&subject).await?;
    let Some(user) = found.filter(|user| user.may_log_in(ctx.caller.now)) else {
        return refuse(Problem::Disabled);
    };
    refresh(ctx, (upstream, &identity), &user, link.key).await?;
    if pending.link.is_some() {
        return Ok(back_to_links(ctx, "account_linked"));
    }
    let proof = proof(&upstream.id, &identity, upstream.trust_mfa, ctx.caller.now);
    metrics::counter!(cardea_web::metric_names::LOGINS, "outcome" => "ok").increment(1);
    tracing::info!(request_id = %ctx.caller.request_id, subject = user.subject.as_str(), upstream = upstream.id.as_str(), "logged in at another provider");
    let mut ticket = pending.ticket;
    ticket.steps.prove(Proved {
        authenticator: Authenticator::Upstream,
        subject: user.subject,
        at: proof.auth_time,
        credential_set_at: ctx.caller.now,
        upstream: Some(proof),
        passkey: None,
    });
    session::after_proof(ctx, browser, ticket).await
}

/// The account with the address that the upstream has verified.
async fn owner_of_address(ctx: &Ctx, identity: &UpstreamIdentity) -> Result<Option<User>, Failure> {
    let Some(address) = identity.verified_address() else {
        return Ok(None);
    };
    let owner = ctx.app.store.user_by_verified_email(address.as_str());
    Ok(owner.await?)
}

/// Whether the user who asked to link an identity is signed in still.
async fn is_still_there(
    ctx: &Ctx,
    browser: &Browser,
    user: Option<&Subject>,
) -> Result<bool, Failure> {
    let Some(user) = user else { return Ok(true) };
    let session = browser.session(ctx).await?;
    Ok(session.is_some_and(|session| session.subject == *user))
}

pub(super) async fn add_link(
    ctx: &Ctx,
    subject: Subject,
    link: UpstreamLink,
) -> Result<Result<Subject, Problem>, Failure> {
    let user = ctx.app.store.user(&subject).await?;
    let id = link.upstream.as_str();
    let provider = ctx.app.upstreams.find(id).map_or(id, |one| &one.name);
    let notice = user.and_then(|user| notice::added(ctx, &user, Way::Account(provider)));
    let command = AddLink {
        subject: subject.clone(),
        link,
        notice,
        cause: ctx.caller.cause(Actor::Person(subject.clone())),
    };
    let linked = ctx.app.store.add_link(command).await?;
    ctx.app.mail.wake();
    Ok(match linked {
        Linked::Now => Ok(subject),
        Linked::Already(owner) if owner == subject => Ok(subject),
        Linked::Already(_) => Err(Problem::LinkedToAnother),
        Linked::Refused => Err(Problem::Disabled),
    })
}

fn offer(owner: Subject, link: UpstreamLink) -> LinkOffer {
    LinkOffer {
        owner,
        upstream: link.upstream,
        issuer: link.issuer,
        subject: link.subject,
        label: link.label,
    }
}

/// The page that leads to the sign-in of the account; after that the identity can be linked.
fn offer_link(
    ctx: &Ctx,
    upstream: &Upstream,
    (mut ticket, offer): (Ticket, LinkOffer),
    address: &UpstreamAddress,
) -> Result<Response, Failure> {
    // Whatever session there is: its user must be here.
    ticket.steps = Steps::must_log_in();
    ticket.link_offer = Some(offer);
    let login = page_url(&ctx.app, NextStep::Login, &ticket)?;
    let shown = (Some(address.as_str()), Some(login));
    Ok(FederationPage::about(
        ctx,
        Problem::AskToLink,
        upstream,
        shown,
    ))
}

/// Adds a user for the identity. Of two sign-ins at once one adds it, and both get it.
async fn create(
    ctx: &Ctx,
    (upstream, identity): (&Upstream, &UpstreamIdentity),
    email: Option<(UpstreamAddress, bool)>,
    link: &UpstreamLink,
) -> Result<Subject, Failure> {
    let now = ctx.caller.now;
    let update = upstream.mapping.read(&identity.claims);
    let internal = |e: &dyn std::fmt::Display| Failure::Internal(e.to_string());
    for name in usernames(ctx, identity) {
        let user = User {
            subject: new_subject(&ctx.app.entropy).map_err(|e| internal(&e))?,
            username: Username::parse_new(&name).map_err(|e| internal(&e))?,
            email: email
                .as_ref()
                .map(|(address, _)| address.as_str().to_owned()),
            email_verified: email.as_ref().is_some_and(|(_, verified)| *verified),
            // The least: what the operator's table gives.
            roles: update.roles(&[]),
            claims: update.claims(&[].into()).unwrap_or_default(),
            status: UserStatus::Enabled,
            failures: LoginFailures::default(),
            devices_since: None,
            account: AccountState::default(),
            created_at: now,
            updated_at: now,
        };
        let subject = user.subject.clone();
        let command = AddLinkedUser {
            user,
            link: link.clone(),
            cause: ctx.caller.cause(Actor::Person(subject.clone())),
        };
        match ctx.app.store.add_linked_user(command).await {
            Ok(Linked::Already(owner)) => return Ok(owner),
            Ok(_) => return Ok(subject),
            Err(StoreError::Conflict {
                constraint: Constraint::UserName,
            }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Internal("no free user name".to_owned()))
}

/// Names to try for a new user: what the provider calls the user, then the same with random letters.
fn usernames(ctx: &Ctx, identity: &UpstreamIdentity) -> [String; 3] {
    let text = |claim: &str| identity.claims.get(claim).and_then(Value::as_str);
    let wished = ["preferred_username", "email", "given_name"];
    let plain = |text: &str| -> String {
        let name = text.split('@').next().unwrap_or_default().to_lowercase();
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        name.chars()
            .filter(allowed)
            .take(MAX_USERNAME_CHARS)
            .collect()
    };
    let mut names = wished.into_iter().filter_map(text).map(plain);
    let name = names.find(|name| name.len() >= 2);
    let name = name.unwrap_or_else(|| "user".to_owned());
    let random = || {
        let text = ctx.app.entropy.text(8).to_lowercase();
        let letters = text.chars().filter(char::is_ascii_alphanumeric).take(8);
        format!("{name}-{}", letters.collect::<String>())
    };
    let (second, third) = (random(), random());
    [name, second, third]
}

/// Notes the use of the link, and takes over what the provider says now.
async fn refresh(
    ctx: &Ctx,
    (upstream, identity): (&Upstream, &UpstreamIdentity),
    user: &User,
    key: LinkKey,
) -> Result<(), Failure> {
    let read = upstream.mapping.read(&identity.claims);
    let roles = Some(read.roles(&user.roles)).filter(|roles| *roles != user.roles);
    let claims = match read.claims(&user.claims) {
        Ok(claims) => Some(claims).filter(|claims| *claims != user.claims),
        Err(problem) => {
            tracing::warn!(request_id = %ctx.caller.request_id, upstream = upstream.id.as_str(), %problem, "claims of another provider are left out");
            None
        }
    };
    let update = (roles.is_some() || claims.is_some()).then(|| UserUpdate {
        before: Some(Box::new(user.clone())),
        roles,
        claims,
        ..UserUpdate::default()
    });
    let command = |update| UseLink {
        subject: user.subject.clone(),
        key: key.clone(),
        update,
        cause: ctx.caller.cause(Actor::Person(user.subject.clone())),
    };
    let used = match ctx.app.store.use_link(command(update)).await {
        // Changed at the same time: the next sign-in takes it over.
        Err(StoreError::Conflict {
            constraint: Constraint::ChangedMeanwhile,
        }) => ctx.app.store.use_link(command(None)).await?,
        other => other?,
    };
    match used {
        true => Ok(()),
        false => Err(Failure::page(
            PageError::TooLate,
            "the link was removed during the sign-in",
        )),
    }
}

/// What the provider calls the user.
fn label(identity: &UpstreamIdentity) -> Option<String> {
    let text = |claim: &str| identity.claims.get(claim).and_then(Value::as_str);
    let known = ["email", "preferred_username", "name"];
    let label = known.into_iter().find_map(text)?;
    let shown = label.chars().filter(|c| !c.is_control());
    Some(shown.take(MAX_LABEL_CHARS).collect())
}
