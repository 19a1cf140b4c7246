//! Userinfo: OpenID Core §5.1, §5.3.2, §5.4.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Catalog, scope_of};
use crate::{
    model::User,
    request::{ClaimRequest, ClaimsRequest},
    roles::Entitled,
    scope::{PERMISSIONS, Scope},
};

/// A user, with what the tokens of a client carry of the user's roles, groups and organization.
#[derive(Clone, Copy)]
pub struct ClaimSource<'a> {
    /// The user.
    pub user: &'a User,
    /// What the user has in the tokens of the client.
    pub entitled: &'a Entitled,
}

/// The members of userinfo: `sub` and what the scopes and the `claims` parameter allow.
#[must_use]
pub fn userinfo(
    user: ClaimSource<'_>,
    scope: &Scope,
    claims: &ClaimsRequest,
    catalog: &Catalog,
) -> Map<String, Value> {
    let mut members = Map::new();
    for name in scope.iter().flat_map(|s| catalog.claims_of(s)) {
        members.extend(claim(user, name).map(|value| (name.to_owned(), value)));
    }
    members.extend(requested(user, &claims.userinfo, scope, catalog));
    members.insert("sub".to_owned(), user.user.subject.as_str().into());
    members
}

/// The claims requested by name. A claim without a value is left out, essential or not (§5.5.1). One of the configuration
/// needs its scope; the scope of a standard one was checked with the request.
pub(super) fn requested(
    user: ClaimSource<'_>,
    names: &BTreeMap<String, ClaimRequest>,
    scope: &Scope,
    catalog: &Catalog,
) -> Map<String, Value> {
    names
        .keys()
        .filter(|name| scope_of(name).is_some() || catalog.gives(scope, name))
        .filter_map(|name| Some((name.clone(), claim(user, name)?)))
        .collect()
}

/// The claims of these names that the user has, in their order, until they are too long for a token.
pub(super) fn bounded<'a>(
    user: ClaimSource<'_>,
    names: impl IntoIterator<Item = &'a str>,
    max_bytes: usize,
) -> Map<String, Value> {
    let mut room = max_bytes;
    let mut members = Map::new();
    for name in names {
        let Some(value) = claim(user, name) else {
            continue;
        };
        if is_bounded(name) {
            members.insert(name.to_owned(), value);
            continue;
        }
        // Quotes, colon and comma.
        let bytes = value.to_string().len() + name.len() + 4;
        if let Some(left) = room.checked_sub(bytes) {
            room = left;
            members.insert(name.to_owned(), value);
        }
    }
    members
}

/// The claims of an access token for an API, beside `roles`: those that the API wants, and the permissions if their scope is granted.
/// A grant that was given in an organization always says so: the API must not take it for one of another.
#[must_use]
pub fn api_claims(user: ClaimSource<'_>, scope: &Scope, names: &[String]) -> Map<String, Value> {
    let names = names.iter().map(String::as_str);
    let mut members = bounded(user, names, super::MAX_CLAIM_BYTES);
    members.extend(entitled_claims(user.entitled, scope));
    members
}

/// Those of them that follow from the scope and the organization only.
#[must_use]
pub fn entitled_claims(entitled: &Entitled, scope: &Scope) -> Map<String, Value> {
    let permissions = scope.contains(PERMISSIONS).then_some("permissions");
    let names = ["org_id", "org_name"].into_iter().chain(permissions);
    names
        .filter_map(|name| Some((name.to_owned(), of_entitled(entitled, name)?)))
        .collect()
}

fn of_entitled(entitled: &Entitled, name: &str) -> Option<Value> {
    let names = |list: &[String]| (!list.is_empty()).then(|| list.to_vec().into());
    match name {
        "roles" => names(entitled.roles()),
        "permissions" => names(entitled.permissions()),
        "org_id" => entitled.organization().map(|m| m.id.as_str().into()),
        "org_name" => entitled.organization().map(|m| m.name.as_str().into()),
        _ => None,
    }
}

/// Whether the claim is bounded where it is set, so that it is never cut.
fn is_bounded(name: &str) -> bool {
    ["permissions", "org_id", "org_name"].contains(&name)
}

/// The user's groups, and those that an operator has set as a claim.
fn groups(source: ClaimSource<'_>) -> Option<Value> {
    let set = source.user.claims.get("groups").filter(|v| !v.is_null());
    let own = source.entitled.groups();
    if own.is_empty() {
        return set.cloned();
    }
    let set = set.and_then(Value::as_array).into_iter().flatten();
    let mut all: Vec<Value> = own.iter().map(|name| name.as_str().into()).collect();
    for name in set {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    Some(all.into())
}

fn claim(source: ClaimSource<'_>, name: &str) -> Option<Value> {
    let ClaimSource { user, entitled } = source;
    match name {
        "groups" => groups(source),
        "roles" | "permissions" | "org_id" | "org_name" => of_entitled(entitled, name),
        "preferred_username" => Some(user.username.as_str().into()),
        "updated_at" => Some(user.updated_at.as_second().into()),
        "email" => user.email.as_deref().map(Value::from),
        "email_verified" => user.email.as_ref().map(|_| user.email_verified.into()),
        _ => user.claims.get(name).filter(|v| !v.is_null()).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountState, LoginFailures, Subject, UserStatus, Username};
    use jiff::Timestamp;
    use serde_json::json;

    fn alice() -> User {
        let claims = json!({"name": "Alice A", "phone_number": "+1 555 0100", "address": {"country": "NL"}, "secret": 1});
        User {
            subject: Subject::parse("s-1").unwrap(),
            username: Username::parse("alice").unwrap(),
            email: Some("alice@example.test".to_owned()),
            email_verified: true,
            roles: vec!["user".to_owned()],
            claims: serde_json::from_value(claims).unwrap(),
            status: UserStatus::Enabled,
            failures: LoginFailures::default(),
            devices_since: None,
            account: AccountState::default(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn of(scope: &str, claims: &str) -> Value {
        let claims = ClaimsRequest::parse(claims).unwrap();
        let scope = Scope::parse(scope).unwrap();
        let (user, entitled) = (alice(), Entitled::to_roles(&["user".to_owned()]));
        let source = ClaimSource {
            user: &user,
            entitled: &entitled,
        };
        Value::Object(userinfo(source, &scope, &claims, &Catalog::default()))
    }

    #[test]
    fn each_scope_gives_its_own_claims_and_no_more() {
        assert_eq!(of("openid", "{}"), json!({"sub": "s-1"}));
        assert_eq!(
            of("openid email", "{}"),
            json!({"sub": "s-1", "email": "alice@example.test", "email_verified": true})
        );
        assert_eq!(
            of("openid roles", "{}"),
            json!({"sub": "s-1", "roles": ["user"]})
        );
        assert_eq!(
            of("openid phone address", "{}"),
            json!({"sub": "s-1", "phone_number": "+1 555 0100", "address": {"country": "NL"}})
        );
        assert_eq!(
            of("openid profile", "{}"),
            json!({"sub": "s-1", "name": "Alice A", "preferred_username": "alice", "updated_at": 0})
        );
    }

    #[test]
    fn a_claim_can_be_asked_for_alone_but_only_a_standard_one() {
        let asked = r#"{"userinfo": {"name": {"essential": true}, "secret": null, "sub": {"value": "x"}, "website": null}}"#;
        assert_eq!(
            of("openid", asked),
            json!({"sub": "s-1", "name": "Alice A"})
        );
    }
}
