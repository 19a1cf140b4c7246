//! TLS on both sides.

use std::{path::Path, sync::Arc};

use cardea_gateway::{GatewayConfig, TlsConfig, dev_ca::DevCertificates};
use cardea_testkit::listen;
use cardea_web::clock::{Clock as _, SystemClock};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    authority::{Authority, mutual},
    behind::{mirror, named, pages},
    stage::{HOST, Stage, client, config, everything_to, start, start_at, status},
};

fn dev() -> (TempDir, DevCertificates) {
    let folder = tempfile::tempdir().unwrap();
    let certificates = DevCertificates::ensure(folder.path(), SystemClock.now()).unwrap();
    (folder, certificates)
}

fn secured(mut config: GatewayConfig, certificates: &DevCertificates) -> GatewayConfig {
    config.tls = Some(TlsConfig {
        cert_file: certificates.cert_file.display().to_string(),
        key_file: certificates.key_file.display().to_string(),
        ..TlsConfig::default()
    });
    config
}

fn trusting(stage: &Stage, ca: &Path) -> reqwest::ClientBuilder {
    let root = reqwest::Certificate::from_pem(&std::fs::read(ca).unwrap()).unwrap();
    client(stage.address).tls_certs_only([root])
}

fn https(stage: &Stage, path: &str) -> String {
    format!("https://localhost:{}{path}", stage.address.port())
}

#[tokio::test]
async fn a_client_that_trusts_the_development_authority_can_use_both_protocols() {
    let (_folder, certificates) = dev();
    let config = secured(config(&everything_to(&mirror().await, "")), &certificates);
    let stage = start(config).await;
    for (builder, version) in [
        (
            trusting(&stage, &certificates.ca_file),
            http::Version::HTTP_2,
        ),
        (
            trusting(&stage, &certificates.ca_file).http1_only(),
            http::Version::HTTP_11,
        ),
    ] {
        let client = builder.build().unwrap();
        let request = client
            .post(https(&stage, "/x?y"))
            .header("cookie", "a=1")
            .body("body");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.version(), version);
        assert_eq!(
            answer.headers()["strict-transport-security"],
            "max-age=63072000"
        );
        let seen: Value = answer.json().await.unwrap();
        assert_eq!(
            (&seen["target"], &seen["body"]),
            (&"/x?y".into(), &4.into())
        );
        assert_eq!(seen["headers"]["x-forwarded-proto"][0], "https");
        assert_eq!(seen["headers"]["cookie"][0], "a=1");
        assert_eq!(
            seen["headers"]["host"][0],
            format!("localhost:{}", stage.address.port())
        );
    }
}

#[tokio::test]
async fn hsts_of_the_upstream_is_kept() {
    let (_folder, certificates) = dev();
    let stage = start(secured(
        config(&everything_to(&pages().await, "")),
        &certificates,
    ))
    .await;
    let client = trusting(&stage, &certificates.ca_file).build().unwrap();
    let answer = client.get(https(&stage, "/strict")).send().await.unwrap();
    assert_eq!(
        answer.headers()["strict-transport-security"],
        "max-age=1; includeSubDomains"
    );
}

#[test]
fn the_development_authority_is_kept_and_its_keys_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, first) = dev();
    let (ca, leaf) = (
        std::fs::read(&first.ca_file).unwrap(),
        std::fs::read(&first.cert_file).unwrap(),
    );
    let second = DevCertificates::ensure(folder.path(), SystemClock.now()).unwrap();
    assert_eq!(std::fs::read(&second.ca_file).unwrap(), ca);
    assert_ne!(std::fs::read(&second.cert_file).unwrap(), leaf);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{entry:?}"
        );
    }
    // What the first leaf's readers trust still vouches for the second.
    let mut roots = rustls::RootCertStore::empty();
    roots.add(der(&ca)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
    let leaf = der(&std::fs::read(&second.cert_file).unwrap());
    let now = rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        u64::try_from(SystemClock.now().as_second()).unwrap(),
    ));
    use rustls::client::danger::ServerCertVerifier as _;
    for (name, good) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("example.com", false),
    ] {
        let name = name.try_into().unwrap();
        assert_eq!(
            verifier
                .verify_server_cert(&leaf, &[], &name, &[], now)
                .is_ok(),
            good,
            "{name:?}"
        );
    }
}

