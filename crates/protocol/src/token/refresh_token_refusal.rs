//! Why an authentic refresh token is refused. The client learns only `invalid_grant`.

use super::{Inactive, Unproved};

/// The reason, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The grant has no active token.
    #[error(transparent)]
    Inactive(#[from] Inactive),
    /// It is bound to a key.
    #[error(transparent)]
    Unproved(#[from] Unproved),
    /// The grant was made without one.
    #[error("the grant has no refresh token")]
    NoRefreshToken,
    /// RFC 6749 §10.4
    #[error("the token belongs to another client")]
    ForeignClient,
    /// It has expired.
    #[error("the refresh token was not used for too long")]
    Idle,
    /// It was used from another network and another user agent, and the user has a second factor.
    #[error(
        "the token came from another network and another user agent; the user has to log in again"
    )]
    Elsewhere,
    /// Its generation is not reached yet.
    #[error("the token is ahead of the store")]
    Ahead,
    /// RFC 9700 §4.14.2: it was replaced before.
    #[error("an old refresh token came again")]
    Reused,
    /// RFC 9700 §4.14.2
    #[error("the third retry in consecutive generations")]
    ThirdRetry,
    /// RFC 9700 §4.14.2
    #[error("a second late retry within a day")]
    SecondLateRetry,
    /// There is no next generation.
    #[error("the token was rotated as often as it can be")]
    Exhausted,
}
