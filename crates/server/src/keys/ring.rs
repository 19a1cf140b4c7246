//! One state of the ring: which keys sign, are published, and still verify.

use std::sync::Arc;

use bytes::Bytes;
use cardea_jose::{Algorithm, KeySet, SigningKey};
use cardea_protocol::model::{KeyState, SigningKeyRow};
use cardea_seal::Sealer;

use super::error::KeyError;

/// All keys, parsed.
pub(crate) struct Ring {
    rows: Vec<SigningKeyRow>,
    signing: Vec<Arc<SigningKey>>,
    published: KeySet,
    hints: KeySet,
    jwks: Bytes,
}

impl Ring {
    /// Unseals and parses the rows of the store.
    pub(super) fn open(rows: &[SigningKeyRow], sealer: &Sealer) -> Result<Self, KeyError> {
        let mut signing = Vec::new();
        let (mut published, mut hints) = (Vec::new(), Vec::new());
        for row in rows {
            let sealed = || KeyError::Sealed(row.kid.clone());
            let pkcs8 = sealer
                .open(&row.sealed_private, row.kid.as_bytes())
                .map_err(|_| sealed())?;
            let key = Arc::new(SigningKey::from_pkcs8(row.algorithm, pkcs8.expose())?);
            hints.push(key.public_jwk().clone());
            if row.state != KeyState::Hidden {
                published.push(key.public_jwk().clone());
            }
            if row.state == KeyState::Active {
                signing.push(key);
            }
        }
        let published = KeySet::from_keys(published)?;
        let jwks = published.to_json().into();
        Ok(Self {
            rows: rows.to_vec(),
            signing,
            published,
            hints: KeySet::from_keys(hints)?,
            jwks,
        })
    }

    /// The key that signs with this algorithm.
    pub(crate) fn signing(&self, algorithm: Algorithm) -> Option<&Arc<SigningKey>> {
        self.signing.iter().find(|key| key.algorithm() == algorithm)
    }

    /// The algorithms that can sign now.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        let mut algorithms: Vec<_> = self.signing.iter().map(|key| key.algorithm()).collect();
        // OpenID Discovery §3: RS256 is required, and readers expect it first.
        algorithms.sort_by_key(|a| Algorithm::ALL.iter().position(|b| a == b));
        algorithms
    }

    /// Published keys: verify access tokens.
    pub(crate) fn published(&self) -> &KeySet {
        &self.published
    }

    /// Published and hidden keys: verify `id_token_hint`s.
    pub(crate) fn hints(&self) -> &KeySet {
        &self.hints
    }

    /// The JWKS document.
    pub(crate) fn jwks(&self) -> Bytes {
        self.jwks.clone()
    }

    /// The rows behind it.
    pub(crate) fn rows(&self) -> &[SigningKeyRow] {
        &self.rows
    }
}
