//! Certificates, and their change while running.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cardea_testkit::{PATIENCE, eventually};
use cardea_web::inbound::{
    listener::ListenerConfig,
    tls::{Certificates, TlsError},
};
use rcgen::{CertifiedKey, KeyPair};
use tempfile::TempDir;
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_util::sync::CancellationToken;

use crate::serving::{Running, impatient, start};

pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    pub(crate) fn new() -> (Self, CertifiedKey<KeyPair>) {
        let files = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let certificate = files.renew();
        (files, certificate)
    }

    fn cert(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn renew(&self) -> CertifiedKey<KeyPair> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(self.cert(), made.cert.pem()).unwrap();
        std::fs::write(self.key(), made.signing_key.serialize_pem()).unwrap();
        made
    }

    pub(crate) fn load(&self) -> Arc<Certificates> {
        Certificates::load(&self.cert(), &self.key()).unwrap()
    }
}

async fn serve(certificates: &Arc<Certificates>) -> Running {
    start(ListenerConfig {
        tls: Some(Arc::clone(certificates)),
        ..impatient()
    })
    .await
}

/// Sends a request with only this certificate trusted.
async fn ask(server: &Running, trusted: &CertifiedKey<KeyPair>) -> reqwest::Result<String> {
    let root = reqwest::Certificate::from_pem(trusted.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([root])
        .resolve("localhost", server.address)
        .build()
        .unwrap();
    let url = format!("https://localhost:{}/", server.address.port());
    client.get(url).send().await?.text().await
}

async fn is_served(server: &Running, certificate: &CertifiedKey<KeyPair>) {
    let served = async || ask(server, certificate).await.is_ok();
    eventually("the new certificate is served", served).await;
}

#[tokio::test]
async fn a_changed_certificate_is_served_and_a_broken_one_is_not() {
    let (files, first) = Files::new();
    let certificates = files.load();
    let server = serve(&certificates).await;
    let watch =
        Arc::clone(&certificates).reload(Duration::from_millis(20), CancellationToken::new());
    let watch = tokio::spawn(watch);
    assert_eq!(ask(&server, &first).await.unwrap(), "hello");

    let second = files.renew();
    is_served(&server, &second).await;
    assert!(ask(&server, &first).await.is_err());

    std::fs::write(files.cert(), "not a certificate").unwrap();
    Arc::clone(&certificates).reload_now().await;
    assert_eq!(ask(&server, &second).await.unwrap(), "hello");

    let third = files.renew();
    is_served(&server, &third).await;
    watch.abort();
}

#[tokio::test]
async fn http2_is_offered_in_the_handshake() {
    let (files, certificate) = Files::new();
    let server = serve(&files.load()).await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(server.address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let name = "localhost".try_into().unwrap();
    let stream = connector.connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn a_client_that_never_shakes_hands_is_dropped() {
    let (files, _) = Files::new();
    let server = serve(&files.load()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut buffer = [0; 16];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))));
}

#[test]
fn unusable_files_are_named_with_the_reason() {
    let (files, _) = Files::new();
    let (cert, key) = (files.cert(), files.key());
    let load = |cert: &Path, key: &Path| Certificates::load(cert, key).err().unwrap();

    assert!(matches!(
        load(Path::new("/nonexistent"), &key),
        TlsError::Read { .. }
    ));
    assert!(matches!(load(&key, &key), TlsError::NoCertificate(path) if path == key));
    assert!(matches!(load(&cert, &cert), TlsError::NoKey(path) if path == cert));
    let (other, _) = Files::new();
    let mismatch = load(&cert, &other.key());
    assert!(matches!(mismatch, TlsError::Unusable { .. }), "{mismatch}");
}

#[tokio::test]
async fn s2_connections_that_are_silent_before_tls_give_way() {
    let (files, certificate) = Files::new();
    let server = start(ListenerConfig {
        tls: Some(files.load()),
        max_connections: 20,
        ..ListenerConfig::default()
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    for _ in 0..3 {
        assert_eq!(ask(&server, &certificate).await.unwrap(), "hello");
    }
    assert_eq!(silent[0].read(&mut [0; 1]).await.unwrap_or(0), 0);
}
