use cardea_jose::{Algorithm, half_hash};
use cardea_seal::{Digest, Secret};
use serde_json::{Value, json};

use super::*;
use crate::{
    model::{AuthMethod, Client, Grant, GrantType, Jti, SenderBinding, User},
    request::ClaimsRequest,
    roles::Entitled,
    samples::{self, ISSUER, audience, grant, now, scope, seconds, sid, user},
    token::audience::Target,
};

fn issue() -> Issue<'static> {
    Issue {
        issuer: ISSUER,
        now: now(),
        ttl: seconds(900),
    }
}

/// A user where no role is defined.
pub(super) fn source(user: &User) -> ClaimSource<'_> {
    let entitled = Box::leak(Box::new(Entitled::to_roles(&user.roles)));
    ClaimSource { user, entitled }
}

fn target(api: Option<&str>, what: &str) -> Target {
    Target {
        audience: api.map(audience),
        scope: scope(what),
        claims: Default::default(),
        typ: Default::default(),
    }
}

fn access(holder: Holder<'_>, client: &Client, target: &Target) -> Value {
    let jti = Jti::parse("t1").unwrap();
    json_of(&access_token(issue(), client, holder, target, &jti))
}

fn json_of(claims: &impl serde::Serialize) -> Value {
    serde_json::to_value(claims).unwrap()
}

#[test]
fn an_access_token_of_a_user_for_an_api() {
    let (user, grant, client) = (user(), grant(), samples::client(|_| {}));
    let target = target(Some("api://orders"), "openid orders:read");
    let claims = access(Holder::User(source(&user), &grant), &client, &target);
    let expected = json!({
        "iss": ISSUER, "exp": 1_800_000_900, "aud": "api://orders", "sub": "alice", "client_id": "app",
        "iat": 1_800_000_000, "jti": "t1", "scope": "openid orders:read", "auth_time": 1_799_999_400,
        "acr": "urn:cardea:acr:password", "amr": ["pwd"], "roles": ["editor"], "grant_id": grant.id.to_string(),
    });
    assert_eq!(claims, expected);
}

#[test]
fn a_bound_grants_tokens_and_their_introspection_name_the_key() {
    let (user, client) = (user(), samples::client(|_| {}));
    let thumbprint = Digest::of(b"key");
    let (dpop, mtls) = (
        SenderBinding::Dpop { jkt: thumbprint },
        SenderBinding::Mtls {
            x5t_s256: thumbprint,
        },
    );
    for (sender, name, kind) in [(dpop, "jkt", "DPoP"), (mtls, "x5t#S256", "Bearer")] {
        let grant = Grant {
            sender: Some(sender),
            ..grant()
        };
        let target = target(Some("api://orders"), "orders:read");
        let token = access(Holder::User(source(&user), &grant), &client, &target);
        let cnf = json!({name: thumbprint.to_text()});
        assert_eq!(token["cnf"], cnf);
        let claims: AccessTokenClaims = serde_json::from_value(token).unwrap();
        let answer = json_of(&introspection(&claims, None, &[], serde_json::Map::new()));
        assert_eq!(
            (&answer["cnf"], &answer["token_type"]),
            (&cnf, &json!(kind))
        );
    }
}

#[test]
fn an_access_token_without_an_api_is_for_the_issuer_and_holds_no_roles() {
    let (user, grant, client) = (user(), grant(), samples::client(|_| {}));
    let claims = access(
        Holder::User(source(&user), &grant),
        &client,
        &target(None, "openid"),
    );
    assert_eq!(
        (&claims["aud"], claims.get("roles")),
        (&json!(ISSUER), None)
    );
}

#[test]
fn a_clients_own_token_names_the_client_and_no_user() {
    let client = samples::client(|m| {
        m.token_endpoint_auth_method = AuthMethod::ClientSecretBasic;
        m.client_secret = Some(Secret::new("s".repeat(32)));
        m.grant_types = vec![GrantType::ClientCredentials];
    });
    let claims = access(
        Holder::Client,
        &client,
        &target(Some("api://orders"), "orders:read"),
    );
    let expected = json!({
        "iss": ISSUER, "exp": 1_800_000_900, "aud": "api://orders", "sub": "app", "client_id": "app",
        "iat": 1_800_000_000, "jti": "t1", "scope": "orders:read",
    });
    assert_eq!(claims, expected);
}

/// An ID token of a client without claims of its own, for `openid` only.
fn id(user: &User, asked: &str) -> Value {
    id_of(user, asked, &samples::client(|_| {}), "openid")
}

fn id_of(user: &User, asked: &str, client: &Client, what: &str) -> Value {
    let mut grant = grant();
    grant.claims = ClaimsRequest::parse(asked).unwrap();
    let (sid, scope, catalog) = (sid("s1"), scope(what), catalog());
    let beside = Beside {
        algorithm: Algorithm::RS256,
        access_token: "the.access.token",
        sid: Some(&sid),
        scope: &scope,
        catalog: &catalog,
    };
    json_of(&id_token(issue(), client, source(user), &grant, &beside))
}

