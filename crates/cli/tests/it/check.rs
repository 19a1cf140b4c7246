use serde_json::Value;

use crate::bench::Bench;

/// The findings of a level, each as `subject: what`.
pub(crate) fn findings(report: &Value, level: &str) -> Vec<String> {
    let all = report["findings"].as_array().unwrap().iter();
    let text = |f: &Value| {
        let member = |name: &str| f[name].as_str().unwrap_or_default().to_owned();
        format!(
            "{}: {} {}",
            member("subject"),
            member("what"),
            member("advice")
        )
    };
    all.filter(|f| f["level"] == level).map(text).collect()
}

pub(crate) fn problems(bench: &Bench) -> Vec<String> {
    let said = bench.run(&["check", "--json"]);
    let report = said.json();
    let problems = findings(&report, "problem");
    assert_eq!(said.ok, problems.is_empty());
    assert_eq!(report["ok"], problems.is_empty());
    problems
}

#[test]
fn a_sound_configuration_has_no_problem_before_during_and_after_serving() {
    let bench = Bench::new("");
    assert_eq!(problems(&bench), [""; 0]);
    assert!(
        !bench.path().join("cardea.db").exists(),
        "a check changes nothing"
    );
    let serving = bench.serve();
    assert_eq!(problems(&bench), [""; 0]);
    let said = bench.run(&["check"]).fine().out;
    assert!(said.contains("a provider runs"), "{said}");
    assert!(said.contains("is used by the running provider"), "{said}");
    serving.terminate().fine();
    assert_eq!(problems(&bench), [""; 0]);
    assert!(
        bench
            .run(&["check"])
            .fine()
            .out
            .contains("no provider runs on it")
    );
}

#[test]
fn a_missing_key_file_is_reported_with_the_command_that_makes_one() {
    let bench = Bench::new("");
    std::fs::remove_file(bench.path().join("master.key")).unwrap();
    let problems = problems(&bench);
    assert!(
        problems[0].contains("openssl rand -base64 32 > master.key"),
        "{problems:?}"
    );
    assert!(bench.run(&["serve"]).complaint().contains("master.key"));
}

#[test]
fn a_wrong_master_key_is_reported_with_and_without_a_server() {
    let bench = Bench::new("");
    let serving = bench.serve();
    bench.write(
        "master.key",
        "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=\n",
    );
    let wrong = |problems: Vec<String>| {
        assert!(
            problems[0].contains("not the one that the store was created with"),
            "{problems:?}"
        );
    };
    wrong(problems(&bench));
    drop(serving);
    wrong(problems(&bench));
    assert!(
        bench
            .run(&["serve"])
            .complaint()
            .contains("this master key is not the one")
    );
}

#[test]
fn all_errors_of_a_file_are_reported_at_once_with_place_and_nearest_name() {
    let bench = Bench::new("\n[tokens]\nacces_token_ttl = \"5m\"\n\n[brand]\nnmae = \"X\"\n");
    let problems = problems(&bench);
    assert!(problems[0].contains("cardea.toml:8:1"), "{problems:?}");
    assert!(problems[0].contains("access_token_ttl"), "{problems:?}");
    assert!(problems[1].contains("did you mean `name`?"), "{problems:?}");
    let stopped = bench.run(&["serve"]).complaint();
    assert!(
        stopped.contains("acces_token_ttl") && stopped.contains("nmae"),
        "{stopped}"
    );
}

#[test]
fn all_invalid_values_are_reported_at_once() {
    let bench = Bench::new(
        "\n[tokens]\ncode_ttl = \"1h\"\n\n[proxy]\ntrusted = [\"nowhere\"]\n\n[[clients]]\nclient_id = \"a\"\n\n[[clients]]\nclient_id = \"b\"\n",
    );
    let problems = problems(&bench);
    for said in [
        "tokens.code_ttl",
        "proxy.trusted",
        "clients \"a\" (cardea.toml:14)",
        "clients \"b\"",
    ] {
        assert!(
            problems.iter().any(|p| p.contains(said)),
            "{said}: {problems:?}"
        );
    }
}

#[test]
fn the_secrets_of_dev_are_refused() {
    for secret in [
        "dev-backend-secret-change-me-000000000000",
        "dev-script-secret-change-me-0000000000000",
        "dev-bff-secret-change-me-0000000000000000",
        "dev-webapp-secret-change-me-0000000000000",
    ] {
        let client = format!(
            "\n[[clients]]\nclient_id = \"script\"\ngrant_types = [\"client_credentials\"]\nclient_secret = \"{secret}\"\n"
        );
        let bench = Bench::new(&client);
        let stopped = bench.run(&["serve"]).complaint();
        assert!(stopped.contains("public"), "{stopped}");
        assert!(problems(&bench)[0].contains("public"));
    }
}

