use crate::bench::Bench;

const MACHINE: [&str; 7] = [
    "client",
    "add",
    "nightly",
    "--grant-type",
    "client_credentials",
    "--auth-method",
    "client_secret_post",
];

const OF_THE_FILE: &str = "\n[[clients]]\nclient_id = \"spa\"\nredirect_uris = [\"https://app.example.test/cb\"]\n\
    token_endpoint_auth_method = \"none\"\n";

#[test]
fn a_new_secret_is_shown_once_and_works_at_once() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let added = bench
        .run(&[&MACHINE[..], &["--json"]].concat())
        .fine()
        .json();
    let secret = added["client_secret"].as_str().unwrap();
    assert_eq!(secret.len(), 43);
    assert!(bench.token("nightly", secret).starts_with("HTTP/1.1 200"));

    let shown = bench.run(&["client", "show", "nightly", "--json"]).fine();
    assert!(!shown.out.contains(secret) && !shown.out.contains("client_secret\""));

    let rotated = bench
        .run(&["client", "secret", "nightly", "--json"])
        .fine()
        .json();
    let new = rotated["client_secret"].as_str().unwrap();
    assert!(bench.token("nightly", secret).starts_with("HTTP/1.1 401"));
    assert!(bench.token("nightly", new).starts_with("HTTP/1.1 200"));

    bench.run(&["client", "disable", "nightly"]).fine();
    assert!(bench.token("nightly", new).starts_with("HTTP/1.1 401"));
    bench.run(&["client", "enable", "nightly"]).fine();
    assert!(bench.token("nightly", new).starts_with("HTTP/1.1 200"));
    bench.run(&["client", "remove", "nightly", "--yes"]).fine();
    assert!(bench.token("nightly", new).starts_with("HTTP/1.1 401"));
}

#[test]
fn a_secret_made_without_a_server_works_when_there_is_one() {
    let bench = Bench::new("");
    let said = bench.run(&MACHINE).fine().out;
    assert!(said.contains("shown once"), "{said}");
    let secret = said
        .split_whitespace()
        .find(|word| word.len() == 43)
        .unwrap();
    let _serving = bench.serve();
    assert!(bench.token("nightly", secret).starts_with("HTTP/1.1 200"));
}

#[test]
fn the_secret_follows_the_way_of_authentication() {
    let bench = Bench::new("");
    let uri = "https://app.example.test/cb";
    let add = [
        "client",
        "add",
        "app",
        "--auth-method",
        "none",
        "--redirect-uri",
        uri,
        "--json",
    ];
    let added = bench.run(&add).fine().json();
    assert!(added.get("client_secret").is_none());
    let refused = bench.run(&["client", "secret", "app"]).complaint();
    assert!(refused.contains("has no secret"), "{refused}");
    let set = |method| {
        let set = ["client", "set", "app", "--auth-method", method, "--json"];
        bench.run(&set).fine().json()
    };
    assert!(set("client_secret_basic")["client_secret"].is_string());
    assert!(set("client_secret_post").get("client_secret").is_none());
    assert!(set("none").get("client_secret").is_none());
    assert!(set("client_secret_basic")["client_secret"].is_string());
}

#[test]
fn what_cannot_be_a_client_is_refused_with_the_member_that_is_wrong() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    for (more, said) in [
        (&[][..], "--redirect-uri: "),
        (
            &["--redirect-uri", "javascript:alert(1)"],
            "--redirect-uri: ",
        ),
        (&["--set", "redirect_urls=[]"], "redirect_urls"),
        (
            &[
                "--redirect-uri",
                "https://app.example/cb",
                "--set",
                "logo_uri=x",
            ],
            "--set logo_uri: ",
        ),
        (
            &[
                "--redirect-uri",
                "https://app.example/cb",
                "--post-logout-redirect-uri",
                "x",
            ],
            "--post-logout-redirect-uri: ",
        ),
        (&["--grant-type", "refresh_token"], "--grant-type: "),
        (&["--grant-type", "magic"], "--grant-type: "),
        (&["--scope", "a\"b"], "--scope: "),
        (
            &[
                "--redirect-uri",
                "https://app.example/cb",
                "--backchannel-logout-uri",
                "http://app.example/logout",
            ],
            "--backchannel-logout-uri: ",
        ),
        (&["--auth-method", "magic"], "--auth-method: "),
        (&["--set", "client_secret=short"], "client_secret"),
    ] {
        let complaint = bench
            .run(&[&["client", "add", "x"], more].concat())
            .complaint();
        assert!(complaint.contains(said), "{complaint}");
    }
    for (secret, said) in [
        ("dev-backend-secret-change-me-000000000000", "are public"),
        ("short", "the client secret: "),
    ] {
        let add = [&MACHINE[..], &["--secret-stdin"]].concat();
        let complaint = bench.tell(&add, secret).complaint();
        assert!(complaint.contains(said), "{complaint}");
    }
    bench.run(&MACHINE).fine();
    let taken = bench.run(&MACHINE).complaint();
    assert!(
        taken.contains("is taken") && taken.contains("cardea client set ID"),
        "{taken}"
    );
    let refused = bench
        .run(&["client", "set", "nightly", "--set", "client_id=other"])
        .complaint();
    assert!(refused.contains("the client id: "), "{refused}");
    assert!(
        bench
            .run(&["client", "set", "nightly"])
            .complaint()
            .contains("no change was given")
    );
}

