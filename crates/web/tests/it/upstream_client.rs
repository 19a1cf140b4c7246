//! Requests handed on to one upstream, in clear and by TLS with certificates on both sides.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    routing::get,
};
use cardea_testkit::{free_port, listen};
use cardea_web::outbound::{UpstreamClient, UpstreamConfig, UpstreamError};
use http::Request;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rcgen::{CertifiedKey, KeyPair};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

struct Upstream {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let stalls = || async {
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>("first ")]);
        Body::from_stream(futures_util::StreamExt::chain(
            first,
            futures_util::stream::pending(),
        ))
    };
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/stalls", get(stalls));
    let service = TowerToHyperService::new(router);
    let connection = hyper::server::conn::http1::Builder::new();
    let _ = connection
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn upstream(tls: Option<TlsAcceptor>) -> Upstream {
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let tls = tls.clone();
            tokio::spawn(async move {
                match tls {
                    None => serve(stream).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream).await;
                        }
                    }
                }
            });
        }
    });
    Upstream {
        address,
        connections,
    }
}

async fn ask(client: &UpstreamClient, path: &str) -> Result<String, UpstreamError> {
    let answer = client.send(path, Request::new(Body::empty())).await?;
    let body = to_bytes(answer.into_body(), 1024).await.unwrap();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

fn client(config: &UpstreamConfig) -> UpstreamClient {
    UpstreamClient::new(config).unwrap()
}

#[tokio::test]
async fn connections_are_kept_for_the_next_request() {
    let upstream = upstream(None).await;
    let client = client(&UpstreamConfig::new(format!("http://{}", upstream.address)));
    for _ in 0..10 {
        assert_eq!(ask(&client, "/").await.unwrap(), "hello");
    }
    assert_eq!(upstream.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_that_stalls_breaks_off() {
    let upstream = upstream(None).await;
    let mut config = UpstreamConfig::new(format!("http://{}", upstream.address));
    config.timeout = Duration::from_millis(100);
    let request = Request::new(Body::empty());
    let answer = client(&config).send("/stalls", request).await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(5), to_bytes(answer.into_body(), 1024));
    assert!(read.await.unwrap().is_err());
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable() {
    let gone = format!("http://127.0.0.1:{}", free_port());
    let client = client(&UpstreamConfig::new(gone));
    let error = ask(&client, "/").await.unwrap_err();
    assert!(matches!(error, UpstreamError::Unreachable(_)), "{error:?}");
}

fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap()
}

fn demanding(own: &CertifiedKey<KeyPair>, of_clients: &CertifiedKey<KeyPair>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(of_clients.cert.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn both_sides_show_their_certificates() {
    let (server, app, stranger) = (
        certificate("localhost"),
        certificate("app"),
        certificate("x"),
    );
    let upstream = upstream(Some(demanding(&server, &app))).await;
    let config = |ca: &CertifiedKey<KeyPair>, own: Option<&CertifiedKey<KeyPair>>| {
        let mut config =
            UpstreamConfig::new(format!("https://localhost:{}", upstream.address.port()));
        config.ca_pem = Some(ca.cert.pem().into_bytes());
        let pem = |own: &CertifiedKey<KeyPair>| {
            (
                own.cert.pem().into(),
                own.signing_key.serialize_pem().into(),
            )
        };
        config.client_certificate_pem = own.map(pem);
        config
    };
    let good = client(&config(&server, Some(&app)));
    assert_eq!(ask(&good, "/").await.unwrap(), "hello");
    for bad in [
        config(&server, None),
        config(&server, Some(&stranger)),
        config(&stranger, Some(&app)),
    ] {
        let error = ask(&client(&bad), "/").await.unwrap_err();
        assert!(matches!(error, UpstreamError::Unreachable(_)), "{error:?}");
    }
}