#[test]
fn the_passwords_of_dev_are_refused_in_clear_and_as_a_hash() {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$VGEu+CJngxQLVZolUZ4Wag$vMvToVh1JzIa/YVUlgTYdz2Bx8FCwK2Bd5nv4Awo4NY";
    for password in [
        "password = \"wonderland-7-doors\"".to_owned(),
        format!("password_hash = \"{hash}\""),
    ] {
        let bench = Bench::new(&format!("\n[[users]]\nusername = \"bob\"\n{password}\n"));
        for said in [
            bench.run(&["serve"]).complaint(),
            problems(&bench).remove(0),
        ] {
            assert!(said.contains("public"), "{said}");
            assert!(said.contains("cardea user password bob"), "{said}");
        }
    }
}

#[test]
fn the_store_of_dev_is_refused() {
    use cardea_store::{
        Jobs as _, Marks,
        sqlite::{Options, SqliteStore},
    };
    let bench = Bench::new("");
    let path = bench.path().join("cardea.db");
    // As dev marks it; dev itself needs a port that another test of this machine may have.
    let marks = Marks {
        issuer: format!("http://localhost:{}", bench.port),
        development: true,
        master_key_check: vec![0; 32],
    };
    let store = SqliteStore::open(Options {
        path,
        migrate: true,
    });
    let store = store.unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(store.marks(marks)).unwrap();
    drop(store);
    let stopped = bench.run(&["serve"]).complaint();
    assert!(stopped.contains("made by cardea dev"), "{stopped}");
    let problems = problems(&bench);
    assert!(
        problems.iter().any(|p| p.contains("made by cardea dev")),
        "{problems:?}"
    );
}

#[test]
fn a_port_that_another_program_uses_is_reported() {
    let bench = Bench::new("");
    let _taken = std::net::TcpListener::bind(("127.0.0.1", bench.port)).unwrap();
    let problems = problems(&bench);
    assert!(problems[0].starts_with("listen:"), "{problems:?}");
    assert!(
        problems[0].contains("stop that program, or set listen to another port"),
        "{problems:?}"
    );
}

#[test]
fn a_store_of_another_issuer_or_of_another_program_is_reported() {
    let bench = Bench::new("");
    bench.run(&["key", "list"]).fine();
    let other = Bench::new("");
    std::fs::copy(
        bench.path().join("cardea.db"),
        other.path().join("cardea.db"),
    )
    .unwrap();
    assert!(problems(&other)[0].contains("the store belongs to http://localhost"));
    other.write(
        "cardea.db",
        "this is no database, but it is longer than a header of one would be, I should think",
    );
    assert!(problems(&other)[0].contains("damaged or not a database"));
}

#[test]
fn a_key_file_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new("");
    let key = bench.path().join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let report = bench.run(&["check", "--json"]).fine().json();
    let warnings = findings(&report, "warning");
    assert!(
        warnings.iter().any(|w| w.contains("chmod 600")),
        "{warnings:?}"
    );
}

