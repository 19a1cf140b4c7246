//! Roles, groups and organizations by the command line (D27).

use serde_json::json;

use crate::bench::Bench;

const PASSWORD: &str = "a-lamp-in-the-window-3";

/// A configuration file with a role, a group and an organization of its own.
const OF_FILE: &str = r#"
[[roles]]
name = "manager"
permissions = ["orders:read", "orders:approve"]

[[groups]]
name = "sales"
roles = ["clerk"]

[[organizations]]
id = "acme"
name = "Acme Ltd"
domains = ["acme.example"]
"#;

fn with_alice(config: &str) -> Bench {
    let bench = Bench::new(config);
    let add = ["user", "add", "alice", "--password-stdin"];
    bench.tell(&add, PASSWORD).fine();
    bench
}

#[test]
fn d27_a_role_is_added_changed_and_removed() {
    let bench = with_alice("");
    let empty = bench.run(&["role", "list"]).fine().out;
    assert!(empty.contains("There are no roles yet"), "{empty}");
    let add = ["role", "add", "manager", "--permission", "orders:read"];
    bench.run(&add).fine();
    let again = bench.run(&add).complaint();
    assert!(again.contains("The role exists already"), "{}", again);
    let set = [
        "role",
        "set",
        "manager",
        "--add-permission",
        "orders:approve",
        "--json",
    ];
    let role = bench.run(&set).fine().json();
    assert_eq!(
        role["permissions"],
        json!(["orders:read", "orders:approve"])
    );
    let bad = bench
        .run(&["role", "add", "x", "--permission", "a b"])
        .complaint();
    assert!(bad.contains("--permission"), "{}", bad);
    let nothing = bench.run(&["role", "set", "manager"]).complaint();
    assert!(nothing.contains("no change was given"), "{}", nothing);
    let list = bench.run(&["role", "list", "--json"]).fine().json();
    assert_eq!(list["items"][0]["name"], "manager");
    bench.run(&["role", "remove", "manager", "--yes"]).fine();
    let gone = bench.run(&["role", "show", "manager"]).complaint();
    assert!(gone.contains("There is no role manager"), "{}", gone);
}

#[test]
fn d27_a_group_has_users() {
    let bench = with_alice("");
    bench
        .run(&[
            "group", "add", "sales", "--role", "clerk", "--user", "alice",
        ])
        .fine();
    let shown = bench.run(&["group", "show", "sales"]).fine().out;
    assert!(
        shown.contains("roles: clerk") && shown.contains("  alice"),
        "{shown}"
    );
    let unknown = bench
        .run(&["group", "set", "sales", "--add-user", "nobody"])
        .complaint();
    assert!(unknown.contains("There is no user nobody"), "{}", unknown);
    bench
        .run(&[
            "group",
            "set",
            "sales",
            "--remove-user",
            "alice",
            "--role",
            "boss",
        ])
        .fine();
    let shown = bench
        .run(&["group", "show", "sales", "--json"])
        .fine()
        .json();
    assert_eq!(
        (&shown["roles"], &shown["members"]["items"]),
        (&json!(["boss"]), &json!([]))
    );
    bench.run(&["group", "remove", "sales", "--yes"]).fine();
    let list = bench.run(&["group", "list", "--json"]).fine().json();
    assert_eq!(list["items"], json!([]));
}

