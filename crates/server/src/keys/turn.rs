//! Rotation of the ring: `next` → `active` → `retired` → hidden → gone (D13).

use cardea_protocol::model::{Cause, KeyState, SigningKeyRow};
use cardea_store::RingChange;
use jiff::{SignedDuration, Timestamp};

use super::{error::KeyError, key_ring::KeyRing};

/// How long clients may cache the JWKS, and a margin for slow ones.
const JWKS_CACHE: SignedDuration = SignedDuration::from_mins(15);
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Why the ring could not be rotated.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// A rotation is in progress already.
    #[error(
        "a rotation is in progress: the key {kid} becomes active at {at:.0}, so no other key was made. Wait for it, or make it active now: cardea key rotate --now"
    )]
    InProgress {
        /// The key.
        kid: String,
        /// When it becomes active.
        at: Timestamp,
    },
    /// Another node changed the ring at the same moment.
    #[error(
        "another node changed the key ring at the same moment; check `cardea key list` and try again"
    )]
    Race,
    /// The store or a key.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Why a key could not be removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoveError {
    /// It does not exist.
    #[error("the key {0} does not exist")]
    Unknown(String),
    /// It is the signing key.
    #[error(
        "the key {0} is active; replace it first: cardea key rotate --now, then: cardea key remove {0}"
    )]
    Active(String),
    /// Another node changed the ring at the same moment.
    #[error(
        "another node changed the key ring at the same moment; check `cardea key list` and try again"
    )]
    Race,
    /// The store or a key.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// What a rotation began.
#[derive(Debug, Clone)]
pub struct Turned {
    /// The new keys.
    pub kids: Vec<String>,
    /// When they sign.
    pub active_at: Timestamp,
}

impl KeyRing {
    /// Publishes a `next` key for each algorithm; [`KeyRing::advance`] makes it active when every client can know it.
    /// `at_once` makes it active now, for a leaked key: tokens of the old one stay valid until it is removed.
    pub(crate) async fn rotate(&self, at_once: bool, cause: &Cause) -> Result<Turned, RotateError> {
        let rows = self.current().rows().to_vec();
        if let Some(next) = rows.iter().find(|r| r.state == KeyState::Next && !at_once) {
            return Err(RotateError::InProgress {
                kid: next.kid.clone(),
                at: active_from(next),
            });
        }
        let mut change = RingChange {
            add: Vec::new(),
            moves: Vec::new(),
            cause: cause.clone(),
        };
        let mut kids = Vec::new();
        for active in rows.iter().filter(|r| r.state == KeyState::Active) {
            if at_once {
                change.moves.push((
                    active.kid.clone(),
                    KeyState::Active,
                    Some(KeyState::Retired),
                ));
            }
            let waiting = rows
                .iter()
                .find(|r| r.state == KeyState::Next && r.algorithm == active.algorithm);
            if let Some(next) = waiting {
                change
                    .moves
                    .push((next.kid.clone(), KeyState::Next, Some(KeyState::Active)));
                kids.push(next.kid.clone());
                continue;
            }
            let state = if at_once {
                KeyState::Active
            } else {
                KeyState::Next
            };
            let row = self.new_row(active.algorithm, state, cause)?;
            kids.push(row.kid.clone());
            change.add.push(row);
        }
        if !self
            .store
            .change_ring(change)
            .await
            .map_err(KeyError::from)?
        {
            return Err(RotateError::Race);
        }
        self.reload().await?;
        let active_at = if at_once {
            cause.now
        } else {
            cause
                .now
                .saturating_add(JWKS_CACHE + MARGIN)
                .unwrap_or(Timestamp::MAX)
        };
        Ok(Turned { kids, active_at })
    }

    /// Removes a key at once, published or not, with its private part: all that it signed is refused from now on.
    pub(crate) async fn remove(&self, kid: &str, cause: &Cause) -> Result<(), RemoveError> {
        self.reload().await?;
        let rows = self.current().rows().to_vec();
        let Some(row) = rows.iter().find(|row| row.kid == kid) else {
            return Err(RemoveError::Unknown(kid.to_owned()));
        };
        if row.state == KeyState::Active {
            return Err(RemoveError::Active(row.kid.clone()));
        }
        let change = RingChange {
            add: Vec::new(),
            moves: vec![(row.kid.clone(), row.state, None)],
            cause: cause.clone(),
        };
        let removed = self.store.change_ring(change).await;
        if !removed.map_err(KeyError::from)? {
            return Err(RemoveError::Race);
        }
        Ok(self.reload().await?)
    }

    /// Moves every key that is due: a job on every node; the first one does it.
    pub(crate) async fn advance(
        &self,
        access_token_ttl: SignedDuration,
        session_ttl: SignedDuration,
        cause: &Cause,
    ) -> Result<(), KeyError> {
        let now = cause.now;
        let rows = self.current().rows().to_vec();
        let past = |at: Option<Timestamp>, wait: SignedDuration| {
            at.is_some_and(|at| now.duration_since(at) > wait)
        };
        let mut moves = Vec::new();
        let due = rows.iter().any(|row| is_due(row, now));
        let nodes = if due {
            self.store.nodes(now).await?
        } else {
            Vec::new()
        };
        let stranger_to = |kid: &String| nodes.iter().find(|node| !node.keys.contains(kid));
        for row in &rows {
            let kid = || row.kid.clone();
            match row.state {
                KeyState::Next if is_due(row, now) => {
                    if let Some(node) = stranger_to(&row.kid) {
                        tracing::warn!(
                            kid = row.kid, node = node.id, until = %node.expires_at,
                            "a node does not know this key yet, so it signs nothing until then"
                        );
                        continue;
                    }
                    let active = rows
                        .iter()
                        .find(|r| r.state == KeyState::Active && r.algorithm == row.algorithm);
                    moves.extend(
                        active.map(|a| (a.kid.clone(), KeyState::Active, Some(KeyState::Retired))),
                    );
                    moves.push((kid(), KeyState::Next, Some(KeyState::Active)));
                }
                KeyState::Retired if past(row.retired_at, access_token_ttl + MARGIN) => {
                    moves.push((kid(), KeyState::Retired, Some(KeyState::Hidden)));
                }
                KeyState::Hidden
                    if past(row.retired_at, access_token_ttl + session_ttl + MARGIN) =>
                {
                    moves.push((kid(), KeyState::Hidden, None));
                }
                _ => {}
            }
        }
        if !moves.is_empty() {
            let change = RingChange {
                add: Vec::new(),
                moves,
                cause: cause.clone(),
            };
            self.store.change_ring(change).await?;
        }
        // Also when nothing is due here: another node may have changed the ring.
        self.reload().await
    }
}

fn is_due(row: &SigningKeyRow, now: Timestamp) -> bool {
    row.state == KeyState::Next && now >= active_from(row)
}

/// When a `next` key becomes active, unless a node does not know it then.
pub(crate) fn active_from(row: &SigningKeyRow) -> Timestamp {
    row.created_at
        .saturating_add(JWKS_CACHE + MARGIN)
        .unwrap_or(Timestamp::MAX)
}
