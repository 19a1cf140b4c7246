//! A second Cardea as the upstream, over a socket.

use std::io::Write as _;

use cardea_protocol::model::{AuthMethod, ClientMetadata};
use cardea_seal::Secret;
use cardea_server::config::UpstreamConfig;
use cardea_testkit::{
    Browser, Person, TestServer,
    flows::{decide, log_in_at},
};
use tempfile::NamedTempFile;

use super::stage::{button, is_signed_in, request};

const SECRET: &str = "the-secret-of-one-cardea-at-the-other-0123456789";

#[tokio::test]
async fn a_user_of_another_cardea_signs_in() {
    let client = ClientMetadata {
        client_id: "cardea".to_owned(),
        client_secret: Some(Secret::new(SECRET.to_owned())),
        token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
        redirect_uris: vec!["https://id.example.test/federation/up/callback".to_owned()],
        scope: "openid profile email".to_owned(),
        ..ClientMetadata::default()
    };
    let upstream = TestServer::builder()
        .config(|config| config.clients = vec![client])
        .listen()
        .await;
    let mut secret = NamedTempFile::new().unwrap();
    secret.write_all(SECRET.as_bytes()).unwrap();
    let config = UpstreamConfig {
        id: "up".to_owned(),
        issuer: upstream.issuer().to_owned(),
        client_id: "cardea".to_owned(),
        client_secret_file: Some(secret.path().display().to_string()),
        trusted_domains: vec!["example.test".to_owned()],
        ..UpstreamConfig::default()
    };
    let server = TestServer::builder()
        .config(|all| all.upstreams = vec![config])
        .start()
        .await;

    let mut here = Browser::new(&server);
    let page = here.open(&request().url(&server)).await;
    let away = here.submit(&page, button(&page), &[]).await;
    let asked = away.answer.header("location").unwrap().to_owned();
    let mut there = Browser::new(&upstream);
    let page = there.open(&asked).await;
    let page = log_in_at(&mut there, &page, Person::ALICE).await;
    let page = decide(&mut there, &page, "allow").await;
    let back = page.answer.header("location").unwrap().to_owned();
    let page = here.open(&back).await;
    assert!(is_signed_in(&page, "Alice A"), "{}", page.text());
    // The address, verified on both sides, led to her account.
    let alice = server.subject(Person::ALICE).await;
    let links = server.store.links_of(&alice).await.unwrap();
    assert_eq!(links.len(), 1);
    assert_eq!(
        links[0].link.subject,
        upstream.subject(Person::ALICE).await.as_str()
    );
}