#[test]
fn d27_an_organization_has_members_with_roles() {
    let bench = with_alice("");
    bench
        .run(&[
            "org",
            "add",
            "acme",
            "--name",
            "Acme Ltd",
            "--domain",
            "acme.example",
        ])
        .fine();
    bench
        .run(&["org", "member", "add", "acme", "alice", "--role", "buyer"])
        .fine();
    let again = bench
        .run(&["org", "member", "add", "acme", "alice"])
        .complaint();
    assert!(again.contains("The user is a member already"), "{}", again);
    bench
        .run(&["org", "member", "set", "acme", "alice", "--role", "owner"])
        .fine();
    let shown = bench.run(&["org", "show", "acme", "--json"]).fine().json();
    assert_eq!(shown["domains"], json!(["acme.example"]));
    assert_eq!(shown["members"]["items"][0]["username"], "alice");
    assert_eq!(shown["members"]["items"][0]["roles"], json!(["owner"]));
    bench
        .run(&["org", "set", "acme", "--name", "Acme Group"])
        .fine();
    let list = bench.run(&["org", "list"]).fine().out;
    assert!(list.contains("Acme Group"), "{list}");
    bench
        .run(&["org", "member", "remove", "acme", "alice"])
        .fine();
    let gone = bench
        .run(&["org", "member", "remove", "acme", "alice"])
        .complaint();
    assert!(gone.contains("There is no such member"), "{}", gone);
    bench.run(&["org", "remove", "acme", "--yes"]).fine();
    let bad = bench.run(&["org", "add", "Acme Ltd"]).complaint();
    assert!(bad.contains("organization id"), "{}", bad);
}

#[test]
fn an_address_is_invited_and_the_invitation_revoked() {
    let bench = with_alice("");
    bench.run(&["org", "add", "acme"]).fine();
    let add = ["invitation", "add", "carol@example.com"];
    let to_acme = [&add[..], &["--org", "acme", "--role", "buyer"]].concat();
    let url = bench.run(&to_acme).fine().out;
    let (_, token) = url.trim_end().split_once("/invitation?token=").unwrap();
    assert_eq!(token.len(), 43, "{url}");
    let again = bench
        .run(&[&to_acme[..], &["--json"]].concat())
        .fine()
        .json();
    assert_eq!(again["mailed"], false);
    bench.run(&add).fine();
    let list = |which: &[&str]| {
        let command = [&["invitation", "list", "--json"], which].concat();
        bench.run(&command).fine().json()["items"].clone()
    };
    assert_eq!(list(&[]).as_array().unwrap().len(), 2, "one was replaced");
    let of_acme = list(&["--org", "acme"]);
    assert_eq!(of_acme.as_array().unwrap().len(), 1);
    assert_eq!(of_acme[0]["email"], "carol@example.com");
    assert_eq!(of_acme[0]["roles"], json!(["buyer"]));
    let id = of_acme[0]["id"].as_str().unwrap();
    let revoke = ["invitation", "revoke", id];
    bench.run(&revoke).fine();
    let gone = bench.run(&revoke).complaint();
    assert!(gone.contains("There is no such invitation"), "{gone}");
    assert!(list(&["--org", "acme"]).as_array().unwrap().is_empty());
    for wrong in [
        &["--valid", "14m"][..],
        &["--valid", "31d"],
        &["--org", "gone"],
        &["--language", "xx"],
        &["--role", ""],
        &["--username", "a\u{200b}"],
    ] {
        bench.run(&[&add[..], wrong].concat()).complaint();
    }
    let bad = bench.run(&["invitation", "add", "x\r\nBcc: y@z.example"]);
    let bad = bad.complaint();
    assert!(bad.contains("the address"), "{bad}");
}

#[test]
fn d19_what_the_file_defines_is_read_only_but_for_users_and_members() {
    let bench = with_alice(OF_FILE);
    let _serving = bench.serve();
    for change in [
        &["role", "set", "manager", "--permission", "x"][..],
        &["role", "remove", "manager", "--yes"],
        &["group", "set", "sales", "--role", "x"],
        &["group", "remove", "sales", "--yes"],
        &["org", "set", "acme", "--name", "x"],
        &["org", "remove", "acme", "--yes"],
    ] {
        let refused = bench.run(change).complaint();
        assert!(
            refused.contains("is defined in the configuration file"),
            "{}",
            refused
        );
    }
    bench
        .run(&["group", "set", "sales", "--add-user", "alice"])
        .fine();
    bench.run(&["org", "member", "add", "acme", "alice"]).fine();
    let shown = bench.run(&["org", "show", "acme"]).fine().out;
    assert!(
        shown.contains("acme: Acme Ltd") && shown.contains("  alice"),
        "{shown}"
    );
}
