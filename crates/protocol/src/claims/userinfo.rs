//! Userinfo: OpenID Core §5.1, §5.3.2, §5.4.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Catalog, scope_of};
use crate::{
    model::User,
    request::{ClaimRequest, ClaimsRequest},
    scope::Scope,
};

/// The members of userinfo: `sub` and what the scopes and the `claims` parameter allow.
#[must_use]
pub fn userinfo(
    user: &User,
    scope: &Scope,
    claims: &ClaimsRequest,
    catalog: &Catalog,
) -> Map<String, Value> {
    let mut members = Map::new();
    for name in scope.iter().flat_map(|s| catalog.claims_of(s)) {
        members.extend(claim(user, name).map(|value| (name.to_owned(), value)));
    }
    members.extend(requested(user, &claims.userinfo, scope, catalog));
    members.insert("sub".to_owned(), user.subject.as_str().into());
    members
}

/// The claims requested by name. A claim without a value is left out, essential or not (§5.5.1). One of the configuration
/// needs its scope; the scope of a standard one was checked with the request.
pub(super) fn requested(
    user: &User,
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
    user: &User,
    names: impl IntoIterator<Item = &'a str>,
    max_bytes: usize,
) -> Map<String, Value> {
    let mut room = max_bytes;
    let mut members = Map::new();
    for name in names {
        let Some(value) = claim(user, name) else {
            continue;
        };
        // Quotes, colon and comma.
        let bytes = value.to_string().len() + name.len() + 4;
        if let Some(left) = room.checked_sub(bytes) {
            room = left;
            members.insert(name.to_owned(), value);
        }
    }
    members
}

fn claim(user: &User, name: &str) -> Option<Value> {
    match name {
        "preferred_username" => Some(user.username.as_str().into()),
        "updated_at" => Some(user.updated_at.as_second().into()),
        "email" => user.email.as_deref().map(Value::from),
        "roles" => (!user.roles.is_empty()).then(|| user.roles.clone().into()),
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
        Value::Object(userinfo(&alice(), &scope, &claims, &Catalog::default()))
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
