//! `cardea check` on the files that a provider's configuration names.

use crate::{bench::Bench, check::problems};

#[test]
fn n8_a_client_secret_may_be_in_a_file_or_a_hash_and_open_files_are_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let secret = "0123456789abcdef0123456789abcdef";
    // printf %s 0123456789abcdef0123456789abcdef | sha256sum
    let client = |id: &str, secret: &str| {
        format!(
            "[[clients]]\nclient_id = \"{id}\"\ngrant_types = [\"client_credentials\"]\n{secret}\n"
        )
    };
    let by_file = client("filed", "client_secret_file = \"filed.secret\"");
    let bench = Bench::new(&by_file);
    assert!(problems(&bench)[0].contains("client_secret_file"));
    bench.write("filed.secret", &format!("{secret}\n"));
    let said = bench.run(&["check"]).fine().out;
    assert!(!said.contains("client secret"), "{said}");
    let open = |name: &str, mode: u32| {
        let path = bench.path().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open("filed.secret", 0o644);
    let said = bench.run(&["check"]).fine().out;
    assert!(
        said.contains("chmod 600") && said.contains("filed.secret"),
        "{said}"
    );
    // The configuration has no secret itself.
    open("cardea.toml", 0o644);
    assert!(!bench.run(&["check"]).fine().out.contains("chmod o="));
    {
        let _serving = bench.serve();
        assert!(bench.token("filed", secret).starts_with("HTTP/1.1 200"));
        assert!(bench.token("filed", "wrong").starts_with("HTTP/1.1 401"));
    }
    bench.configure(&client("clear", &format!("client_secret = \"{secret}\"")));
    open("cardea.toml", 0o644);
    let said = bench.run(&["check"]).fine().out;
    assert!(said.contains("chmod o= "), "{said}");
    open("cardea.toml", 0o640);
    assert!(!bench.run(&["check"]).fine().out.contains("chmod o="));
    let twice = format!("client_secret = \"{secret}\"\nclient_secret_file = \"filed.secret\"");
    bench.configure(&client("twice", &twice));
    assert!(problems(&bench)[0].contains("keep one"));
}

#[test]
fn n15_errors_of_tls_and_of_the_master_key_have_the_line_of_their_key() {
    let bench = Bench::new("[tls]\ncert_file = \"none.pem\"\nkey_file = \"none.key\"\n");
    for said in [bench.run(&["check"]).out, bench.run(&["serve"]).err] {
        assert!(said.contains("tls.cert_file (cardea.toml:7)"), "{said}");
    }
    let bench = Bench::new("");
    bench.write("master.key", "AAAA\n");
    for said in [bench.run(&["check"]).out, bench.run(&["serve"]).err] {
        assert!(
            said.contains("keys.master_key_file (cardea.toml:5)"),
            "{said}"
        );
    }
}
