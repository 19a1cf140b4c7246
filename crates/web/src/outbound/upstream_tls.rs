//! TLS to a configured upstream: pinned authorities, client certificate.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, aws_lc_rs::default_provider},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Why TLS to an upstream cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("{part}: {reason}")]
pub struct UpstreamTlsError {
    /// `host`, `ca_file` or `client certificate`.
    pub part: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// The TLS configuration of one upstream.
pub struct UpstreamTls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// The client certificate for the upstream and its key, both PEM.
pub struct ClientIdentity<'a> {
    /// The certificate and its chain.
    pub cert_pem: &'a [u8],
    /// Its private key.
    pub key_pem: &'a [u8],
}

impl UpstreamTls {
    /// Trusts only the authorities in `ca_pem` if it is given, otherwise those of the system.
    ///
    /// # Errors
    /// When the host is not a valid name, or a PEM text is invalid.
    pub fn new(
        host: &str,
        ca_pem: Option<&[u8]>,
        identity: Option<ClientIdentity<'_>>,
    ) -> Result<Self, UpstreamTlsError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name =
            ServerName::try_from(bare.to_owned()).map_err(|error| problem("host", &error))?;
        let provider = Arc::new(default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::<CryptoProvider>::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| problem("host", &error))?;
        let builder = match ca_pem {
            Some(pem) => builder.with_root_certificates(authorities(pem)?),
            None => builder
                .with_platform_verifier()
                .map_err(|error| problem("the system's authorities", &error))?,
        };
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let part = "client certificate";
                let chain = certificates(identity.cert_pem, part)?;
                let key = PrivateKeyDer::from_pem_slice(identity.key_pem)
                    .map_err(|error| problem(part, &error))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| problem(part, &error))?
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    /// Does the TLS handshake on a connection.
    ///
    /// # Errors
    /// When the certificate of the upstream is not valid, or it does not accept ours.
    pub async fn connect(&self, stream: TcpStream) -> io::Result<UpstreamStream> {
        let stream = self.connector.connect(self.name.clone(), stream).await?;
        Ok(UpstreamStream::Tls(Box::new(stream)))
    }
}

fn problem(part: &'static str, reason: &dyn std::fmt::Display) -> UpstreamTlsError {
    UpstreamTlsError {
        part,
        reason: reason.to_string(),
    }
}

fn certificates(
    pem: &[u8],
    part: &'static str,
) -> Result<Vec<CertificateDer<'static>>, UpstreamTlsError> {
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| problem(part, &error))?;
    match chain.is_empty() {
        true => Err(problem(part, &"no PEM certificate in this file")),
        false => Ok(chain),
    }
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, UpstreamTlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, "ca_file")? {
        roots
            .add(certificate)
            .map_err(|error| problem("ca_file", &error))?;
    }
    Ok(roots)
}

/// A connection to an upstream, plain or with TLS.
pub enum UpstreamStream {
    /// Without TLS.
    Plain(TcpStream),
    /// With TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for UpstreamStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for UpstreamStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
