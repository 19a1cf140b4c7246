//! Which organization a user acts in.

use serde::{Deserialize, Serialize};

use crate::{
    error::{ErrorCode, OAuthError},
    model::OrganizationId,
};

/// A user's membership in an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The organization.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The user's roles inside it.
    pub roles: Vec<String>,
}

/// The organization of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen<'a> {
    /// The user acts in none.
    None,
    /// The user acts in this one.
    One(&'a Membership),
    /// The user has to choose.
    Ask,
}

/// Decides which organization a user acts in: the one that the request names, the only one, or the one that the user chose. An
/// organization that does not exist and one that the user is no member of give the same error. A user who has to act in one, and is
/// offered one to join, is asked.
pub fn choose_organization<'a>(
    memberships: &'a [Membership],
    named: Option<&str>,
    required: bool,
    chosen: Option<&OrganizationId>,
    offered: bool,
) -> Result<Chosen<'a>, OAuthError> {
    let denied = |description| OAuthError::new(ErrorCode::AccessDenied, description);
    if let Some(named) = named {
        let by_id = memberships.iter().find(|m| m.id.as_str() == named);
        let by_name = || memberships.iter().find(|m| is_same_name(&m.name, named));
        return match by_id.or_else(by_name) {
            Some(membership) => Ok(Chosen::One(membership)),
            None => Err(denied("the user is not a member of this organization")),
        };
    }
    match memberships {
        [] if required && offered => Ok(Chosen::Ask),
        [] if required => Err(denied("the user is not a member of an organization")),
        [] => Ok(Chosen::None),
        [only] if chosen.is_none_or(|id| *id == only.id) => Ok(Chosen::One(only)),
        several => {
            let chosen = chosen.and_then(|id| several.iter().find(|m| m.id == *id));
            Ok(chosen.map_or(Chosen::Ask, Chosen::One))
        }
    }
}

fn is_same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.trim().to_lowercase()
}
