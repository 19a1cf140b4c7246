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
        looks_like_an_option.contains("no active session -cWkV"),
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
            .contains("no active session")
    );
    let nothing = "0199e7a2-5c1b-7d3e-8f00-000000000000";
    assert!(
        bench
            .run(&["grant", "revoke", nothing])
            .complaint()
            .contains("no active grant")
    );
    assert!(
        bench
            .run(&["grant", "revoke", "x"])
            .complaint()
            .contains("UUID")
    );
}

#[test]
fn n13_roles_are_added_and_removed_one_by_one() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let add = ["user", "add", "bob", "--role", "user", "--role", "guest"];
    bench
        .tell(&[&add[..], &["--password-stdin"]].concat(), PASSWORD)
        .fine();
    let set = |more: &[&str]| bench.run(&[&["user", "set", "bob", "--json"], more].concat());
    let roles = |more: &[&str]| set(more).fine().json()["roles"].clone();
    let add = ["--add-role", "admin", "--remove-role", "guest"];
    assert_eq!(roles(&add), serde_json::json!(["user", "admin"]));
    assert_eq!(
        roles(&["--add-role", "user"]),
        serde_json::json!(["user", "admin"])
    );
    assert_eq!(
        roles(&["--remove-role", "none"]),
        serde_json::json!(["user", "admin"])
    );
    assert_eq!(roles(&["--role", "user"]), serde_json::json!(["user"]));
    assert!(!set(&["--role", "user", "--add-role", "admin"]).ok);
    assert!(!set(&["--no-roles", "--add-role", "admin"]).ok);
    assert!(set(&["--add-role", ""]).complaint().contains("roles"));
    assert_eq!(roles(&["--no-roles"]), serde_json::json!([]));
}

#[test]
fn n13_help_and_config_stand_where_every_program_has_them() {
    let bench = Bench::new("");
    for help in [&["help", "user"][..], &["user", "help", "add"], &["help"]] {
        assert!(
            bench.run(help).fine().out.contains("Usage: cardea"),
            "{help:?}"
        );
    }
    let elsewhere = Bench::empty();
    let file = bench.path().join("cardea.toml");
    let file = file.to_str().unwrap();
    for command in [
        ["--config", file, "user", "list"],
        ["user", "--config", file, "list"],
        ["user", "list", "--config", file],
    ] {
        elsewhere.run(&command).fine();
    }
    elsewhere.run(&["--config", file, "check"]).fine();
}

#[test]
fn t7_a_name_cannot_change_how_a_list_or_a_message_reads() {
    let bench = Bench::new("");
    let name = "ali\u{202e}ecila\u{200b}";
    bench.tell(&["user", "add", name, "--password-stdin"], PASSWORD);
    let claim = format!("nickname={name}");
    let add = [
        "user",
        "add",
        "bob",
        "--role",
        name,
        "--claim",
        &claim,
        "--password-stdin",
    ];
    bench.tell(&add, PASSWORD).fine();
    for command in [
        &["user", "list"][..],
        &["user", "list", "--json"],
        &["user", "show", "bob"],
        &["user", "show", "bob", "--json"],
        &["user", "show", name],
        &["user", "show", name, "--json"],
        &["user", "remove", name, "--yes"],
        &["client", "show", name],
    ] {
        let said = bench.run(command);
        let text = format!("{}{}", said.out, said.err);
        assert!(
            !text.contains(['\u{202e}', '\u{200b}']),
            "{command:?}: {text}"
        );
    }
}