/// Its first line is the sixth of the file.
const MANY_WRONG: &str = "[tokens]
code_ttl = \"1h\"
access_token_ttl = \"48h\"
[proxy]
trusted = [\"here\", \"there\"]
[brand]
name = \"\"
accent_color = \"green\"
logo_file = \"none.svg\"
help_url = \"javascript:alert(1)\"
[outbound]
allow = [\"nowhere\"]
[[clients]]
client_id = \"app\"
token_endpoint_auth_method = \"none\"
redirect_uris = [\"https://app.example/cb\", \"http://app.example/cb\", \"x\"]
id_token_claims = [\"sub\", \"aud\"]
[[clients]]
client_id = \"app\"
grant_types = [\"refresh_token\"]
[[resources]]
audience = \"api://a\"
scopes = [\"openid\"]
claims = [\"iss\"]
[[scopes]]
name = \"hr\"
claims = [\"exp\"]
[[users]]
username = \"alice\"
email = \"no-address\"
claims = { birthdate = \"yesterday\", picture = \"a.png\", sub = \"1\" }
";

#[test]
fn c3_every_problem_of_a_file_is_reported_at_once_with_its_line() {
    let bench = Bench::new(MANY_WRONG);
    let expected = [
        ("tokens.code_ttl", 7),
        ("tokens.access_token_ttl", 8),
        ("proxy.trusted", 10),
        ("brand.name", 12),
        ("brand.accent_color", 13),
        ("brand.logo_file", 14),
        ("brand.help_url", 15),
        ("outbound.allow", 17),
        ("clients \"app\"", 21),
        ("clients \"app\"", 22),
        ("clients \"app\"", 24),
        ("clients \"app\"", 25),
        ("resources \"api://a\"", 28),
        ("resources \"api://a\"", 29),
        ("scopes \"hr\"", 32),
        ("users \"alice\"", 35),
        ("users \"alice\"", 36),
    ];
    // More than are printed: in halves.
    let problems = problems(&bench);
    assert!(problems.last().unwrap().contains("more"), "{problems:#?}");
    let serve = bench.run(&["serve"]).complaint();
    let offline = bench.run(&["user", "list"]).complaint();
    assert!(serve.contains("the configuration has 2"), "{serve}");
    assert!(
        serve.lines().count() < 25 && serve.contains("more"),
        "{serve}"
    );
    assert_eq!(serve, offline);
    let (first, second) = MANY_WRONG.split_once("[[resources]]").unwrap();
    let first_lines = first.lines().count();
    let halves = [
        (first.to_owned(), &expected[..12]),
        (
            format!("{}[[resources]]{second}", "\n".repeat(first_lines)),
            &expected[12..],
        ),
    ];
    for (half, expected) in halves {
        let bench = Bench::new(&half);
        for said in [
            bench.run(&["serve"]).complaint(),
            bench.run(&["check"]).out,
            bench.run(&["client", "list"]).complaint(),
        ] {
            for (key, line) in expected {
                let place = format!("{key} (cardea.toml:{line}): ");
                assert!(said.contains(&place), "{place}\n{said}");
            }
        }
        assert!(!bench.path().join("cardea.db").exists());
    }
}

#[test]
fn c3_a_claim_that_is_refused_is_not_advised_to_be_added() {
    for claim in ["sub", "email", "updated_at", "Iss", "_claim_names"] {
        let bench = Bench::new(&format!(
            "[[users]]\nusername = \"a\"\nclaims = {{ {claim} = \"x\" }}\n"
        ));
        let said = bench.run(&["check"]);
        assert!(
            !said.ok && said.out.contains(&format!("claims: {claim}: ")),
            "{}",
            said.out
        );
        assert!(!said.out.contains("add it"), "{}", said.out);
    }
    let bench =
        Bench::new("[[users]]\nusername = \"a\"\nclaims = { subb = \"x\", department = \"x\" }\n");
    let said = bench.run(&["check"]).fine().out;
    assert!(!said.contains("did you mean sub"), "{said}");
    assert_eq!(
        said.matches("add it to the claims of one").count(),
        2,
        "{said}"
    );
}

#[test]
fn n15_a_check_after_a_migration_speaks_of_the_master_key() {
    let bench = Bench::new("");
    bench.run(&["migrate"]).fine();
    let said = bench.run(&["check"]).fine().out;
    let line = said.lines().find(|line| line.contains("master key"));
    assert!(line.is_some_and(|line| line.starts_with("ok")), "{said}");
}

#[test]
fn c5_check_says_which_clients_are_logged_out_when_they_refresh_seldom() {
    let client = |id: &str, grants: &str, scope: &str| {
        format!(
            "\n[[clients]]\nclient_id = \"{id}\"\ntoken_endpoint_auth_method = \"none\"\ngrant_types = [{grants}]\n\
             scope = \"{scope}\"\nredirect_uris = [\"https://app.example/cb\"]\n"
        )
    };
    let both = "\"authorization_code\", \"refresh_token\"";
    let bench = Bench::new(&format!(
        "[sessions]\nidle_ttl = \"45m\"\n{}{}{}",
        client("hourly", both, "openid"),
        client("nightly", both, "openid offline_access"),
        client("once", "\"authorization_code\"", "openid"),
    ));
    let said = bench.run(&["check"]).fine().out;
    let line = said
        .lines()
        .position(|line| line.contains("sessions.idle_ttl): "));
    let lines: Vec<&str> = said.lines().skip(line.expect(&said)).take(2).collect();
    assert!(
        lines[0].starts_with("ok ") && lines[0].contains("after 45m without use"),
        "{said}"
    );
    assert!(lines[0].ends_with("(sessions.idle_ttl): hourly"), "{said}");
    assert!(lines[1].contains("add offline_access to scope"), "{said}");
    assert_eq!(problems(&bench), [""; 0]);
}
