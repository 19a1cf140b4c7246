//! What the policy demands of the user of a journey.

use cardea_protocol::{
    OAuthError,
    journey::Steps,
    mfa::{self, Circumstances, Demand, Enrolled, Wish},
    model::{Client, Session, Subject, User},
    roles::{Chosen, choose_organization},
};

use super::{goal::Goal, ticket::Ticket, trusted_device};
use crate::{ctx::Ctx, error::Failure};

/// Whom the second factor is asked of: the user who is logging in or, if there is none, the session's.
pub(super) fn concerned<'a>(steps: &'a Steps, session: Option<&'a Session>) -> Option<&'a Subject> {
    steps.pending().or(session.map(|s| &s.subject))
}

/// What is demanded of this user.
pub(super) async fn of_user(
    ctx: &Ctx,
    ticket: &Ticket,
    client: Option<&Client>,
    session: Option<&Session>,
    user: &User,
) -> Result<Result<Demand, OAuthError>, Failure> {
    let policy = &ctx.app.settings.mfa;
    let (groups, mut roles) = ctx.app.roles.of_user(user).await?;
    if policy.names_roles() {
        roles.extend(roles_inside(ctx, ticket, client, session, user).await?);
    }
    let mut at = Circumstances {
        roles: &roles,
        groups: &groups,
        client: client.map(Client::id),
        address: ctx.caller.address.map(|a| a.ip),
        must_change_password: user.account.must_change_password,
        ..Circumstances::default()
    };
    at.enrolled = enrolled(ctx, &user.subject).await?;
    if policy.has_second_factors() {
        at.trusted_device = trusted_device::is_trusted(ctx, &user.subject).await?;
    }
    Ok(mfa::demand(policy, &at, &wish(ticket)))
}

/// The second factors of a user. Where they are off, only passkeys count, which are a way to sign in.
pub(crate) async fn enrolled(ctx: &Ctx, subject: &Subject) -> Result<Enrolled, Failure> {
    let view = ctx.app.store.factors(subject).await?;
    Ok(Enrolled {
        totp: ctx.app.settings.mfa.has_second_factors() && view.totp.is_some(),
        passkey: !view.passkeys.is_empty(),
    })
}

/// The classes that the authorization request of a ticket asks for.
pub(super) fn wish(ticket: &Ticket) -> Wish {
    match &ticket.goal {
        Goal::Authorize(request) => Wish::of(&request.access.claims, &request.access.acr_values),
        Goal::Account { .. } | Goal::Invitation { .. } => Wish::default(),
    }
}

/// The user's roles in the organization that the request is for (D27). While several could be meant there are none yet: the choice is
/// made before the code is, and the demand is judged again after it.
async fn roles_inside(
    ctx: &Ctx,
    ticket: &Ticket,
    client: Option<&Client>,
    session: Option<&Session>,
    user: &User,
) -> Result<Vec<String>, Failure> {
    let (Goal::Authorize(request), Some(client)) = (&ticket.goal, client) else {
        return Ok(Vec::new());
    };
    if !ticket.goal.wants_organization() {
        return Ok(Vec::new());
    }
    let memberships = ctx.app.store.memberships_of(&user.subject).await?;
    let session = session.filter(|session| session.subject == user.subject);
    let chosen = choose_organization(
        &memberships,
        request.access.organization.as_deref(),
        client.metadata().require_organization,
        session.and_then(|session| ticket.steps.organization(session)),
        // Whoever has yet to join has no roles there.
        false,
    );
    Ok(match chosen {
        Ok(Chosen::One(membership)) => membership.roles.clone(),
        Ok(Chosen::None | Chosen::Ask) | Err(_) => Vec::new(),
    })
}