/// `hr` gives `department` and `quota`.
fn catalog() -> Catalog {
    let hr = ScopeConfig {
        name: "hr".to_owned(),
        claims: vec!["department".to_owned(), "quota".to_owned()],
        ..Default::default()
    };
    Catalog::new(&[hr]).unwrap()
}

fn employee() -> User {
    let mut user = user();
    let claims = json!({"name": "Alice A", "groups": ["staff", "admins"], "department": "sales", "quota": 5});
    user.claims = serde_json::from_value(claims).unwrap();
    user
}

const ALL: &str = "openid profile email roles groups hr phone";

#[test]
fn c1_an_id_token_carries_the_usual_claims_of_the_granted_scopes() {
    let client = samples::client(|_| {});
    let claims = id_of(&employee(), "{}", &client, ALL);
    for (name, value) in [
        ("name", json!("Alice A")),
        ("preferred_username", json!("alice@home")),
        ("email", json!("alice@example.test")),
        ("email_verified", json!(true)),
        ("roles", json!(["editor"])),
        ("groups", json!(["staff", "admins"])),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    for other in ["department", "quota", "updated_at", "phone_number"] {
        assert!(claims.get(other).is_none(), "{other}");
    }
    let narrow = id_of(&employee(), "{}", &client, "openid email");
    assert_eq!(narrow["email"], "alice@example.test");
    for other in ["name", "preferred_username", "roles", "groups"] {
        assert!(narrow.get(other).is_none(), "{other}");
    }
}

#[test]
fn c1_a_client_lists_other_claims_or_none() {
    let with = |list: &[&str]| {
        let list: Vec<_> = list.iter().map(|c| (*c).to_owned()).collect();
        let client = samples::client(|m| m.id_token_claims = Some(list));
        id_of(&employee(), "{}", &client, ALL)
    };
    let plain = id(&user(), "{}");
    assert_eq!(with(&[]), plain);
    let some = with(&["department", "groups", "nothing"]);
    assert_eq!(
        (&some["department"], &some["groups"]),
        (&json!("sales"), &json!(["staff", "admins"]))
    );
    assert!(some.get("email").is_none() && some.get("nothing").is_none());
    // What no granted scope gives is not in the token, listed or not.
    let client = samples::client(|m| m.id_token_claims = Some(vec!["department".to_owned()]));
    assert!(
        id_of(&employee(), "{}", &client, "openid email")
            .get("department")
            .is_none()
    );
}

#[test]
fn c1_the_claims_of_a_user_in_a_token_are_bounded() {
    let mut user = employee();
    let groups: Vec<_> = (0..1000).map(|i| format!("group-{i}")).collect();
    user.claims.insert("groups".to_owned(), json!(groups));
    let client = samples::client(|_| {});
    let claims = id_of(&user, "{}", &client, ALL);
    assert!(claims.get("groups").is_none());
    assert_eq!(claims["email"], "alice@example.test", "the others stay");
    assert!(claims.to_string().len() < MAX_CLAIM_BYTES + 1024);
    let all = userinfo(
        source(&user),
        &scope(ALL),
        &ClaimsRequest::default(),
        &catalog(),
    );
    assert_eq!(all["groups"].as_array().unwrap().len(), 1000);
}

#[test]
fn c3_a_scope_of_the_configuration_gives_its_claims_at_userinfo() {
    let of = |what: &str, asked: &str| {
        let asked = ClaimsRequest::parse(asked).unwrap();
        Value::Object(userinfo(
            source(&employee()),
            &scope(what),
            &asked,
            &catalog(),
        ))
    };
    assert_eq!(
        of("openid hr", "{}"),
        json!({"sub": "alice", "department": "sales", "quota": 5})
    );
    assert_eq!(
        of("openid groups", "{}"),
        json!({"sub": "alice", "groups": ["staff", "admins"]})
    );
    assert_eq!(
        of("openid", r#"{"userinfo":{"department":null}}"#),
        json!({"sub": "alice"})
    );
}

#[test]
fn c3_an_access_token_carries_the_claims_that_its_api_wants() {
    let (grant, client) = (grant(), samples::client(|_| {}));
    let mut target = target(Some("api://orders"), "orders:read");
    target.claims = ["groups", "department", "nothing"]
        .map(str::to_owned)
        .into();
    let claims = access(Holder::User(source(&employee()), &grant), &client, &target);
    assert_eq!(claims["groups"], json!(["staff", "admins"]));
    assert_eq!(
        (&claims["department"], claims.get("nothing")),
        (&json!("sales"), None)
    );
    let own = access(Holder::Client, &client, &target);
    assert!(own.get("groups").is_none(), "a client has no groups");
}

#[test]
fn an_id_token_says_who_logged_in_when_and_how() {
    let expected = json!({
        "iss": ISSUER, "sub": "alice", "aud": "app", "exp": 1_800_000_900, "iat": 1_800_000_000,
        "auth_time": 1_799_999_400, "nonce": "n-0", "acr": "urn:cardea:acr:password", "amr": ["pwd"],
        "at_hash": half_hash(Algorithm::RS256, b"the.access.token"), "sid": "s1",
    });
    assert_eq!(id(&user(), "{}"), expected);
}

#[test]
fn an_id_token_without_nonce_and_session_leaves_them_out() {
    let mut grant = grant();
    grant.nonce = None;
    let (scope, catalog) = (scope("openid"), catalog());
    let beside = Beside {
        algorithm: Algorithm::ES256,
        access_token: "x",
        sid: None,
        scope: &scope,
        catalog: &catalog,
    };
    let claims = json_of(&id_token(
        issue(),
        &samples::client(|_| {}),
        source(&user()),
        &grant,
        &beside,
    ));
    assert!(claims.get("nonce").is_none() && claims.get("sid").is_none());
}

#[test]
fn claims_requested_by_name_are_in_the_id_token() {
    let asked = r#"{"id_token":{"email":null,"name":{"essential":true},"website":null},"userinfo":{"phone_number":null}}"#;
    let claims = id(&user(), asked);
    assert_eq!(claims["email"], "alice@example.test");
    assert_eq!(claims["name"], "Alice A");
    assert!(claims.get("website").is_none() && claims.get("phone_number").is_none());
    assert!(id(&user(), "{}").get("email").is_none());
}

#[test]
fn claims_of_a_user_never_replace_those_of_the_protocol() {
    let mut mallory = user();
    for name in [
        "iss", "sub", "aud", "exp", "nonce", "acr", "amr", "sid", "at_hash", "roles",
    ] {
        mallory.claims.insert(name.to_owned(), json!("forged"));
    }
    let asked = r#"{"id_token":{"iss":null,"sub":null,"aud":null,"exp":null,"nonce":null,"acr":null,"amr":null,"sid":null,"at_hash":null}}"#;
    assert_eq!(id(&mallory, asked), id(&user(), "{}"));
    let asked = r#"{"id_token":{"roles":null}}"#;
    assert_eq!(id(&mallory, asked)["roles"], json!(["editor"]));
}

#[test]
fn a_claim_without_a_value_is_left_out() {
    let mut nobody = user();
    (nobody.email, nobody.claims) = (None, Default::default());
    nobody.claims.insert("name".to_owned(), Value::Null);
    let members = userinfo(
        source(&nobody),
        &scope("openid profile email"),
        &ClaimsRequest::default(),
        &Catalog::default(),
    );
    let names: Vec<_> = members.keys().collect();
    assert_eq!(names, ["preferred_username", "updated_at", "sub"]);
}

#[test]
fn every_claim_that_can_be_had_is_in_the_metadata() {
    let mut user = user();
    for name in supported_claims() {
        user.claims.insert(name.to_owned(), json!("x"));
    }
    let all = userinfo(
        source(&user),
        &scope("openid profile email address phone"),
        &ClaimsRequest::default(),
        &Catalog::default(),
    );
    for name in all.keys() {
        assert!(supported_claims().any(|claim| claim == name), "{name}");
    }
    assert_eq!(all.len(), 20);
}

#[test]
fn introspection_tells_what_the_token_says_and_the_roles_of_this_moment() {
    let (user, grant, client) = (user(), grant(), samples::client(|_| {}));
    let target = target(Some("api://orders"), "orders:read");
    let claims = access(Holder::User(source(&user), &grant), &client, &target);
    let claims = serde_json::from_value(claims).unwrap();
    let answer = introspection(&claims, Some("alice@home"), &user.roles, Default::default());
    let expected = json!({
        "active": true, "token_use": "access_token", "token_type": "Bearer", "scope": "orders:read",
        "client_id": "app", "username": "alice@home", "sub": "alice", "aud": "api://orders", "iss": ISSUER,
        "exp": 1_800_000_900, "iat": 1_800_000_000, "jti": "t1", "auth_time": 1_799_999_400,
        "acr": "urn:cardea:acr:password", "roles": ["editor"],
    });
    assert_eq!(json_of(&answer), expected);
}

#[test]
fn of_a_token_that_is_not_active_nothing_else_is_told() {
    assert_eq!(json_of(&Introspection::default()), json!({"active": false}));
}

#[test]
fn a_lifetime_beyond_time_itself_does_not_overflow() {
    let issue = Issue {
        ttl: jiff::SignedDuration::MAX,
        ..issue()
    };
    assert_eq!(issue.exp(), i64::MAX);
}
