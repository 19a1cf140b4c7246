//! What tokens carry of roles, groups and organizations (D27).

use serde_json::{Value, json};

use super::*;
use crate::{
    model::{ClientId, Jti, OrganizationId, Owner, User},
    request::ClaimsRequest,
    roles::{
        Assigned, Entitled, GroupConfig, Membership, RoleCatalog, RoleConfig, check_group,
        check_role,
    },
    samples::{self, ISSUER, audience, grant, now, scope, seconds, user},
    token::audience::Target,
};

fn entitled(user: &User) -> Entitled {
    let role = RoleConfig {
        name: "editor".to_owned(),
        permissions: vec!["pages:write".to_owned(), "pages:read".to_owned()],
        client: None,
    };
    let group = GroupConfig {
        name: "sales".to_owned(),
        roles: vec!["clerk".to_owned()],
    };
    let catalog = RoleCatalog::new(
        1,
        vec![check_role(&role, Owner::Store).unwrap()],
        vec![check_group(&group, Owner::Store).unwrap()],
    );
    let assigned = Assigned {
        revision: 1,
        groups: vec!["sales".to_owned()],
        organization: Some(Membership {
            id: OrganizationId::parse("acme").unwrap(),
            name: "Acme <b>".to_owned(),
            roles: vec!["buyer".to_owned()],
        }),
    };
    catalog.entitle(&user.roles, assigned, &ClientId::parse("app").unwrap())
}

fn access(api: Option<&str>, what: &str, wanted: &[&str]) -> Value {
    let (user, grant, client) = (user(), grant(), samples::client(|_| {}));
    let target = Target {
        audience: api.map(audience),
        scope: scope(what),
        claims: wanted.iter().map(|c| (*c).to_owned()).collect(),
        typ: Default::default(),
    };
    let issue = Issue {
        issuer: ISSUER,
        now: now(),
        ttl: seconds(900),
    };
    let (jti, entitled) = (Jti::parse("t1").unwrap(), entitled(&user));
    let source = ClaimSource {
        user: &user,
        entitled: &entitled,
    };
    let claims = access_token(issue, &client, Holder::User(source, &grant), &target, &jti);
    serde_json::to_value(claims).unwrap()
}

#[test]
fn d27_a_token_for_an_api_says_the_organization_and_all_roles() {
    let claims = access(Some("api://orders"), "orders:read", &[]);
    assert_eq!(claims["roles"], json!(["editor", "clerk", "buyer"]));
    assert_eq!(
        (&claims["org_id"], &claims["org_name"]),
        (&json!("acme"), &json!("Acme <b>"))
    );
    assert!(claims.get("permissions").is_none() && claims.get("groups").is_none());
}

#[test]
fn d27_permissions_come_by_their_scope_or_where_the_api_wants_them() {
    let all = json!(["pages:read", "pages:write"]);
    let by_scope = access(Some("api://orders"), "orders:read permissions", &[]);
    assert_eq!(by_scope["permissions"], all);
    let by_api = access(
        Some("api://orders"),
        "orders:read",
        &["permissions", "groups"],
    );
    assert_eq!(
        (&by_api["permissions"], &by_api["groups"]),
        (&all, &json!(["sales"]))
    );
}

#[test]
fn d27_a_token_for_the_issuer_carries_none_of_it() {
    let claims = access(None, "openid permissions organization", &[]);
    for name in ["roles", "permissions", "groups", "org_id", "org_name"] {
        assert!(claims.get(name).is_none(), "{name}");
    }
}

#[test]
fn d27_userinfo_gives_each_by_its_scope() {
    let user = user();
    let entitled = entitled(&user);
    let source = ClaimSource {
        user: &user,
        entitled: &entitled,
    };
    let of = |what: &str| {
        let asked = ClaimsRequest::default();
        Value::Object(userinfo(source, &scope(what), &asked, &Catalog::default()))
    };
    assert_eq!(of("openid"), json!({"sub": "alice"}));
    assert_eq!(
        of("openid roles groups permissions organization"),
        json!({"sub": "alice", "roles": ["editor", "clerk", "buyer"], "groups": ["sales"],
            "permissions": ["pages:read", "pages:write"], "org_id": "acme", "org_name": "Acme <b>"})
    );
}

#[test]
fn d27_a_claim_of_the_user_never_replaces_a_computed_one() {
    let mut mallory = user();
    for name in ["permissions", "org_id", "org_name"] {
        mallory.claims.insert(name.to_owned(), json!("forged"));
    }
    let entitled = Entitled::to_roles(&mallory.roles);
    let source = ClaimSource {
        user: &mallory,
        entitled: &entitled,
    };
    let asked = ClaimsRequest::default();
    let scope = scope("openid permissions organization");
    let members = userinfo(source, &scope, &asked, &Catalog::default());
    assert_eq!(Value::Object(members), json!({"sub": "alice"}));
}

#[test]
fn d27_groups_that_were_set_as_a_claim_stay_beside_those_of_the_store() {
    let mut user = user();
    user.claims
        .insert("groups".to_owned(), json!(["staff", "sales"]));
    let entitled = entitled(&user);
    let source = ClaimSource {
        user: &user,
        entitled: &entitled,
    };
    let asked = ClaimsRequest::default();
    let members = userinfo(source, &scope("openid groups"), &asked, &Catalog::default());
    assert_eq!(members["groups"], json!(["sales", "staff"]));
}
