//! The organizations of the user, and the one that the user can join by the domain of the address (D27).

use axum::response::Response;
use cardea_protocol::{
    model::{Cause, OrganizationId, Subject},
    roles::Membership,
};
use cardea_store::{DomainOffer, JoinByDomain};

use crate::{
    account::frame::{Done, back_to},
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    journey::goal::AccountSection,
};

/// What the profile shows of organizations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Organizations {
    /// Those of the user.
    pub(crate) of: Vec<Membership>,
    /// One to join.
    pub(crate) offer: Option<DomainOffer>,
}

impl Organizations {
    /// Reads those of a user.
    pub(super) async fn of(ctx: &Ctx, subject: &Subject) -> Result<Self, Failure> {
        Ok(Self {
            of: ctx.app.store.memberships_of(subject).await?,
            offer: ctx.app.store.domain_offer(subject).await?,
        })
    }

    pub(super) fn is_shown(&self) -> bool {
        !self.of.is_empty() || self.offer.is_some()
    }
}

/// Joins the organization that is offered.
pub(crate) async fn join(
    ctx: &Ctx,
    subject: Subject,
    id: &str,
    cause: Cause,
) -> Result<Response, Failure> {
    let organization = OrganizationId::parse(id)
        .map_err(|e| Failure::page(PageError::BrokenLink, e.to_string()))?;
    let command = JoinByDomain {
        subject,
        organization,
        cause,
    };
    if !ctx.app.store.join_by_domain(command).await? {
        let cause = "the organization is not offered to this user";
        return Err(Failure::page(PageError::TooLate, cause));
    }
    let done = Done::OrganizationJoined;
    Ok(back_to(ctx, AccountSection::Profile, done))
}

#[cfg(test)]
impl Organizations {
    pub(super) fn sample(name: &str) -> Self {
        let id = |text| OrganizationId::parse(text).unwrap();
        Self {
            of: vec![Membership {
                id: id("acme"),
                name: name.to_owned(),
                roles: Vec::new(),
            }],
            offer: Some(DomainOffer {
                id: id("beta"),
                name: name.to_owned(),
                domain: "beta.example".to_owned(),
            }),
        }
    }
}
