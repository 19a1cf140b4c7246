//! Certificates from files, reloaded when the files change.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use rustls::{
    crypto::{CryptoProvider, aws_lc_rs::default_provider},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::client_certificate::ClientCertificates;

/// The interval at which the files are checked.
pub const POLL_EVERY: Duration = Duration::from_secs(5);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file contains no certificate.
    #[error("{}: no PEM certificate in this file", .0.display())]
    NoCertificate(PathBuf),
    /// The file contains no private key.
    #[error("{}: no PEM private key in this file (PKCS#8, PKCS#1 or SEC1, not encrypted)", .0.display())]
    NoKey(PathBuf),
    /// A PEM block is malformed.
    #[error("{}: malformed PEM", .0.display())]
    BrokenPem(PathBuf),
    /// The key does not match the certificate, or its type is not supported.
    #[error("{} and {}: {reason}", cert.display(), key.display())]
    Unusable {
        /// The certificate file.
        cert: PathBuf,
        /// The key file.
        key: PathBuf,
        /// The error of rustls.
        reason: rustls::Error,
    },
}

impl TlsError {
    /// The file to blame: that of the key if it does not match the certificate.
    #[must_use]
    pub fn file(&self) -> &Path {
        match self {
            Self::Read { path, .. }
            | Self::NoCertificate(path)
            | Self::NoKey(path)
            | Self::BrokenPem(path)
            | Self::Unusable { key: path, .. } => path,
        }
    }
}

/// The certificate of a listener.
pub struct Certificates {
    cert_file: PathBuf,
    key_file: PathBuf,
    current: Arc<Current>,
    provider: Arc<CryptoProvider>,
    loaded: Fingerprint,
}

impl Certificates {
    /// Reads the certificate chain and the key.
    ///
    /// # Errors
    /// When a file cannot be read, or the key does not match the certificate.
    pub fn load(cert_file: &Path, key_file: &Path) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(default_provider());
        let loaded = Fingerprint::of(cert_file, key_file);
        let certified = read(cert_file, key_file, &provider)?;
        Ok(Arc::new(Self {
            cert_file: cert_file.to_owned(),
            key_file: key_file.to_owned(),
            current: Arc::new(Current(ArcSwap::from_pointee(certified))),
            provider,
            loaded,
        }))
    }

    pub(super) fn acceptor(&self, clients: Option<&ClientCertificates>) -> io::Result<TlsAcceptor> {
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(io::Error::other)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => builder.with_client_cert_verifier(clients.verifier(&self.provider)?),
        };
        let mut config = builder.with_cert_resolver(Arc::<Current>::clone(&self.current));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reloads the certificate when a file changes, until `shutdown`. An error is logged, and the old certificate is
    /// kept.
    pub async fn reload(self: Arc<Self>, poll_every: Duration, shutdown: CancellationToken) {
        let mut watch = Watch {
            served: self.loaded,
            refused: None,
        };
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(poll_every) => {}
            }
            let certificates = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || certificates.look(watch)).await;
            watch = looked.unwrap_or(watch);
        }
    }

    /// Reads the files now, whether they changed or not. An error is logged, and the old certificate is kept.
    pub async fn reload_now(self: Arc<Self>) {
        let never = Watch {
            served: Fingerprint([None, None]),
            refused: None,
        };
        // A panic of the task is logged by the runtime; the old certificate is kept then too.
        let _ = tokio::task::spawn_blocking(move || self.look(never)).await;
    }

    /// Retries a refused pair each time: the two files are not replaced atomically.
    fn look(&self, watch: Watch) -> Watch {
        let found = Fingerprint::of(&self.cert_file, &self.key_file);
        if found == watch.served {
            return watch;
        }
        match read(&self.cert_file, &self.key_file, &self.provider) {
            Ok(certified) => {
                self.current.0.store(Arc::new(certified));
                tracing::info!(file = %self.cert_file.display(), "certificate reloaded");
                Watch {
                    served: found,
                    refused: None,
                }
            }
            Err(error) => {
                if watch.refused != Some(found) {
                    tracing::error!(%error, "could not reload the certificate; the old one stays in use");
                }
                Watch {
                    refused: Some(found),
                    ..watch
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Watch {
    served: Fingerprint,
    // Logged once, not at each check.
    refused: Option<Fingerprint>,
}

/// Changes when a file is written or replaced. Taken before the files are read, so that a change in between is noticed at
/// the next check.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fingerprint([Option<FileMark>; 2]);

impl Fingerprint {
    fn of(cert: &Path, key: &Path) -> Self {
        Self([mark(cert), mark(key)])
    }
}

/// Modification time, size and inode number of a file.
pub type FileMark = (SystemTime, u64, u64);

/// The mark of a file; `None` when it does not exist.
#[must_use]
pub fn mark(path: &Path) -> Option<FileMark> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
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