#[test]
fn a_client_of_the_file_is_read_only_and_the_refusal_names_file_and_line() {
    let bench = Bench::new(OF_THE_FILE);
    let _serving = bench.serve();
    let list = bench.run(&["client", "list", "--json"]).fine().json();
    assert_eq!(list["items"][0]["owner"], "file");
    for command in [
        &["client", "set", "spa", "--name", "Mine"][..],
        &["client", "disable", "spa"],
        &["client", "secret", "spa"],
        &["client", "remove", "spa", "--yes"],
    ] {
        let refused = bench.run(command).complaint();
        assert!(
            refused.contains("configuration file (cardea.toml:8)"),
            "{refused}"
        );
    }
    let problem = bench
        .run(&["client", "disable", "spa", "--json"])
        .complaint();
    let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
    assert_eq!(problem["status"], 409);
    assert_eq!(problem["correlation_id"].as_str().unwrap().len(), 12);
}

#[test]
fn a_client_that_asks_for_an_algorithm_gets_a_key_for_it() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let eddsa = ["--set", "access_token_signing_alg=EdDSA", "--json"];
    let added = bench
        .run(&[&MACHINE[..], &eddsa[..]].concat())
        .fine()
        .json();
    let keys = bench.run(&["key", "list"]).fine().out;
    assert!(keys.contains("EdDSA"), "{keys}");
    let secret = added["client_secret"].as_str().unwrap();
    assert!(bench.token("nightly", secret).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_client_says_where_it_is_told_of_logouts() {
    let bench = Bench::new("");
    let uri = "https://app.example/logout";
    let add = [
        "client",
        "add",
        "app",
        "--redirect-uri",
        "https://app.example/cb",
        "--backchannel-logout-uri",
        uri,
    ];
    bench.run(&add).fine();
    let show = ["client", "show", "app", "--json"];
    let shown = bench.run(&show).fine().json();
    assert_eq!(shown["backchannel_logout_uri"], uri);
    bench
        .run(&[
            "client",
            "set",
            "app",
            "--set",
            "backchannel_logout_uri=null",
        ])
        .fine();
    let shown = bench.run(&show).fine().json();
    assert!(shown["backchannel_logout_uri"].is_null(), "{shown}");
}

#[test]
fn t6_a_secret_is_read_from_standard_input_and_refused_in_an_argument() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let secret = "0123456789abcdef0123456789abcdef";
    for argument in [
        "client_secret=0123456789abcdef0123456789abcdef",
        "client_secret =0123456789abcdef0123456789abcdef",
        "client_secret=\"0123456789abcdef0123456789abcdef\"",
    ] {
        for command in ["add", "set"] {
            let refused = bench
                .run(&["client", command, "nightly", "--set", argument])
                .complaint();
            assert!(refused.contains("--secret-stdin"), "{refused}");
            assert!(!refused.contains(secret), "{refused}");
        }
    }
    let add = [&MACHINE[..], &["--secret-stdin", "--json"]].concat();
    let added = bench.tell(&add, &format!("{secret}\n")).fine();
    assert!(!added.out.contains(secret), "{}", added.out);
    assert!(bench.token("nightly", secret).starts_with("HTTP/1.1 200"));
}
