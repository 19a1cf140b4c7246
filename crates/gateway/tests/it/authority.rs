//! Certificate authorities made for a test.

use axum::{Router, routing::any};
use cardea_testkit::listen;
use cardea_web::inbound::{
    ClientCertificate, ClientCertificates,
    listener::{ListenerConfig, serve},
    tls::Certificates,
};
use http::Request;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// An authority, and what it vouches for, as files.
pub(crate) struct Authority {
    pub(crate) folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        Self { folder, issuer }
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Certificate and key for a name, as `name.pem` and `name.key`.
    pub(crate) fn vouch(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        let (cert_file, key_file) = (
            self.file(&format!("{name}.pem")),
            self.file(&format!("{name}.key")),
        );
        std::fs::write(&cert_file, cert.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        (cert_file, key_file)
    }
}

/// A server that asks for a certificate of this authority, and answers with the one that it got; its port.
pub(crate) async fn mutual(authority: &Authority, name: &str) -> u16 {
    let (cert, key) = authority.vouch(name);
    let ca_pem = std::fs::read(authority.file("ca.pem")).unwrap();
    let config = ListenerConfig {
        tls: Some(Certificates::load(cert.as_ref(), key.as_ref()).unwrap()),
        client_certificates: Some(ClientCertificates {
            ca_pem,
            required: true,
        }),
        ..ListenerConfig::default()
    };
    let (listener, _) = listen().await;
    let port = listener.local_addr().unwrap().port();
    let tell = |request: Request<axum::body::Body>| async move {
        let shown = request.extensions().get::<ClientCertificate>().cloned();
        shown.map_or("nothing".into(), |shown| {
            shown.header().to_str().unwrap().to_owned()
        })
    };
    let router = Router::new().fallback(any(tell));
    tokio::spawn(serve(
        vec![listener],
        router,
        config,
        CancellationToken::new(),
    ));
    port
}
