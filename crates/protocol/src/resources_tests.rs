use super::*;

fn config(audience: &str, scopes: &[&str]) -> ResourceConfig {
    let scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
    ResourceConfig {
        audience: audience.to_owned(),
        scopes,
        ..Default::default()
    }
}

#[test]
fn a_scope_belongs_to_one_api() {
    let twice = [config("api://a", &["x"]), config("api://b", &["x"])];
    assert_eq!(Resources::new(&twice).unwrap_err().field, "scopes");
    assert_eq!(
        Resources::new(&[config("api://a", &["openid"])])
            .unwrap_err()
            .field,
        "scopes"
    );
    assert_eq!(
        Resources::new(&[config("api://a", &[]), config("api://a", &[])])
            .unwrap_err()
            .field,
        "audience"
    );
}

#[test]
fn the_owner_of_a_scope_is_found() {
    let all = Resources::new(&[config("api://a", &["x"]), config("api://b", &["y"])]).unwrap();
    assert_eq!(
        all.owner_of("y").map(|r| r.audience.as_str()),
        Some("api://b")
    );
    assert!(all.knows("openid") && all.knows("x") && !all.knows("z"));
}

#[test]
fn malformed_audiences_scopes_and_clients_are_named() {
    let field = |config: ResourceConfig| Resources::new(&[config]).unwrap_err().field;
    assert_eq!(field(config("", &[])), "audience");
    assert_eq!(field(config("a b", &[])), "audience");
    assert_eq!(field(config("api://a", &["x\"y"])), "scopes");
    let clients = vec!["a\tb".to_owned()];
    assert_eq!(
        field(ResourceConfig {
            introspection_clients: clients,
            ..config("api://a", &[])
        }),
        "introspection_clients"
    );
}

#[test]
fn an_api_is_shown_by_its_name_or_its_audience() {
    let named = |name: &str| ResourceConfig {
        name: Some(name.to_owned()),
        ..config("api://a", &["x"])
    };
    let shown = |config| Resources::new(&[config]).map(|all| all.apis[0].name().to_owned());
    assert_eq!(shown(named("Orders")).unwrap(), "Orders");
    assert_eq!(shown(config("api://a", &[])).unwrap(), "api://a");
    for bad in ["", "a\nb", &"x".repeat(MAX_NAME_BYTES + 1)] {
        assert_eq!(shown(named(bad)).unwrap_err().field, "name", "{bad}");
    }
}

#[test]
fn c3_claims_of_an_api_and_scopes_of_the_configuration_are_checked() {
    let with = |claims: &[&str]| ResourceConfig {
        claims: claims.iter().map(|c| (*c).to_owned()).collect(),
        ..config("api://a", &["x"])
    };
    assert!(Resources::new(&[with(&["groups", "department"])]).is_ok());
    for bad in ["sub", "aud", "scope", "client_id", "roles", "a b", "exp"] {
        let refused = Resources::new(&[with(&[bad])]).unwrap_err();
        assert_eq!(refused.field, "claims", "{bad}");
    }
    let scope = |name: &str, claims: &[&str]| ScopeConfig {
        name: name.to_owned(),
        claims: claims.iter().map(|c| (*c).to_owned()).collect(),
        ..Default::default()
    };
    let all = Resources::new(&[config("api://a", &["x"])]).unwrap();
    let named = all
        .clone()
        .with_scopes(&[scope("x", &[]), scope("hr", &["department"])]);
    let named = named.unwrap();
    assert!(named.knows("hr") && !named.is_of_api("hr"));
    assert_eq!(named.scopes().collect::<Vec<_>>()[11..], ["hr", "x"]);
    assert!(all.with_scopes(&[scope("x", &["department"])]).is_err());
}

