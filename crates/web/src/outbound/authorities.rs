//! The certificate authorities of outgoing connections.

use std::sync::{Arc, OnceLock};

use rustls_pki_types::{CertificateDer, pem::PemObject};
use rustls_platform_verifier::Verifier;

use super::guarded_client::FetchError;

/// The certificate authorities of the system, and configured ones.
#[derive(Clone)]
pub(super) struct Authorities {
    extra: Arc<[CertificateDer<'static>]>,
    // The authorities of the system take a megabyte, so they are read for the first connection.
    tls: Arc<OnceLock<Result<rustls::ClientConfig, FetchError>>>,
}

impl Authorities {
    /// Trusts `ca_pem` in addition to the authorities of the system.
    pub(super) fn new(ca_pem: Option<&[u8]>) -> Result<Self, FetchError> {
        let wrong = |reason: &str| FetchError::Authorities(reason.to_owned());
        let extra = match ca_pem {
            None => Vec::new(),
            Some(pem) => CertificateDer::pem_slice_iter(pem)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|_| wrong("malformed PEM"))?,
        };
        if ca_pem.is_some() && extra.is_empty() {
            return Err(wrong("no PEM certificate in the file"));
        }
        Ok(Self {
            extra: extra.into(),
            tls: Arc::default(),
        })
    }

    /// TLS 1.2 and 1.3 with these authorities.
    pub(super) fn tls(&self) -> Result<rustls::ClientConfig, FetchError> {
        self.tls
            .get_or_init(|| {
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                let extra = self.extra.iter().cloned();
                let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
                    .map_err(|error| FetchError::Authorities(error.to_string()))?;
                rustls::ClientConfig::builder_with_provider(provider)
                    .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
                    .map_err(|error| FetchError::Authorities(error.to_string()))
                    .map(|config| {
                        config
                            .dangerous()
                            .with_custom_certificate_verifier(Arc::new(verifier))
                            .with_no_client_auth()
                    })
            })
            .clone()
    }
}
