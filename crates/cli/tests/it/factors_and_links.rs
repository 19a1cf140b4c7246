use crate::bench::Bench;

const PASSWORD: &str = "a-lamp-in-the-window-3";

#[test]
fn second_factors_are_shown_and_reset() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let add = ["user", "add", "alice", "--password-stdin"];
    bench.tell(&add, PASSWORD).fine();
    let shown = bench.run(&["user", "factors", "alice", "--json"]).fine();
    assert_eq!(shown.json()["totp"], false);
    assert_eq!(shown.json()["passkeys"], 0);
    assert_eq!(shown.json()["backup_codes"], 0);
    let text = bench.run(&["user", "factors", "alice"]).fine().out;
    assert!(text.contains("backup_codes"), "{text}");
    let reset = bench.run(&["user", "factors", "alice", "--reset"]).fine();
    assert_eq!(reset.out.trim(), "Removed all second factors of alice.");
    bench.run(&["user", "factors", "nobody"]).complaint();
    // There is nothing that a link could remove.
    let link = ["user", "factors", "alice", "--reset", "--link"];
    let said = bench.run(&link).complaint();
    assert!(said.contains("alice has no second factor"), "{said}");
    let mail = [&link[..], &["--mail"]].concat();
    let said = bench.run(&mail).complaint();
    assert!(said.contains("no verified e-mail address"), "{said}");
    let cancel = ["user", "factors", "alice", "--cancel-reset"];
    assert!(bench.run(&cancel).complaint().contains("pending"));
    for useless in [
        &["--link"][..],
        &["--now"],
        &["--reset", "--mail"],
        &["--reset", "--link", "--now"],
        &["--reset", "--valid", "1h"],
        &["--reset", "--cancel-reset"],
        &["--reset", "--link", "--valid", "8d"],
    ] {
        let command = [&["user", "factors", "alice"][..], useless].concat();
        bench.run(&command).complaint();
    }
}

#[test]
fn a_reset_of_second_factors_waits_for_its_delay_unless_it_is_said_not_to() {
    let bench = Bench::new("[mfa]\nreset_delay = \"24h\"\n");
    let add = ["user", "add", "alice", "--password-stdin"];
    bench.tell(&add, PASSWORD).fine();
    let reset = ["user", "factors", "alice", "--reset"];
    let said = bench.run(&reset).complaint();
    assert!(said.contains("alice has no second factor"), "{said}");
    let now = bench.run(&[&reset[..], &["--now"]].concat()).fine();
    assert_eq!(now.out.trim(), "Removed all second factors of alice.");
}

#[test]
fn a_user_is_invited_and_given_a_link_to_a_new_password() {
    let bench = Bench::new("");
    let url = |command: &[&str], page: &str| {
        let said = bench.run(command).fine().out;
        let url = said.trim_end();
        assert!(url.starts_with("http"), "{said}");
        let (_, token) = url.split_once(&format!("{page}?token=")).unwrap();
        assert_eq!(token.len(), 43, "{said}");
    };
    url(&["user", "add", "alice", "--invite"], "/invitation");
    url(&["user", "password", "alice", "--link"], "/password_reset");
    url(
        &["user", "password", "alice", "--link", "--valid", "7d"],
        "/password_reset",
    );
    for valid in ["14m", "8d", "soon", "-1h"] {
        let valid = format!("--valid={valid}");
        bench
            .run(&["user", "password", "alice", "--link", &valid])
            .complaint();
    }
    let nobody = ["user", "password", "nobody", "--link"];
    assert!(bench.run(&nobody).complaint().contains("nobody"));
    let user = bench
        .run(&["user", "show", "alice", "--json"])
        .fine()
        .json();
    assert_eq!(user["has_password"], false);
    bench.run(&["user", "disable", "alice"]).fine();
    let said = bench
        .run(&["user", "password", "alice", "--link"])
        .complaint();
    assert!(said.contains("disabled"), "{said}");
}

#[test]
fn the_data_of_a_user_is_printed_without_secrets_and_audited() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let add = ["user", "add", "alice", "--password-stdin"];
    bench.tell(&add, PASSWORD).fine();
    let said = bench.run(&["user", "data", "alice"]).fine();
    assert!(!said.out.contains("argon2"), "{}", said.out);
    let data: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(data["profile"]["username"], "alice");
    assert_eq!(data["activity"][0]["event"], "data_exported");
    assert_eq!(data["activity"][0]["by"], "administrator");
    let audit = bench.run(&["audit", "--user", "alice", "--json"]).fine();
    assert!(audit.out.contains("data_exported"), "{}", audit.out);
    bench.run(&["user", "data", "nobody"]).complaint();
    let shown = bench.run(&["user", "show", "alice", "--json"]).fine();
    assert!(shown.json()["delete_at"].is_null());
}