#[test]
fn c4_the_typ_of_access_tokens_is_at_jwt_or_jwt() {
    let read = |typ: &str| serde_json::from_str::<AccessTokenTyp>(&format!("\"{typ}\""));
    assert_eq!(read("JWT").unwrap().as_str(), "JWT");
    assert_eq!(read("at+jwt").unwrap().as_str(), "at+jwt");
    assert_eq!(AccessTokenTyp::default().as_str(), "at+jwt");
    for bad in ["jwt", "AT+JWT", "none", ""] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn only_the_named_clients_may_introspect() {
    let clients = vec!["gateway".to_owned()];
    let all = Resources::new(&[ResourceConfig {
        introspection_clients: clients,
        ..config("api://a", &["x"])
    }])
    .unwrap();
    let api = all.find(&Audience::parse("api://a").unwrap()).unwrap();
    assert!(api.introspected_by(&ClientId::parse("gateway").unwrap()));
    assert!(!api.introspected_by(&ClientId::parse("app").unwrap()));
    assert_eq!(all.iter().count(), 1);
    assert_eq!(all.scopes().collect::<Vec<_>>()[11..], ["x"]);
}

#[test]
fn c3_every_problem_of_apis_and_scopes_is_reported() {
    let apis = [
        ResourceConfig {
            claims: vec!["sub".to_owned(), "iss".to_owned(), "roles".to_owned()],
            introspection_clients: vec!["a\tb".to_owned()],
            name: Some(String::new()),
            ..config("", &["openid"])
        },
        config("api://a", &["x"]),
        config("api://a", &["x", "y"]),
    ];
    let scope = |name: &str, claims: &[&str]| ScopeConfig {
        name: name.to_owned(),
        claims: claims.iter().map(|c| (*c).to_owned()).collect(),
        ..Default::default()
    };
    let scopes = [
        scope("hr", &["department"]),
        scope("hr", &["aud", "exp"]),
        scope("x", &["department"]),
    ];
    let found = Resources::problems(&apis, &scopes);
    let places: Vec<_> = found
        .iter()
        .map(|p| (p.section, p.index, p.error.field))
        .collect();
    let expected = [
        ("resources", 0, "audience"),
        ("resources", 0, "name"),
        ("resources", 0, "scopes"),
        ("resources", 0, "claims"),
        ("resources", 0, "claims"),
        ("resources", 0, "claims"),
        ("resources", 0, "introspection_clients"),
        ("resources", 2, "audience"),
        ("resources", 2, "scopes"),
        ("scopes", 1, "name"),
        ("scopes", 1, "claims"),
        ("scopes", 1, "claims"),
        ("scopes", 2, "claims"),
    ];
    assert_eq!(places, expected, "{found:?}");
    assert_eq!(Resources::problems(&apis[1..2], &scopes[..1]), []);
}

#[test]
fn c3_what_an_api_with_a_problem_has_is_known_to_the_next_checks() {
    let claims = |claims: &[&str]| claims.iter().map(|c| (*c).to_owned()).collect();
    let scopes = [ScopeConfig {
        name: "orders:read".to_owned(),
        claims: claims(&["quota"]),
        ..Default::default()
    }];
    let bad = [
        ResourceConfig {
            claims: claims(&["exp"]),
            ..config("api://orders", &["orders:read"])
        },
        ResourceConfig {
            name: Some(String::new()),
            ..config("api://orders", &["orders:read"])
        },
        ResourceConfig {
            introspection_clients: vec![String::new()],
            ..config("api://orders", &["orders:read"])
        },
        config("not an audience", &["orders:read"]),
        config("", &["orders:read"]),
        config("api://orders", &["x\"y", "orders:read"]),
        config("api://orders", &["openid", "orders:read"]),
        config("api://orders", &["x orders:read", "é"]),
    ];
    let found = |apis: &[ResourceConfig]| {
        let found = Resources::problems(apis, &scopes);
        let found = found.into_iter();
        found
            .map(|p| (p.section, p.index, p.error.field))
            .collect::<Vec<_>>()
    };
    for api in bad {
        let text = format!("{api:?}");
        let of_api = found(std::slice::from_ref(&api));
        assert_eq!(of_api.len(), 2, "{text}: {of_api:?}");
        assert_eq!(of_api.last(), Some(&("scopes", 0, "claims")), "{text}");
        assert_eq!(of_api.first().map(|p| (p.0, p.1)), Some(("resources", 0)));
        // Another API has neither its audience nor its scope.
        let second = config("api://second", &["orders:read"]);
        let both = found(&[api, second]);
        assert!(both.contains(&("resources", 1, "scopes")), "{text}");
    }
    let twice = ResourceConfig {
        claims: claims(&["exp"]),
        ..config("api://orders", &[])
    };
    let found = found(&[twice, config("api://orders", &[])]);
    assert_eq!(
        found,
        [("resources", 0, "claims"), ("resources", 1, "audience")]
    );
}
