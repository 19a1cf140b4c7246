use serde_json::Value;

use crate::bench::Bench;

const CSV: &str = "username,email,email_verified,name,roles,enabled,password_hash
alice,alice@example.test,true,Alice A,admin;user,,$2y$04$abcdefghijklmnopqrstuudfNIvw48scLfKx9atZPHZFom49BeILy
bob,,,Bob,,no,
bob,,,Bob again,,,
carol,,,,,,$2b$31$abcdefghijklmnopqrstuudfNIvw48scLfKx9atZPHZFom49BeILy
\"=cmd|' /C calc'!A0\",,,,,,
dave,not an address,,,,,
";

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

#[test]
fn users_are_imported_reported_and_exported_again() {
    let bench = Bench::new("");
    bench.write("users.csv", CSV);
    let dry = bench.run(&["user", "import", "users.csv", "--dry-run", "--json"]);
    let summary: Value = serde_json::from_str(&dry.out).unwrap();
    assert!(!dry.ok, "rows were refused");
    assert_eq!(summary["added"], 3);
    assert_eq!(summary["refused"], 3);
    assert!(dry.err.contains("line 4 (bob)"), "{}", dry.err);
    assert!(dry.err.contains("a cost from 4 to 13"), "{}", dry.err);
    let nobody = bench.run(&["user", "list", "--json"]).fine().json();
    assert_eq!(nobody["items"], serde_json::json!([]));

    let serving = bench.serve();
    let said = bench.run(&["user", "import", "users.csv", "--report", "report.jsonl"]);
    assert!(said.out.contains("Added 3 users"), "{}", said.out);
    let report = std::fs::read_to_string(bench.path().join("report.jsonl")).unwrap();
    let places: Vec<_> = lines(&report)
        .iter()
        .map(|note| (note["place"].clone(), note["outcome"].clone()))
        .collect();
    for place in ["line 4", "line 5", "line 7"] {
        assert!(
            places.contains(&(place.into(), "refused".into())),
            "{report}"
        );
    }
    let alice = bench
        .run(&["user", "show", "alice", "--json"])
        .fine()
        .json();
    assert_eq!(alice["roles"], serde_json::json!(["admin", "user"]));
    assert_eq!(alice["has_password"], true);
    let bob = bench.run(&["user", "show", "bob", "--json"]).fine().json();
    assert_eq!(bob["status"], "disabled");
    // Nothing is overwritten, and a report is not either.
    let again = bench.run(&["user", "import", "users.csv", "--json"]);
    let summary: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(
        (&summary["added"], &summary["existing"]),
        (&0.into(), &3.into())
    );
    let taken = bench.run(&["user", "import", "users.csv", "--report", "report.jsonl"]);
    assert!(taken.complaint().contains("report.jsonl"));

    let without = bench.run(&["user", "export"]).fine().out;
    assert!(!without.contains("$2b$"), "{without}");
    let exported = bench.run(&["user", "export", "--with-hashes"]).fine().out;
    assert_eq!(lines(&exported).len(), 3);
    assert!(exported.contains("$2b$04$abcdefgh"), "{exported}");
    let log = serving.terminate().err;
    assert!(log.contains("password hashes were exported"), "{log}");
    let other = Bench::new("");
    other.write("users.jsonl", &exported);
    other.run(&["user", "import", "users.jsonl"]).fine();
    assert_eq!(
        other.run(&["user", "export", "--with-hashes"]).fine().out,
        exported
    );
}

#[test]
fn what_limits_an_account_is_imported_and_exported() {
    let bench = Bench::new("");
    let realm = r#"{"realm": "shop", "users": [{"username": "carol", "requiredActions": ["UPDATE_PASSWORD"]}]}"#;
    for (name, text) in [
        ("users.csv", "username,must_change_password\nalice,yes\n"),
        (
            "users.jsonl",
            r#"{"username": "bob", "expires_at": "2127-01-31T18:00:00Z"}"#,
        ),
        ("realm.json", realm),
    ] {
        bench.write(name, text);
        bench.run(&["user", "import", name]).fine();
    }
    let exported = bench.run(&["user", "export"]).fine().out;
    let limits: Vec<_> = lines(&exported)
        .into_iter()
        .map(|user| {
            (
                user["must_change_password"].clone(),
                user["expires_at"].clone(),
            )
        })
        .collect();
    let due = (Value::Bool(true), Value::Null);
    let end = Value::from("2127-01-31T18:00:00Z");
    assert_eq!(limits, [due.clone(), (Value::Null, end), due]);
    let other = Bench::new("");
    other.write("users.jsonl", &exported);
    other.run(&["user", "import", "users.jsonl"]).fine();
    assert_eq!(other.run(&["user", "export"]).fine().out, exported);
}

#[test]
fn a_realm_of_keycloak_is_imported_with_its_subjects() {
    let bench = Bench::new("");
    let users: Vec<_> = (0..450)
        .map(|n| {
            serde_json::json!({ "id": format!("5f0c-{n}"), "username": format!("user{n}"), "enabled": true,
                "email": format!("user{n}@example.test"), "attributes": { "department": ["x"] } })
        })
        .collect();
    let realm = serde_json::json!({ "realm": "shop", "users": users });
    bench.write("realm.json", &realm.to_string());
    let said = bench
        .run(&["user", "import", "realm.json", "--json"])
        .fine();
    assert_eq!(said.json()["added"], 450);
    let user = bench
        .run(&["user", "show", "user449", "--json"])
        .fine()
        .json();
    assert_eq!(user["sub"], "5f0c-449");
    assert_eq!(user["claims"]["department"], "x");
    for (name, text, expected) in [
        ("empty.csv", "", "empty"),
        ("passwords.csv", "username,password\nx,y\n", "in clear"),
        ("no-users.json", "{}", "users"),
    ] {
        bench.write(name, text);
        let refused = bench.run(&["user", "import", name]).complaint();
        assert!(
            refused.contains(expected) && refused.contains(name),
            "{refused}"
        );
    }
}
