//! What the policy demands of the user of a journey.

use cardea_protocol::{
    OAuthError,
    journey::Steps,
    mfa::{self, Acr, Circumstances, Demand, Enrolled, Wish},
    model::{Client, Session, Subject, User},
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
    user: &User,
) -> Result<Result<Demand, OAuthError>, Failure> {
    let policy = &ctx.app.settings.mfa;
    let (groups, roles) = ctx.app.roles.of_user(user).await?;
    let mut at = Circumstances {
        roles: &roles,
        groups: &groups,
        client: client.map(Client::id),
        address: ctx.caller.address.map(|a| a.ip),
        ..Circumstances::default()
    };
    if policy.supported().contains(&Acr::Mfa) {
        at.enrolled = enrolled(ctx, &user.subject).await?;
        at.trusted_device = trusted_device::is_trusted(ctx, &user.subject).await?;
    }
    Ok(mfa::demand(policy, &at, &wish(ticket)))
}

/// The second factors of a user; none where they are off.
pub(crate) async fn enrolled(ctx: &Ctx, subject: &Subject) -> Result<Enrolled, Failure> {
    if !ctx.app.settings.mfa.supported().contains(&Acr::Mfa) {
        return Ok(Enrolled::default());
    }
    let view = ctx.app.store.factors(subject).await?;
    Ok(Enrolled {
        totp: view.totp.is_some(),
    })
}

/// The classes that the authorization request of a ticket asks for.
pub(super) fn wish(ticket: &Ticket) -> Wish {
    match &ticket.goal {
        Goal::Authorize(request) => Wish::of(&request.access.claims, &request.access.acr_values),
        Goal::Account { .. } | Goal::Invitation { .. } => Wish::default(),
    }
}
