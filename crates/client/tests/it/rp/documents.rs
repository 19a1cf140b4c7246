//! The how-to: each file in it is read, and a relying party is made of it.

use std::{path::Path, sync::Arc};

use cardea_client::rp::ClientConfig;
use cardea_jose::{Algorithm, SigningKey};
use cardea_testkit::TestClock;
use schemars::JsonSchema;
use serde::Deserialize;

use super::world::{party, pem};

const HOW_TO: &str = include_str!("../../../../../docs/how-to/log-in-with-entra-google-github.md");

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    login: ClientConfig,
}

/// Secrets, keys and certificates, where the how-to has them beside the app.
fn files(folder: &Path) {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    for name in ["webapp.key", "entra.key"] {
        let pem = pem("PRIVATE KEY", key.to_pkcs8().expose());
        std::fs::write(folder.join(name), pem).unwrap();
    }
    let certificate = pem("CERTIFICATE", b"a certificate");
    std::fs::write(folder.join("entra.crt"), certificate).unwrap();
    for name in ["webapp", "entra", "google", "github"] {
        std::fs::write(folder.join(format!("{name}.secret")), "a secret\n").unwrap();
    }
}

#[test]
fn each_file_of_the_how_to_makes_a_relying_party() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    let beside = |file: Option<String>| {
        file.map(|name| folder.path().join(name).to_str().unwrap().to_owned())
    };
    let clock = Arc::new(TestClock::new());
    let mut seen = Vec::new();
    for block in HOW_TO.split("```toml\n").skip(1) {
        let toml = block.split("```").next().unwrap();
        let settings: Settings =
            cardea_web::config::parse("how-to", toml, std::iter::empty()).unwrap();
        let mut login = settings.login;
        let proof = &mut login.authentication;
        proof.client_secret_file = beside(proof.client_secret_file.take());
        proof.private_key_file = beside(proof.private_key_file.take());
        proof.certificate_file = beside(proof.certificate_file.take());
        seen.push(party(&login, &clock).issuer().to_owned());
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.contains(&"https://accounts.google.com".to_owned()));
    assert!(seen.contains(&"https://github.com".to_owned()));
}
