//! The ring that the server holds, and how it is read again.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use cardea_jose::{Algorithm, SigningKey};
use cardea_protocol::model::{Cause, KeyState, SigningKeyRow};
use cardea_seal::{MasterKey, Sealer};
use cardea_store::{RingChange, Store};
use tokio::sync::Mutex;

use super::{error::KeyError, ring::Ring};
use crate::parts::{EPOCH, Parts};

/// What every provider signs with: ES256 for access tokens, RS256 for ID tokens.
pub(crate) const ACCESS_TOKEN_DEFAULT: Algorithm = Algorithm::ES256;
pub(crate) const ID_TOKEN_DEFAULT: Algorithm = Algorithm::RS256;

/// The ring, and how it is read again.
pub(crate) struct KeyRing {
    pub(super) store: Arc<dyn Store>,
    sealer: Sealer,
    current: ArcSwap<Ring>,
    /// Held from a read of the store until its ring is the current one, so that no older one replaces it.
    reloading: Mutex<()>,
}

impl KeyRing {
    /// Opens the ring; at the first start, and for an algorithm that is asked for first, makes an active key at once.
    pub(crate) async fn open(
        parts: &Parts,
        issuer: &str,
        wanted: &[Algorithm],
        cause: &Cause,
    ) -> Result<Self, KeyError> {
        let sealer = key_sealer(&parts.master_key, issuer);
        let rows = parts.store.keys().await?;
        let ring = Self {
            store: Arc::clone(&parts.store),
            current: ArcSwap::from_pointee(Ring::open(&rows, &sealer)?),
            sealer,
            reloading: Mutex::default(),
        };
        let defaults = [ACCESS_TOKEN_DEFAULT, ID_TOKEN_DEFAULT];
        ring.ensure(defaults.into_iter().chain(wanted.iter().copied()), cause)
            .await?;
        Ok(ring)
    }

    /// What seals the private keys.
    pub(crate) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The ring as it is now.
    pub(crate) fn current(&self) -> Guard<Arc<Ring>> {
        self.current.load()
    }

    /// Reads the ring again, after this or another node has turned it.
    pub(crate) async fn reload(&self) -> Result<(), KeyError> {
        let _turn = self.reloading.lock().await;
        let rows = self.store.keys().await?;
        self.current
            .store(Arc::new(Ring::open(&rows, &self.sealer)?));
        Ok(())
    }

    /// The same, if it has changed: parsing keys costs more than reading their rows. Returns whether it has.
    pub(crate) async fn reload_if_changed(&self) -> Result<bool, KeyError> {
        let _turn = self.reloading.lock().await;
        let rows = self.store.keys().await?;
        if rows == self.current().rows() {
            return Ok(false);
        }
        self.current
            .store(Arc::new(Ring::open(&rows, &self.sealer)?));
        Ok(true)
    }

    /// Makes an active key for each algorithm that has none. Of two nodes that start at once one wins, and both use its key.
    pub(crate) async fn ensure(
        &self,
        wanted: impl Iterator<Item = Algorithm>,
        cause: &Cause,
    ) -> Result<(), KeyError> {
        for algorithm in wanted {
            if self.current().signing(algorithm).is_some() {
                continue;
            }
            let row = self.new_row(algorithm, KeyState::Active, cause)?;
            tracing::info!(kid = row.kid, %algorithm, "made a signing key");
            self.store
                .change_ring(RingChange {
                    add: vec![row],
                    moves: Vec::new(),
                    cause: cause.clone(),
                })
                .await?;
            self.reload().await?;
        }
        Ok(())
    }

    pub(super) fn new_row(
        &self,
        algorithm: Algorithm,
        state: KeyState,
        cause: &Cause,
    ) -> Result<SigningKeyRow, KeyError> {
        let key = SigningKey::generate(algorithm)?;
        let active = state == KeyState::Active;
        Ok(SigningKeyRow {
            kid: key.kid().to_owned(),
            algorithm,
            state,
            sealed_private: self
                .sealer
                .seal(key.to_pkcs8().expose(), key.kid().as_bytes()),
            created_at: cause.now,
            activated_at: active.then_some(cause.now),
            retired_at: None,
        })
    }
}

/// What seals the private keys.
pub(crate) fn key_sealer(master: &MasterKey, issuer: &str) -> Sealer {
    Sealer::new(master, "signing key", issuer, EPOCH)
}
