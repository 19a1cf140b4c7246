//! N5: clients and configuration of one's own in `cardea dev`.

use super::running::Dev;
use crate::bench::Bench;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn authorize(dev: &Dev, client: &str, redirect_uri: &str) -> String {
    let issuer = dev.address("Provider");
    dev.shell(&format!(
        "curl -s -i -G {issuer}/authorize -d response_type=code -d client_id={client} -d scope=openid \
         --data-urlencode redirect_uri={redirect_uri} -d code_challenge={CHALLENGE} -d code_challenge_method=S256"
    ))
}

#[test]
fn n5_a_client_of_the_command_line_can_log_users_in() {
    let uris = [
        "http://localhost:3000/cb",
        "http://127.0.0.1:3000/cb",
        "com.example.app:/cb",
    ];
    let dev = Dev::start(&[
        "--client",
        &format!("mine={}", uris[0]),
        "--client",
        &format!("mine={}", uris[1]),
        "--client",
        &format!("phone={}", uris[2]),
    ]);
    assert!(dev.said().contains("mine (public, PKCE)"), "{}", dev.said());
    for (client, uri) in [("mine", uris[0]), ("mine", uris[1]), ("phone", uris[2])] {
        let answer = authorize(&dev, client, uri);
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    }
    let answer = authorize(&dev, "mine", "http://localhost:3000/other");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    // The client exists: a wrong code is its mistake, not that of an unknown client.
    let issuer = dev.address("Provider");
    let answer = dev.shell(&format!(
        "curl -s {issuer}/token -d grant_type=authorization_code -d client_id=mine -d code=x \
         -d redirect_uri={} -d code_verifier={VERIFIER}",
        uris[0]
    ));
    assert!(answer.contains("invalid_grant"), "{answer}");
}

#[test]
fn n5_a_file_is_merged_over_the_demo() {
    let bench = Bench::empty();
    bench.write(
        "mine.toml",
        "issuer = \"https://id.example.com\"\n[store]\nurl = \"sqlite:real.db\"\n[brand]\nname = \"My brand\"\n\
         [[clients]]\nclient_id = \"mine\"\ntoken_endpoint_auth_method = \"none\"\nredirect_uris = [\"http://localhost:3000/cb\"]\n\
         [[users]]\nusername = \"carol\"\npassword = \"a-lamp-in-the-window-3\"\n\
         [[resources]]\naudience = \"api://mine\"\nscopes = [\"mine:read\"]\n",
    );
    let file = bench.path().join("mine.toml");
    let dev = Dev::start(&["--config", file.to_str().unwrap()]);
    let answer = authorize(&dev, "mine", "http://localhost:3000/cb");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let page = dev.shell(&format!(
        "curl -s -L -c jar {}/account",
        dev.address("Provider")
    ));
    assert!(page.contains("My brand"), "{page}");
    assert!(!bench.path().join("real.db").exists());
    // The demo is still there.
    let answer = dev.shell(&format!("{} -i", dev.curl()));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let users = bench
        .run(&["user", "list", "--config", &dev.admin_file()])
        .fine()
        .out;
    assert!(
        users.contains("alice") && users.contains("carol"),
        "{users}"
    );
}

#[test]
fn n5_the_commands_work_on_a_running_dev() {
    let dev = Dev::start(&[]);
    let bench = Bench::empty();
    let users = bench
        .run(&["user", "list", "--config", &dev.admin_file()])
        .fine()
        .out;
    assert!(users.contains("alice") && users.contains("bob"), "{users}");
    // Without a file here, the one dev that runs is meant, and named.
    let (found, note) = dev.run_with_errors(&["user", "list"]);
    assert!(found.contains("alice"), "{found}");
    assert!(
        note.contains(&dev.admin_file()) && note.lines().count() == 1,
        "{note}"
    );
    let add = [
        "client",
        "add",
        "mine",
        "--redirect-uri",
        "http://localhost:3000/cb",
    ];
    assert!(dev.run(&add).contains("client_secret"));
    let answer = authorize(&dev, "mine", "http://localhost:3000/cb");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
}

#[test]
fn n5_a_client_that_replaces_one_of_the_demo_is_said_to_do_so() {
    let dev = Dev::start(&["--client", "spa=http://localhost:3000/cb"]);
    assert!(
        dev.said().contains("it replaces the demo client"),
        "{}",
        dev.said()
    );
    let answer = authorize(&dev, "spa", "http://localhost:3000/cb");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
}

#[test]
fn n5_what_cannot_be_a_client_is_refused_with_a_reason() {
    for (client, reason) in [
        ("mine", "myapp=http://localhost:3000/callback"),
        (
            "=http://localhost:3000/",
            "myapp=http://localhost:3000/callback",
        ),
        ("spa", "myapp=http://localhost:3000/callback"),
        ("mine=http://localhost:3000/#x", "localhost:3000/#x"),
        ("mine=http://example.com/cb", "http://example.com/cb"),
        ("mine=http://example.com", "http://example.com"),
        ("mine=javascript:alert(1)", "javascript:alert(1)"),
        ("script=http://localhost:3000/cb", "the demo itself uses"),
        ("bff=http://localhost:3000/cb", "the demo itself uses"),
    ] {
        let port = cardea_testkit::free_port().to_string();
        let told = Dev::complaint(&["dev", "--port", &port, "--client", client]);
        assert!(told.contains(reason), "{client}: {told}");
        assert!(told.contains("--client"), "{told}");
        assert!(!told.contains("redirect_uris"), "{told}");
    }
}
