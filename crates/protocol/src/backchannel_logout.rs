//! The result of a logout token that was sent to a client (OpenID Back-Channel Logout §2.8).

use jiff::{SignedDuration, Timestamp};

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

/// The response to one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A response with this status.
    Status(u16),
    /// No response.
    None,
}

/// The decision after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The client has logged the user out.
    Delivered,
    /// Try again at this time.
    Again(Timestamp),
    /// No more tries.
    GiveUp,
}

/// Judges the answer to a try; the first try is 1.
#[must_use]
pub fn judge(answer: Answer, attempt: u32, now: Timestamp) -> Verdict {
    let wait = match answer {
        // OpenID Back-Channel Logout §2.8: 200, or 204 from frameworks that send no body.
        Answer::Status(200 | 204) => return Verdict::Delivered,
        // OpenID Back-Channel Logout §2.8: 400 means that the request was invalid, or that the logout failed.
        Answer::Status(400) if attempt >= TRIES_OF_REFUSED => return Verdict::GiveUp,
        Answer::Status(400) => Some(&WAIT_OF_REFUSED),
        Answer::Status(_) | Answer::None => WAITS.get(attempt.saturating_sub(1) as usize),
    };
    match wait {
        Some(wait) => Verdict::Again(now.saturating_add(*wait).unwrap_or(Timestamp::MAX)),
        None => Verdict::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::now;

    #[test]
    fn a_logout_is_done_by_200_or_204_and_by_nothing_else() {
        for status in [200, 204] {
            assert_eq!(judge(Answer::Status(status), 1, now()), Verdict::Delivered);
        }
        for status in [201, 202, 301, 303, 401, 404, 429, 500, 503] {
            let again = Verdict::Again(now() + SignedDuration::from_secs(10));
            assert_eq!(judge(Answer::Status(status), 1, now()), again, "{status}");
        }
    }

    #[test]
    fn eight_tries_are_made_within_about_a_day() {
        let mut at = now();
        let mut tries = 1;
        while let Verdict::Again(next) = judge(Answer::None, tries, at) {
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
        assert_eq!(judge(Answer::None, 9, at), Verdict::GiveUp, "after a crash");
    }

    #[test]
    fn a_client_that_refuses_twice_means_it() {
        let again = Verdict::Again(now() + SignedDuration::from_mins(1));
        assert_eq!(judge(Answer::Status(400), 1, now()), again);
        assert_eq!(judge(Answer::Status(400), 2, now()), Verdict::GiveUp);
    }
}
