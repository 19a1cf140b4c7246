use std::{path::Path, process::Command};

use super::running::Dev;

const SCRIPTS: [&str; 5] = [
    "1-login.sh",
    "2-api.sh",
    "3-refresh.sh",
    "4-backend.sh",
    "5-revoke.sh",
];

fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

#[test]
fn the_scripts_of_curl_md_do_what_it_says() {
    let dev = Dev::start(&[]);
    let api = dev.address("Orders API");
    let folder = tempfile::tempdir().unwrap();
    let mut said = Vec::new();
    // A first run leaves its cookies behind.
    for script in [&["1-login.sh"], &SCRIPTS[..]].concat() {
        let output = Command::new("sh")
            .arg(docs().join("curl").join(script))
            .env("issuer", dev.address("Provider"))
            .env("api", api.trim_end_matches("/orders"))
            .current_dir(folder.path())
            .output()
            .unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{script}: {out}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        said.push(out);
    }
    for (out, expected) in said.iter().skip(1).zip([
        &["tokens.json has the tokens"][..],
        &[
            "\"item\":\"Brass hinge\"",
            "\"roles\":[\"user\",\"admin\"]",
            "\"tenants\":1",
            "401 Unauthorized",
        ],
        &["now for: orders:read\n"],
        &[
            "\"item\":\"Oak door\"",
            "invalid_client",
            "403 Forbidden",
            "scope=\"orders:write\"",
        ],
        &["{\"active\":true,", "{\"active\":false}"],
    ]) {
        for what in expected {
            assert!(out.contains(what), "{what}: {out}");
        }
    }
}

/// Each block of commands but the one that starts the provider, in one shell.
#[test]
fn n14_the_commands_of_the_tutorial_do_what_it_says() {
    let dev = Dev::start(&[]);
    let page = std::fs::read_to_string(docs().join("tutorial.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1);
    let mut steps: Vec<&str> = blocks
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert_eq!(steps.remove(0), "cargo run -- dev\n");
    let issuer = dev.address("Provider");
    let script = steps.join("echo\n");
    assert!(script.contains("issuer=http://localhost:9000\n"));
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args([
            "-euc",
            &script.replace("http://localhost:9000", issuer.trim_end_matches('/')),
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{out}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (what, times) in [
        ("\"authorization_endpoint\":", 1),
        ("http://localhost:5173/callback?code=", 1),
        ("\"refresh_token\":", 1),
        ("\"name\":\"Alice A\"", 1),
        ("\"active\":true", 1),
        ("the same\n", 1),
        ("\"error\":\"invalid_grant\"", 2),
        ("303 http://localhost:5173/\n", 1),
    ] {
        assert_eq!(out.matches(what).count(), times, "{what}: {out}");
    }
    assert_eq!(out.matches("\"error\":").count(), 2, "{out}");
}

#[test]
fn curl_md_shows_the_scripts_as_they_are() {
    let page = std::fs::read_to_string(docs().join("curl.md")).unwrap();
    let mut there = std::fs::read_dir(docs().join("curl")).unwrap();
    assert!(there.all(|file| SCRIPTS.contains(&file.unwrap().file_name().to_str().unwrap())));
    for script in SCRIPTS {
        let text = std::fs::read_to_string(docs().join("curl").join(script)).unwrap();
        assert!(
            page.contains(&format!("```sh\n{text}```\n")),
            "{script} differs from docs/curl.md"
        );
    }
}
