use serde_json::Value;

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
fn an_account_expires_and_its_password_must_be_changed_as_the_operator_says() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let add = ["user", "add", "alice", "--password-stdin", "--must-change"];
    bench.tell(&add, PASSWORD).fine();
    let shown = || {
        let shown = bench.run(&["user", "show", "alice", "--json"]);
        let shown = shown.fine().json();
        (
            shown["must_change_password"].clone(),
            shown["expires_at"].clone(),
        )
    };
    let set = |options: &[&str]| bench.run(&[&["user", "set", "alice"], options].concat());
    assert_eq!(shown(), (true.into(), Value::Null));
    set(&["--no-must-change", "--expires", "2127-01-31"]).fine();
    let end = "2127-01-31T00:00:00Z";
    assert_eq!(shown(), (false.into(), end.into()));
    let details = bench.run(&["user", "show", "alice"]).fine().out;
    assert!(details.contains("2127-01-31 00:00:00 UTC"), "{details}");
    // What is not named stays.
    set(&["--must-change"]).fine();
    assert_eq!(shown(), (true.into(), end.into()));
    set(&["--expires", "never"]).fine();
    assert_eq!(shown(), (true.into(), Value::Null));
    let password = ["user", "password", "alice", "--password-stdin"];
    bench.tell(&password, "another-one-of-these\n").fine();
    assert_eq!(shown(), (false.into(), Value::Null));
    let temporary = [&password[..], &["--must-change"]].concat();
    bench.tell(&temporary, "a-third-one-of-these\n").fine();
    assert_eq!(shown(), (true.into(), Value::Null));

    let both = set(&["--must-change", "--no-must-change"]).complaint();
    assert!(both.contains("--no-must-change"), "{both}");
    let bad = set(&["--expires", "tomorrow"]).complaint();
    assert!(bad.contains("2027-01-31"), "{bad}");
    // Enabled again, it would be disabled at once.
    set(&["--expires", "2020-01-31T12:00:00+01:00"]).fine();
    bench.run(&["user", "disable", "alice"]).fine();
    let over = bench.run(&["user", "enable", "alice"]).complaint();
    assert!(over.contains("expired at 2020-01-31T11:00:00Z"), "{over}");
    set(&["--expires", "never"]).fine();
    bench.run(&["user", "enable", "alice"]).fine();
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
    assert!(add("x", PASSWORD, &["--email", "no-address"]).contains("--email: "));
    assert!(add("  ", PASSWORD, &[]).contains("the user name: "));
    bench
        .tell(&["user", "add", "alice", "--password-stdin"], PASSWORD)
        .fine();
    let taken = add("Alice", PASSWORD, &[]);
    assert!(
        taken.contains("taken") && taken.contains("cardea user set NAME"),
        "{taken}"
    );
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
    assert!(set(&["--add-role", ""]).complaint().contains("--role: "));
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

#[test]
fn c3_the_formats_of_claims_are_checked_where_they_are_set() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    bench
        .tell(&["user", "add", "alice", "--password-stdin"], PASSWORD)
        .fine();
    for claim in [
        "birthdate=yesterday",
        "birthdate=31.01.1970",
        "picture=a.png",
        "profile=javascript:alert(1)",
        "website=example.com",
        "zoneinfo=Paris time",
        "locale=English please",
        "sub=x",
        "email=x",
    ] {
        let (name, _) = claim.split_once('=').unwrap();
        let set = bench
            .run(&["user", "set", "alice", "--claim", claim])
            .complaint();
        assert!(set.contains(&format!("--claim: {name}: ")), "{set}");
        let add = ["user", "add", "bob", "--claim", claim, "--password-stdin"];
        let add = bench.tell(&add, PASSWORD).complaint();
        assert!(add.contains(&format!("--claim: {name}: ")), "{add}");
    }
    for claim in [
        "birthdate=1970",
        "phone_number=15550100",
        "birthdate=1970-01-31",
        "birthdate=0000-01-31",
        "birthdate=\"1970\"",
        "picture=https://a.example/a.png",
    ] {
        bench
            .run(&["user", "set", "alice", "--claim", claim])
            .fine();
    }
}

#[test]
fn n2_examples_and_repeats_are_refused_for_new_passwords() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    bench
        .tell(&["user", "add", "alice", "--password-stdin"], PASSWORD)
        .fine();
    for password in [
        "correct horse battery staple",
        "password password",
        "alice alice",
        "qwertyuiop asdfghjkl",
        "dragon monkey dragon monkey",
    ] {
        let add = ["user", "add", "bob", "--password-stdin"];
        bench.tell(&add, password).complaint();
        let set = ["user", "password", "alice", "--password-stdin"];
        let said = bench.tell(&set, password).complaint();
        assert!(said.contains("password") && said.len() > 40, "{said}");
        let file = Bench::new(&format!(
            "[[users]]\nusername = \"alice\"\npassword = \"{password}\"\n"
        ));
        let said = file.run(&["serve"]).complaint();
        assert!(said.contains("users \"alice\" (cardea.toml:8)"), "{said}");
        assert!(!said.contains(password), "{said}");
    }
}

#[test]
fn n14_a_change_of_a_user_who_cannot_log_in_says_why() {
    let bench = Bench::new("[[users]]\nusername = \"alice\"\n");
    let _serving = bench.serve();
    let said = bench
        .run(&["user", "set", "alice", "--add-role", "a"])
        .fine()
        .out;
    assert!(said.contains("cardea user password alice"), "{said}");
    let said = bench.run(&["user", "disable", "alice"]).fine().out;
    assert!(said.contains("cardea user enable alice"), "{said}");
    let password = ["user", "password", "alice", "--password-stdin"];
    let said = bench.tell(&password, PASSWORD).fine().out;
    assert!(said.contains("cardea user enable alice"), "{said}");
    let said = bench.run(&["user", "enable", "alice"]).fine().out;
    assert_eq!(said, "Enabled alice.\n");
}

#[test]
fn n4_the_audit_names_its_events_and_the_operator() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    bench
        .tell(&["user", "add", "alice", "--password-stdin"], PASSWORD)
        .fine();
    let audit = |event: &str| bench.run(&["audit", "--event", event]).complaint();
    let near = audit("logn_failed");
    assert!(
        near.contains("--event: there is no event logn_failed; did you mean login_failed?"),
        "{near}"
    );
    let near = audit("login_refused");
    assert!(
        near.contains("did you mean") && near.lines().count() == 1,
        "{near}"
    );
    let all = audit("xyzzy");
    assert!(
        all.contains("\n  login_failed\n") && all.lines().count() > 20,
        "{all}"
    );
    let said = bench.run(&["audit"]).fine().out;
    assert!(
        said.contains("operator ") && said.contains("user id "),
        "{said}"
    );
}
