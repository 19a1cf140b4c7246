//! The result of a logout token that was sent to a client (OpenID Back-Channel Logout §2.8).

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::outbox::Verdict;

/// How long after each try the next one follows: eight tries over about a day.
const WAITS: [SignedDuration; 7] = [
    SignedDuration::from_secs(10),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(15),
];
/// How long after a refusal.
const WAIT_OF_REFUSED: SignedDuration = SignedDuration::from_mins(1);
/// A client that refuses may have an old key set; a second refusal a minute later is final.
const TRIES_OF_REFUSED: u32 = 2;

/// The result of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A response with this status.
    Status(u16),
    /// No response, for this reason.
    None(String),
    /// The client is disabled, or has no `backchannel_logout_uri` any more; nothing was sent.
    NoReceiver,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the answer had status {status}"),
            Self::None(why) => f.write_str(why),
            Self::NoReceiver => {
                f.write_str("the client is disabled or has no backchannel_logout_uri any more")
            }
        }
    }
}

/// Judges the answer to a try; the first try is 1.
#[must_use]
pub fn judge(answer: &Answer, attempt: u32, now: Timestamp) -> Verdict {
    let wait = match answer {
        Answer::NoReceiver => return Verdict::Obsolete,
        // OpenID Back-Channel Logout §2.8: 200, or 204 from frameworks that send no body.
        Answer::Status(200 | 204) => return Verdict::Delivered,
        // OpenID Back-Channel Logout §2.8: 400 means that the request was invalid, or that the logout failed.
        Answer::Status(400) if attempt >= TRIES_OF_REFUSED => None,
        Answer::Status(400) => Some(&WAIT_OF_REFUSED),
        Answer::Status(_) | Answer::None(_) => WAITS.get(attempt.saturating_sub(1) as usize),
    };
    match wait {
        Some(wait) => Verdict::RetryAt(now.saturating_add(*wait).unwrap_or(Timestamp::MAX)),
        None => Verdict::GiveUp(format!("tries: {attempt}; {answer}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::now;

    #[test]
    fn a_logout_is_done_by_200_or_204_and_by_nothing_else() {
        for status in [200, 204] {
            let verdict = judge(&Answer::Status(status), 1, now());
            assert_eq!(verdict, Verdict::Delivered);
        }
        for status in [201, 202, 301, 303, 401, 404, 429, 500, 503] {
            let again = Verdict::RetryAt(now() + SignedDuration::from_secs(10));
            assert_eq!(judge(&Answer::Status(status), 1, now()), again, "{status}");
        }
    }

    #[test]
    fn eight_tries_are_made_within_about_a_day() {
        let no_answer = Answer::None("connection refused".to_owned());
        let mut at = now();
        let mut tries = 1;
        while let Verdict::RetryAt(next) = judge(&no_answer, tries, at) {
            assert!(next > at);
            (at, tries) = (next, tries + 1);
        }
        assert_eq!(tries, 8);
        let day = SignedDuration::from_hours(24);
        let took = at.duration_since(now());
        assert!(
            took > day - SignedDuration::from_hours(1) && took < day,
            "{took}"
        );
        for tries in [8, 9] {
            let why = format!("tries: {tries}; connection refused");
            assert_eq!(judge(&no_answer, tries, at), Verdict::GiveUp(why));
        }
    }

    #[test]
    fn a_second_refusal_is_final() {
        let refused = Answer::Status(400);
        let again = Verdict::RetryAt(now() + SignedDuration::from_mins(1));
        assert_eq!(judge(&refused, 1, now()), again);
        let why = "tries: 2; the answer had status 400".to_owned();
        assert_eq!(judge(&refused, 2, now()), Verdict::GiveUp(why));
    }

    #[test]
    fn d28_a_logout_without_a_receiver_is_obsolete_at_any_try() {
        for tries in [1, 2, 8, u32::MAX] {
            assert_eq!(judge(&Answer::NoReceiver, tries, now()), Verdict::Obsolete);
        }
    }
}
