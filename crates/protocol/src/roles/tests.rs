use super::*;
use crate::{
    error::ErrorCode,
    model::MetadataError,
    samples::{scope, subject},
};

fn client(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn role(name: &str, of: Option<&str>, permissions: &[&str]) -> Role {
    let config = RoleConfig {
        name: name.to_owned(),
        permissions: texts(permissions),
        client: of.map(str::to_owned),
    };
    check_role(&config, Owner::Store).unwrap()
}

fn group(name: &str, roles: &[&str]) -> Group {
    let config = GroupConfig {
        name: name.to_owned(),
        roles: texts(roles),
    };
    check_group(&config, Owner::Store).unwrap()
}

fn member(id: &str, roles: &[&str]) -> Membership {
    Membership {
        id: OrganizationId::parse(id).unwrap(),
        name: id.to_uppercase(),
        roles: texts(roles),
    }
}

fn catalog() -> RoleCatalog {
    RoleCatalog::new(
        7,
        vec![
            role("clerk", None, &["orders:read"]),
            role("manager", None, &["orders:read", "orders:approve"]),
            role("editor", Some("cms"), &["pages:write"]),
            role("owner", None, &[TENANTS_ADMIN]),
        ],
        vec![group("sales", &["clerk", "editor"]), group("empty", &[])],
    )
}

fn assigned(groups: &[&str], organization: Option<Membership>) -> Assigned {
    Assigned {
        revision: 7,
        groups: texts(groups),
        organization,
    }
}

#[test]
fn a_user_without_roles_has_nothing() {
    let nothing = catalog().entitle(&[], Assigned::default(), &client("app"));
    assert_eq!(nothing, Entitled::default());
}

#[test]
fn a_role_that_is_not_defined_is_carried_and_allows_nothing() {
    let entitled = catalog().entitle(&texts(&["guest"]), Assigned::default(), &client("app"));
    assert_eq!(entitled.roles(), ["guest"]);
    assert!(entitled.permissions().is_empty());
    let plain =
        RoleCatalog::default().entitle(&texts(&["a", "b"]), Assigned::default(), &client("app"));
    assert_eq!(plain, Entitled::to_roles(&texts(&["a", "b"])));
}

#[test]
fn d27_own_roles_those_of_groups_and_those_inside_the_organization_come_together_once() {
    let assigned = assigned(
        &["sales", "gone"],
        Some(member("acme", &["manager", "clerk"])),
    );
    let entitled = catalog().entitle(&texts(&["clerk", "guest"]), assigned, &client("app"));
    assert_eq!(entitled.roles(), ["clerk", "guest", "manager"]);
    assert_eq!(entitled.permissions(), ["orders:approve", "orders:read"]);
    assert_eq!(
        entitled.groups(),
        ["sales"],
        "a group that does not exist is none"
    );
    assert_eq!(entitled.organization().unwrap().id.as_str(), "acme");
    assert_eq!(entitled.of_member(), ["orders:approve", "orders:read"]);
}

#[test]
fn d27_a_role_of_one_client_counts_only_in_its_tokens() {
    let of =
        |id: &str| catalog().entitle(&texts(&["editor"]), assigned(&["sales"], None), &client(id));
    assert_eq!(of("cms").roles(), ["editor", "clerk"]);
    assert_eq!(of("cms").permissions(), ["orders:read", "pages:write"]);
    assert_eq!(of("app").roles(), ["clerk"]);
    assert_eq!(of("app").permissions(), ["orders:read"]);
}

#[test]
fn a_group_that_its_file_no_longer_has_gives_nothing() {
    let mut sales = group("sales", &["clerk"]);
    sales.enabled = false;
    let catalog = RoleCatalog::new(1, vec![role("clerk", None, &["orders:read"])], vec![sales]);
    let entitled = catalog.entitle(&[], assigned(&["sales"], None), &client("app"));
    assert_eq!(entitled, Entitled::default());
}

#[test]
fn d27_more_permissions_than_fit_into_a_token_are_refused_where_they_are_set() {
    let many = |prefix: &str, client: Option<&str>| {
        let names: Vec<String> = (0..32).map(|i| format!("{prefix}{i:0>62}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        role(prefix, client, &names)
    };
    let check = |roles: Vec<Role>| RoleCatalog::new(1, roles, Vec::new()).check();
    // 2,048 bytes each.
    let [a, b, c] = [many("aa", None), many("bb", None), many("cc", None)];
    assert_eq!(check(vec![a.clone(), b.clone()]), Ok(()));
    let twice = Role {
        name: "other".to_owned(),
        ..a.clone()
    };
    assert_eq!(
        check(vec![a.clone(), b.clone(), twice]),
        Ok(()),
        "the same names"
    );
    let refused = check(vec![a.clone(), b.clone(), c]).unwrap_err();
    assert!(
        refused.to_string().contains("4096 fit into a token"),
        "{refused}"
    );
    let [x, y] = [many("xx", Some("x")), many("yy", Some("y"))];
    assert_eq!(
        check(vec![a.clone(), x.clone(), y]),
        Ok(()),
        "no token has both"
    );
    let refused = check(vec![a, b, x]).unwrap_err();
    assert!(refused.to_string().contains("the client x"), "{refused}");
}

#[test]
fn names_are_bounded_and_visible() {
    let bad = |config: RoleConfig| role_problems(&config).first().map(|e| e.field);
    let of = |name: &str, permissions: &[&str]| RoleConfig {
        name: name.to_owned(),
        permissions: texts(permissions),
        client: None,
    };
    assert_eq!(
        bad(of("Chef d'équipe", &["orders:approve", "a/b.c-d_e"])),
        None
    );
    for name in ["", "a\nb", "ad\u{200b}min", &"x".repeat(129)] {
        assert_eq!(bad(of(name, &[])), Some("name"), "{name:?}");
    }
    for permission in ["", "a b", "a\"", "é", "<x>", &"x".repeat(65)] {
        assert_eq!(
            bad(of("x", &[permission])),
            Some("permissions"),
            "{permission:?}"
        );
    }
    assert_eq!(bad(of("x", &["a", "a"])), Some("permissions"));
    let many: Vec<String> = (0..129).map(|i| format!("p{i}")).collect();
    assert_eq!(
        bad(RoleConfig {
            permissions: many,
            ..of("x", &[])
        }),
        Some("permissions")
    );
    assert_eq!(
        bad(RoleConfig {
            client: Some("é".to_owned()),
            ..of("x", &[])
        }),
        Some("client")
    );
    assert!(check_role_names(&texts(&["a", "a"])).is_err());
    let many: Vec<String> = (0..65).map(|i| format!("r{i}")).collect();
    assert!(check_role_names(&many).is_err());
    let config = GroupConfig {
        name: "g".to_owned(),
        roles: many,
    };
    assert!(check_group(&config, Owner::Store).is_err());
}

#[test]
fn an_organization_has_an_id_for_urls_and_domains() {
    let field = |id: &str, name: &str, domains: &[&str]| -> Option<&'static str> {
        let config = OrganizationConfig {
            id: id.to_owned(),
            name: name.to_owned(),
            domains: texts(domains),
            join_by_domain: false,
        };
        let refused: Option<MetadataError> = check_organization(&config, Owner::File).err();
        refused.map(|e| e.field)
    };
    assert_eq!(
        field("acme-2_b.c", "Acme <b>", &["acme.example", "a.b.example"]),
        None
    );
    for id in ["", "Acme", "a b", "a/b", "é", &"x".repeat(65)] {
        assert_eq!(field(id, "Acme", &[]), Some("id"), "{id:?}");
    }
    for name in ["", " Acme", "Ac\u{202e}me"] {
        assert_eq!(field("acme", name, &[]), Some("name"), "{name:?}");
    }
    for domain in [
        "",
        "acme",
        "@acme.example",
        "-a.example",
        "a..example",
        "*.example",
        "a.example.",
    ] {
        assert_eq!(
            field("acme", "Acme", &[domain]),
            Some("domains"),
            "{domain:?}"
        );
    }
    assert_eq!(
        field("acme", "Acme", &["a.example", "A.EXAMPLE"]),
        Some("domains")
    );
}

#[test]
fn d27_an_unknown_organization_and_that_of_others_are_the_same_error() {
    let mine = [member("acme", &[]), member("beta", &[])];
    let named = |name| choose_organization(&mine, Some(name), false, None, true);
    assert_eq!(named("beta").unwrap(), Chosen::One(&mine[1]));
    assert_eq!(named("Acme").unwrap(), Chosen::One(&mine[0]), "by name");
    let refused = ["gamma", "", "be", "beta "].map(|name| match name {
        "beta " => named("betas").unwrap_err(),
        name => named(name).unwrap_err(),
    });
    for error in refused {
        assert_eq!(error.code(), ErrorCode::AccessDenied);
        assert_eq!(
            error.description(),
            "the user is not a member of this organization"
        );
    }
}

#[test]
fn d27_with_several_organizations_the_user_chooses() {
    let mine = [member("acme", &[]), member("beta", &[])];
    let choose = |of: &'static [&'static str], chosen: Option<&str>, required| {
        let mine: Vec<_> = of.iter().map(|id| member(id, &[])).collect();
        let chosen = chosen.map(|id| OrganizationId::parse(id).unwrap());
        let found = choose_organization(&mine, None, required, chosen.as_ref(), false);
        found.map(|found| format!("{found:?}"))
    };
    assert!(choose(&[], None, false).unwrap() == "None");
    assert!(choose(&[], None, true).is_err());
    assert!(choose(&["acme"], None, false).unwrap().contains("acme"));
    let other = choose(&["acme"], Some("beta"), false).unwrap();
    assert_eq!(other, "Ask", "not silently another than the one chosen");
    for required in [false, true] {
        assert_eq!(choose(&["acme", "beta"], None, required).unwrap(), "Ask");
        assert!(
            choose(&["acme", "beta"], Some("beta"), required)
                .unwrap()
                .contains("beta")
        );
        assert_eq!(
            choose(&["acme", "beta"], Some("gone"), required).unwrap(),
            "Ask"
        );
    }
    let id = OrganizationId::parse("beta").unwrap();
    let named = choose_organization(&mine, Some("acme"), true, Some(&id), false);
    assert_eq!(named.unwrap(), Chosen::One(&mine[0]), "the request decides");
}

#[test]
fn d27_only_a_user_who_needs_an_organization_is_asked_to_join_one() {
    let choose = |mine: &[Membership], required| {
        let found = choose_organization(mine, None, required, None, true);
        found.map(|found| format!("{found:?}"))
    };
    assert_eq!(choose(&[], true).unwrap(), "Ask");
    assert_eq!(choose(&[], false).unwrap(), "None");
    let mine = [member("acme", &[])];
    for required in [false, true] {
        assert!(choose(&mine, required).unwrap().contains("acme"));
    }
}

#[test]
fn d27_an_administrator_governs_one_organization_by_a_role_inside_it() {
    let of = |own: &[&str], membership: Option<Membership>| {
        catalog().entitle(&texts(own), assigned(&[], membership), &client("app"))
    };
    let check = |wanted: &str, what: &str, entitled: &Entitled| {
        OrgAdmin::check(wanted, &subject("alice"), &scope(what), entitled)
    };
    let admin = of(&[], Some(member("acme", &["owner"])));
    let proof = check("acme", "openid tenants:admin", &admin).unwrap();
    assert_eq!(
        (proof.organization().as_str(), proof.subject().as_str()),
        ("acme", "alice")
    );
    assert_eq!(
        check("beta", "tenants:admin", &admin),
        Err(NotAdmin::Elsewhere)
    );
    assert_eq!(check("acme", "openid", &admin), Err(NotAdmin::Scope));
    let member_only = of(&["owner"], Some(member("acme", &["clerk"])));
    let why = check("acme", "tenants:admin", &member_only);
    assert_eq!(
        why,
        Err(NotAdmin::Permission),
        "a role outside does not count"
    );
    assert_eq!(
        check("acme", "tenants:admin", &of(&["owner"], None)),
        Err(NotAdmin::Elsewhere)
    );
}

#[test]
fn a_role_with_the_permission_makes_administrators_however_often_it_is_defined() {
    assert_eq!(catalog().administrators(), ["owner"]);
    let roles = vec![
        role("boss", None, &["orders:read"]),
        role("owner", Some("cms"), &["pages:write", TENANTS_ADMIN]),
        role("owner", None, &[TENANTS_ADMIN]),
        role("admin", None, &["orders:read", TENANTS_ADMIN]),
    ];
    let catalog = RoleCatalog::new(1, roles, Vec::new());
    assert_eq!(catalog.administrators(), ["admin", "owner"]);
    let none = RoleCatalog::new(1, vec![role("clerk", None, &[])], Vec::new());
    assert!(none.administrators().is_empty());
}
