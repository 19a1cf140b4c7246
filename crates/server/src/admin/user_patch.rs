//! What a change of a user may contain, and what it makes of the user.

use std::collections::BTreeMap;

use cardea_protocol::{
    claims::check_user_claim_bounds,
    model::{MetadataError, User},
};
use serde_json::Value;

use super::{
    refusal::{Answer, Refusal},
    types::UserPatch,
};

const MAX_EMAIL_BYTES: usize = 254;
const MAX_ROLES: usize = 64;
const MAX_ROLE_BYTES: usize = 128;

/// What is wrong with the address or the roles that a user is to get.
pub(crate) fn check_user(email: Option<&str>, roles: &[String]) -> Vec<MetadataError> {
    let bad_email = |e: &str| e.len() > MAX_EMAIL_BYTES || e.chars().any(char::is_control);
    let mut problems = Vec::new();
    let mut fail = |field, problem: &str| {
        problems.push(MetadataError {
            field,
            problem: problem.to_owned(),
        });
    };
    if email.is_some_and(|e| bad_email(e) || !(e.is_empty() || e.contains('@'))) {
        fail(
            "email",
            "it has no @, a control character, or more than 254 bytes",
        );
    }
    let bad_role =
        |r: &String| r.is_empty() || r.len() > MAX_ROLE_BYTES || r.chars().any(char::is_control);
    if roles.len() > MAX_ROLES || roles.iter().any(bad_role) {
        fail(
            "roles",
            "at most 64, each of 1 to 128 bytes without control characters",
        );
    }
    problems
}

/// The first of these as the error of a request.
pub(super) fn check(email: Option<&str>, roles: Option<&[String]>) -> Answer<()> {
    match check_user(email, roles.unwrap_or_default())
        .into_iter()
        .next()
    {
        None => Ok(()),
        Some(problem) => Err(problem.into()),
    }
}

/// A new address is not verified unless that is said, too.
pub(super) fn email(
    before: &User,
    email: Option<String>,
    verified: Option<bool>,
) -> Answer<Option<Option<(String, bool)>>> {
    match (email, verified, &before.email) {
        (None, None, _) => Ok(None),
        (Some(email), _, _) if email.is_empty() => Ok(Some(None)),
        (Some(email), verified, _) => Ok(Some(Some((email, verified.unwrap_or(false))))),
        (None, Some(verified), Some(email)) => Ok(Some(Some((email.clone(), verified)))),
        (None, Some(_), None) => Err(Refusal::bad_request(
            "email_verified: the user has no address",
        )),
    }
}

/// The roles after a change: either all are named, or what to add and to remove.
pub(super) fn roles(before: &User, changes: &UserPatch) -> Answer<Option<Vec<String>>> {
    let (add, remove) = (&changes.add_roles, &changes.remove_roles);
    match &changes.roles {
        Some(_) if !(add.is_empty() && remove.is_empty()) => Err(Refusal::bad_request(
            "roles: give either roles, or add_roles and remove_roles",
        )),
        Some(all) => Ok(Some(all.clone())),
        None if add.is_empty() && remove.is_empty() => Ok(None),
        None => {
            let mut roles = before.roles.clone();
            roles.retain(|role| !remove.contains(role));
            for role in add {
                if !roles.contains(role) {
                    roles.push(role.clone());
                }
            }
            Ok(Some(roles))
        }
    }
}

/// The claims after a change. Those that the user has count for the bounds, too.
pub(super) fn merged(
    before: &User,
    changes: &BTreeMap<String, Value>,
) -> Answer<Option<BTreeMap<String, Value>>> {
    if changes.is_empty() {
        return Ok(None);
    }
    let mut claims = before.claims.clone();
    for (name, value) in changes {
        match value {
            Value::Null => claims.remove(name),
            value => claims.insert(name.clone(), value.clone()),
        };
    }
    // What only removes claims is taken even if what is left is still too much.
    if changes.values().any(|value| !value.is_null()) {
        check_user_claim_bounds(&claims)?;
    }
    Ok(Some(claims))
}
