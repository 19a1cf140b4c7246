use std::time::Duration;

use cardea_seal::{Digest, OpenError, Sealer};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rp::{IdentityClaims, Tokens};

/// So much the clocks of an app's nodes may differ.
const SKEW: Duration = Duration::from_mins(5);

/// Who is logged in, for how long, and the tokens that stay here.
#[derive(Clone)]
pub struct Session {
    pub(super) id: Digest,
    pub(super) version: u32,
    pub(super) seen_at: Timestamp,
    pub(super) record: Record,
}

/// What is sealed in a session's row.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) opened_at: Timestamp,
    pub(super) identity: IdentityClaims,
    pub(super) tokens: Tokens,
}

/// Why a row is no session of ours.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    #[error(transparent)]
    Sealed(#[from] OpenError),
    #[error("another version of this program wrote it: {0}")]
    Shape(#[from] serde_json::Error),
}

impl Session {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &IdentityClaims {
        &self.record.identity
    }

    /// The tokens. They belong into requests to APIs and to the provider, never into an answer to the browser.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.record.tokens
    }

    /// The moment of the login.
    #[must_use]
    pub fn opened_at(&self) -> Timestamp {
        self.record.opened_at
    }
}

impl Record {
    /// The row's id is part of the seal: rows can't be exchanged.
    pub(super) fn seal(&self, sealer: &Sealer, id: Digest) -> Result<Vec<u8>, serde_json::Error> {
        let plain = cardea_seal::Secret::new(serde_json::to_vec(self)?);
        Ok(sealer.seal(plain.expose(), id.as_bytes()))
    }

    pub(super) fn open(sealer: &Sealer, sealed: &[u8], id: Digest) -> Result<Self, RecordError> {
        let plain = sealer.open(sealed, id.as_bytes())?;
        let mut record: Self = serde_json::from_slice(plain.expose())?;
        record.identity.unnest();
        Ok(record)
    }
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetimes {
    pub(super) idle: Duration,
    pub(super) lifetime: Duration,
}

impl Lifetimes {
    /// The end of a session that is used now for the last time.
    pub(super) fn ends_at(self, opened_at: Timestamp, now: Timestamp) -> Timestamp {
        later(now, self.idle).min(self.last_moment(opened_at))
    }

    /// The end, however often it is used.
    pub(super) fn last_moment(self, opened_at: Timestamp) -> Timestamp {
        later(opened_at, self.lifetime)
    }

    /// Whether its life has begun and is not over. One that begins in the future outlived a clock that was set back.
    pub(super) fn lives(self, opened_at: Timestamp, now: Timestamp) -> bool {
        opened_at <= later(now, SKEW) && now < self.last_moment(opened_at)
    }

    /// Whether this use is to be written down. Not each one is: to read is cheap, to write is not.
    pub(super) fn worth_noting(self, seen_at: Timestamp, now: Timestamp) -> bool {
        now >= later(seen_at, (self.idle / 30).min(Duration::from_mins(1)))
    }
}

/// A moment later; at the end of time, the end of time.
pub(super) fn later(than: Timestamp, by: Duration) -> Timestamp {
    than.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + n * 60).unwrap()
    }

    const USUAL: Lifetimes = Lifetimes {
        idle: Duration::from_mins(30),
        lifetime: Duration::from_hours(1),
    };

    #[test]
    fn use_moves_the_end_but_never_beyond_the_lifetime() {
        assert_eq!(USUAL.ends_at(minute(0), minute(0)), minute(30));
        assert_eq!(USUAL.ends_at(minute(0), minute(20)), minute(50));
        assert_eq!(USUAL.ends_at(minute(0), minute(45)), minute(60));
        assert_eq!(USUAL.ends_at(minute(0), minute(59)), minute(60));
    }

    #[test]
    fn a_use_is_written_down_once_a_minute() {
        assert!(!USUAL.worth_noting(minute(0), minute(0)));
        assert!(USUAL.worth_noting(minute(0), minute(1)));
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        assert_eq!(USUAL.last_moment(Timestamp::MAX), Timestamp::MAX);
    }
}