fn der(pem: &[u8]) -> rustls::pki_types::CertificateDer<'static> {
    use rustls::pki_types::pem::PemObject as _;
    rustls::pki_types::CertificateDer::from_pem_slice(pem).unwrap()
}

#[tokio::test]
async fn plain_http_is_redirected_to_https_at_configured_hosts_only() {
    let (_folder, certificates) = dev();
    let config = secured(
        config(&everything_to(&named("app").await, "")),
        &certificates,
    );
    let ((listener, _), (plain, _)) = (listen().await, listen().await);
    let plain_address = plain.local_addr().unwrap();
    let _stage = start_at(config, listener, Some(plain)).await;
    for (host, target, expected) in [
        (HOST, "/a?b=c", 308),
        ("app.test:80", "/a?b=c", 308),
        ("evil.test", "/a", 421),
        ("app.test@evil.test", "/a", 421),
        ("", "/a", 421),
        ("[", "/a", 421),
        (HOST, "*", 308),
    ] {
        let mut stream = tokio::net::TcpStream::connect(plain_address).await.unwrap();
        let method = if target == "*" { "OPTIONS" } else { "GET" };
        let request =
            format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
            .await
            .unwrap();
        let answer = crate::stage::read_all(&mut stream).await;
        assert_eq!(status(&answer), expected, "{host}: {answer}");
        let target = if target == "*" { "/" } else { target };
        let location = format!("location: https://{HOST}{target}\r\n");
        assert_eq!(answer.contains(&location), expected == 308, "{answer}");
    }
}

