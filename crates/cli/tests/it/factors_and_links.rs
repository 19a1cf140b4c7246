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
    assert_eq!(shown.json()["backup_codes"], 0);
    let text = bench.run(&["user", "factors", "alice"]).fine().out;
    assert!(text.contains("backup_codes"), "{text}");
    let reset = bench.run(&["user", "factors", "alice", "--reset"]).fine();
    assert_eq!(reset.out.trim(), "Removed all second factors of alice.");
    bench.run(&["user", "factors", "nobody"]).complaint();
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
