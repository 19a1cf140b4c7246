//! Certificates from files, taken anew when the files change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
pub const POLL_EVERY: Duration = Duration::from_secs(5);

/// Why a certificate could not be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no certificate.
    #[error("{}: no PEM certificate in this file", .0.display())]
    NoCertificate(PathBuf),
    /// The file holds no private key.
    #[error("{}: no PEM private key in this file (PKCS#8, PKCS#1 or SEC1, not encrypted)", .0.display())]
    NoKey(PathBuf),
    /// A PEM block is broken.
    #[error("{}: broken PEM", .0.display())]
    BrokenPem(PathBuf),
    /// The two don't belong together, or the key is of an unknown kind.
    #[error("{} and {}: {reason}", cert.display(), key.display())]
    Unusable {
        /// The certificate file.
        cert: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What rustls said.
        reason: rustls::Error,
    },
}

/// The certificate that is served now.
pub struct Certificates {
    cert_file: PathBuf,
    key_file: PathBuf,
    current: Arc<Current>,
    provider: Arc<CryptoProvider>,
}

impl Certificates {
    /// Reads certificate chain and key.
    ///
    /// # Errors
    /// When a file cannot be read or the two cannot be used together.
    pub fn load(cert_file: &Path, key_file: &Path) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(default_provider());
        let certified = read(cert_file, key_file, &provider)?;
        Ok(Arc::new(Self {
            cert_file: cert_file.to_owned(),
            key_file: key_file.to_owned(),
            current: Arc::new(Current(ArcSwap::from_pointee(certified))),
            provider,
        }))
    }

    pub(super) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Current>::clone(&self.current));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Takes the certificate anew whenever a file changes, until `shutdown`. A pair that cannot be
    /// used is logged, and the old one stays.
    pub async fn reload(self: Arc<Self>, poll_every: Duration, shutdown: CancellationToken) {
        let mut seen = self.fingerprint().await;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(poll_every) => {}
            }
            let found = self.fingerprint().await;
            if found == seen {
                continue;
            }
            match self.take() {
                Ok(()) => tracing::info!(file = %self.cert_file.display(), "certificate reloaded"),
                Err(error) => tracing::error!(%error, "the old certificate stays in use"),
            }
            seen = found;
        }
    }

    fn take(&self) -> Result<(), TlsError> {
        let certified = read(&self.cert_file, &self.key_file, &self.provider)?;
        self.current.0.store(Arc::new(certified));
        Ok(())
    }

    async fn fingerprint(&self) -> [Option<(SystemTime, u64)>; 2] {
        [mark(&self.cert_file).await, mark(&self.key_file).await]
    }
}

async fn mark(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn read(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_slice_iter(&bytes(cert)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TlsError::BrokenPem(cert.to_owned()))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(cert.to_owned()));
    }
    let private =
        PrivateKeyDer::from_pem_slice(&bytes(key)?).map_err(|_| TlsError::NoKey(key.to_owned()))?;
    CertifiedKey::from_der(chain, private, provider).map_err(|reason| TlsError::Unusable {
        cert: cert.to_owned(),
        key: key.to_owned(),
        reason,
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}

struct Current(ArcSwap<CertifiedKey>);

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}
