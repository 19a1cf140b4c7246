use crate::bench::Bench;

const PASSWORD: &str = "a-lamp-in-the-window-3";

#[test]
fn a_person_is_added_without_a_server_and_listed_through_one() {
    let bench = Bench::new("");
    let input = format!("{PASSWORD}\n");
    let add = [
        "user",
        "add",
        "alice",
        "--email",
        "alice@example.test",
        "--role",
        "user",
    ];
    let claim = ["--claim", "name=Alice A", "--password-stdin"];
    let said = bench.tell(&[&add[..], &claim[..]].concat(), &input).fine();
    assert!(
        said.out.starts_with("Added alice, subject "),
        "{}",
        said.out
    );
    let offline = bench.run(&["user", "list", "--json"]).fine().json();

    let _serving = bench.serve();
    let online = bench.run(&["user", "list", "--json"]).fine().json();
    assert_eq!(online, offline);
    assert_eq!(online["items"][0]["username"], "alice");
    assert_eq!(online["items"][0]["claims"]["name"], "Alice A");
    let table = bench.run(&["user", "list"]).fine().out;
    assert!(table.starts_with("NAME"), "{table}");
    assert!(!table.contains("argon2"));
}

#[test]
fn a_person_is_changed_disabled_and_removed() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let add = [
        "user",
        "add",
        "bob",
        "--role",
        "user",
        "--claim",
        "name=Bob",
        "--password-stdin",
    ];
    bench.tell(&add, PASSWORD).fine();
    let set = [
        "user",
        "set",
        "bob",
        "--email",
        "bob@example.test",
        "--claim",
        "name=null",
        "--claim",
        "nickname=b",
    ];
    let bob = bench.run(&[&set[..], &["--json"]].concat()).fine().json();
    assert_eq!(bob["email"], "bob@example.test");
    assert_eq!(bob["email_verified"], false);
    assert_eq!(bob["claims"], serde_json::json!({ "nickname": "b" }));
    assert_eq!(bob["roles"], serde_json::json!(["user"]));

    bench.run(&["user", "disable", "BOB"]).fine();
    let sub = bob["sub"].as_str().unwrap();
    let shown = bench.run(&["user", "show", sub, "--json"]).fine().json();
    assert_eq!(shown["status"], "disabled");
    bench
        .tell(
            &["user", "password", "bob", "--password-stdin"],
            "another-one-of-these\n",
        )
        .fine();

    let refused = bench.run(&["user", "remove", "bob"]).complaint();
    assert!(refused.contains("--yes"), "{refused}");
    bench.run(&["user", "remove", "bob", "--yes"]).fine();
    let gone = bench.run(&["user", "show", "bob"]).complaint();
    assert_eq!(gone, "error: There is no user bob.\n");
}

#[test]
fn what_cannot_be_a_person_is_refused_with_a_reason() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let add = |name: &str, password: &str, more: &[&str]| {
        let arguments = [&["user", "add", name, "--password-stdin"], more].concat();
        bench.tell(&arguments, password).complaint()
    };
    assert!(add("x", "short", &[]).contains("8 to 128 characters"));
    assert!(add("x", PASSWORD, &["--email", "nobody"]).contains("email"));
    assert!(add("  ", PASSWORD, &[]).contains("username"));
    bench
        .tell(&["user", "add", "alice", "--password-stdin"], PASSWORD)
        .fine();
    assert!(add("Alice", PASSWORD, &[]).contains("taken"));
    let unasked = bench.run(&["user", "add", "carol"]).complaint();
    assert!(unasked.contains("--password-stdin"), "{unasked}");
}

#[test]
fn sessions_and_grants_of_nobody_are_empty_lists() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    for subject in ["session", "grant"] {
        let list = bench.run(&[subject, "list", "--json"]).fine().json();
        assert_eq!(list["items"], serde_json::json!([]), "{subject}");
    }
    // A session's name is base64url: it may begin like an option.
    let looks_like_an_option = bench.run(&["session", "end", "-cWkV"]).complaint();
    assert!(
        looks_like_an_option.contains("no living session -cWkV"),
        "{looks_like_an_option}"
    );
    let of = bench.run(&["session", "list", "--user", "-x"]).complaint();
    assert!(of.contains("no user -x"), "{of}");
    let all = bench
        .run(&["session", "end", "--user", "nobody"])
        .complaint();
    assert!(all.contains("no user nobody"), "{all}");
    assert!(
        bench
            .run(&["session", "end", "nothing"])
            .complaint()
            .contains("no living session")
    );
    let nothing = "0199e7a2-5c1b-7d3e-8f00-000000000000";
    assert!(
        bench
            .run(&["grant", "revoke", nothing])
            .complaint()
            .contains("no living grant")
    );
    assert!(
        bench
            .run(&["grant", "revoke", "x"])
            .complaint()
            .contains("UUID")
    );
}