#[tokio::test]
async fn mutual_tls_with_the_upstream() {
    let (inner, other) = (Authority::new(), Authority::new());
    let url = format!("https://localhost:{}", mutual(&inner, "localhost").await);
    let (cert, key) = inner.vouch("gateway");
    let (strange_cert, strange_key) = other.vouch("gateway");
    for (ca, identity, expected) in [
        (&inner, Some((&cert, &key)), 200),
        (&inner, None, 502),
        (&inner, Some((&strange_cert, &strange_key)), 502),
        (&other, Some((&cert, &key)), 502),
    ] {
        let mut config = config(&everything_to(&url, ""));
        let upstream = &mut config.upstreams[0];
        upstream.ca_file = Some(ca.file("ca.pem"));
        upstream.client_cert_file = identity.map(|(cert, _)| cert.clone());
        upstream.client_key_file = identity.map(|(_, key)| key.clone());
        let stage = start(config).await;
        let answer = stage.get("/").await;
        assert_eq!(answer.status(), expected);
        let text = answer.text().await.unwrap();
        assert_eq!(text.starts_with(':'), expected == 200, "{text}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_forwarded_and_cannot_be_forged() {
    let (_folder, certificates) = dev();
    let (clients, others) = (Authority::new(), Authority::new());
    let mut config = secured(config(&everything_to(&mirror().await, "")), &certificates);
    config.tls.as_mut().unwrap().client_ca_file = Some(clients.file("ca.pem"));
    let stage = start(config.clone()).await;
    let as_one_of = |authority: &Authority, stage: &Stage| {
        let (cert, key) = authority.vouch("alice");
        let pem = [std::fs::read(cert).unwrap(), std::fs::read(key).unwrap()].concat();
        let identity = reqwest::Identity::from_pem(&pem).unwrap();
        trusting(stage, &certificates.ca_file)
            .identity(identity)
            .build()
            .unwrap()
    };
    let ask = |client: reqwest::Client| {
        let request = client
            .get(https(&stage, "/"))
            .header("client-cert", ":Zm9yZ2Vk:");
        async move { request.send().await?.json::<Value>().await }
    };
    let seen = ask(as_one_of(&clients, &stage)).await.unwrap();
    let certs = seen["headers"]["client-cert"].as_array().unwrap();
    assert_eq!(certs.len(), 1);
    let shown = certs[0].as_str().unwrap();
    assert!(
        shown.starts_with(":MII") && shown.ends_with(':') && shown.len() > 300,
        "{shown}"
    );

    let without = trusting(&stage, &certificates.ca_file).build().unwrap();
    let seen = ask(without.clone()).await.unwrap();
    assert_eq!(seen["headers"]["client-cert"], Value::Null);
    assert!(ask(as_one_of(&others, &stage)).await.is_err());

    config.tls.as_mut().unwrap().client_certificate_required = true;
    let strict = start(config).await;
    let anonymous = trusting(&strict, &certificates.ca_file).build().unwrap();
    assert!(anonymous.get(https(&strict, "/")).send().await.is_err());
    let known = as_one_of(&clients, &strict);
    assert_eq!(
        known
            .get(https(&strict, "/"))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn an_upstream_with_a_certificate_for_another_name_is_refused() {
    let inner = Authority::new();
    let url = format!("https://localhost:{}", mutual(&inner, "elsewhere").await);
    let (cert, key) = inner.vouch("gateway");
    let mut config = config(&everything_to(&url, ""));
    let upstream = &mut config.upstreams[0];
    upstream.ca_file = Some(inner.file("ca.pem"));
    upstream.client_cert_file = Some(cert);
    upstream.client_key_file = Some(key);
    let stage = start(config).await;
    assert_eq!(stage.get("/").await.status(), 502);
}

/// One request over a new connection: what the upstream saw of the certificate, and whether the handshake was a short one.
async fn over_a_new_connection(stage: &Stage, tls: &Arc<rustls::ClientConfig>) -> (Value, bool) {
    let connector = tokio_rustls::TlsConnector::from(Arc::clone(tls));
    let socket = tokio::net::TcpStream::connect(stage.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let mut stream = connector.connect(name, socket).await.unwrap();
    let port = stage.address.port();
    let request = format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    let seen: Value = serde_json::from_str(body).unwrap();
    let resumed = stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
    (seen["headers"]["client-cert"].clone(), resumed)
}

#[tokio::test]
async fn a_resumed_connection_has_the_certificate_of_the_first_and_no_other() {
    let (_folder, certificates) = dev();
    let clients = Authority::new();
    let mut config = secured(config(&everything_to(&mirror().await, "")), &certificates);
    config.tls.as_mut().unwrap().client_ca_file = Some(clients.file("ca.pem"));
    let stage = start(config).await;
    let (cert, key) = clients.vouch("alice");
    let pem = |file: &str| std::fs::read(file).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(&std::fs::read(&certificates.ca_file).unwrap());
    roots.add(ca.unwrap()).unwrap();
    let builder = || {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots.clone())
    };
    let chain = vec![CertificateDer::from_pem_slice(&pem(&cert)).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(&pem(&key)).unwrap();
    let alice = Arc::new(builder().with_client_auth_cert(chain, key).unwrap());
    let anonymous = Arc::new(builder().with_no_client_auth());
    let mut shown = Vec::new();
    for (tls, expected) in [
        (&alice, false),
        (&alice, true),
        (&anonymous, false),
        (&anonymous, true),
    ] {
        let (certificate, resumed) = over_a_new_connection(&stage, tls).await;
        assert_eq!(resumed, expected);
        shown.push(certificate);
    }
    assert!(shown[0].is_array());
    assert_eq!(shown[0], shown[1]);
    assert_eq!((&shown[2], &shown[3]), (&Value::Null, &Value::Null));
}
