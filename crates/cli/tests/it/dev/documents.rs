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
    for script in SCRIPTS {
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
    for (out, expected) in said.iter().zip([
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
