//! Client certificates: requested in the TLS handshake and verified against configured authorities.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use rustls::{
    RootCertStore, ServerConnection,
    crypto::{CryptoProvider, aws_lc_rs::default_provider},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

/// Which client certificates are accepted.
#[derive(Clone)]
pub struct ClientCertificates {
    /// The authorities, PEM.
    pub ca_pem: Vec<u8>,
    /// Whether the handshake fails without a client certificate.
    pub required: bool,
}

impl ClientCertificates {
    /// Checks the authorities.
    ///
    /// # Errors
    /// When the PEM is malformed, or has no certificate that can be an authority.
    pub fn check(&self) -> std::io::Result<()> {
        self.verifier(&Arc::new(default_provider())).map(drop)
    }

    pub(super) fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, std::io::Error> {
        let invalid = |what: &dyn std::fmt::Display| {
            std::io::Error::other(format!("authority of client certificates: {what}"))
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&self.ca_pem) {
            let certificate = certificate.map_err(|error| invalid(&error))?;
            roots.add(certificate).map_err(|error| invalid(&error))?;
        }
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let builder = match self.required {
            true => builder,
            false => builder.allow_unauthenticated(),
        };
        builder.build().map_err(|error| invalid(&error))
    }
}

/// The verified certificate of the client. The listener adds it to the extensions of each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate(HeaderValue);

impl ClientCertificate {
    pub(super) fn of(connection: &ServerConnection) -> Option<Self> {
        let leaf = connection.peer_certificates()?.first()?;
        // RFC 9440 §2.1: the certificate as a byte sequence of structured fields, base64 between colons.
        let text = format!(":{}:", STANDARD.encode(leaf));
        HeaderValue::try_from(text).ok().map(Self)
    }

    /// The value of the header `Client-Cert` (RFC 9440).
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.0
    }
}
