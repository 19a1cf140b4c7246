//! What becomes of a message that leaves the process because of a write (D28). Each kind of message has one rule, which judges a
//! try to deliver it; for logout tokens that is [`backchannel_logout::judge`](crate::backchannel_logout::judge).

use jiff::Timestamp;

/// The decision after one try. The store carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// Try again at this time.
    RetryAt(Timestamp),
    /// It was not delivered and is not tried again, for this reason.
    GiveUp(String),
    /// Its receiver no longer wants it.
    Obsolete,
}
