//! A sensitive change takes a recent sign-in.

use jiff::{SignedDuration, Timestamp};

use super::{NextStep, Steps};
use crate::{
    mfa::{Acr, Enrolled},
    model::Session,
};

/// How old a sign-in may be at a sensitive change.
pub const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// The steps of a journey in which the user of a session signs in again, if the last sign-in is not recent or was without the
/// second factor that the user has. `None` when the sign-in is good enough.
#[must_use]
pub fn sign_in_again(
    session: &Session,
    enrolled: Enrolled,
    now: Timestamp,
) -> Option<(Steps, NextStep)> {
    let has_factor = !enrolled.any() || Acr::of_session(&session.context.acr) >= Acr::Mfa;
    match (is_recent(session, now) && has_factor, enrolled.any()) {
        (true, _) => None,
        // The second factor proves more than the password, and who has it is not asked for both.
        (false, true) => Some((Steps::default().must_step_up(), NextStep::SecondFactor)),
        (false, false) => {
            let steps = Steps::must_log_in_as(session.subject.clone());
            Some((steps, NextStep::Login))
        }
    }
}

/// Whether the last sign-in of a session is new enough for a sensitive change.
pub(super) fn is_recent(session: &Session, now: Timestamp) -> bool {
    now.duration_since(session.context.auth_time) <= RECENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mfa::Demand,
        model::{AuthenticationContext, Subject},
        samples::{now, seconds, session},
    };

    const NONE: Enrolled = Enrolled::NONE;
    const APP: Enrolled = Enrolled { totp: true, ..NONE };

    fn signed_in(acr: Acr) -> Session {
        Session {
            context: AuthenticationContext {
                auth_time: now(),
                acr: acr.as_str().to_owned(),
                amr: Vec::new(),
            },
            ..session()
        }
    }

    #[test]
    fn a_sign_in_is_recent_for_ten_minutes() {
        let session = signed_in(Acr::Password);
        assert_eq!(sign_in_again(&session, NONE, now() + seconds(600)), None);
        let (steps, step) = sign_in_again(&session, NONE, now() + seconds(601)).unwrap();
        assert_eq!(step, NextStep::Login);
        assert_eq!(steps.fixed_user(), Some(&session.subject));
    }

    #[test]
    fn a_user_with_a_second_factor_has_to_have_proved_it() {
        let (password, both) = (signed_in(Acr::Password), signed_in(Acr::Mfa));
        let again = |session, at| sign_in_again(session, APP, at).map(|(_, step)| step);
        assert_eq!(again(&password, now()), Some(NextStep::SecondFactor));
        assert_eq!(again(&both, now() + seconds(600)), None);
        let late = now() + seconds(601);
        assert_eq!(again(&both, late), Some(NextStep::SecondFactor));
    }

    #[test]
    fn another_user_does_not_sign_in_in_the_place_of_the_one_who_is_asked() {
        use crate::journey::{Authenticator, Proved};

        let session = signed_in(Acr::Password);
        let late = now() + seconds(601);
        let (mut steps, _) = sign_in_again(&session, NONE, late).unwrap();
        let proved = |subject: &Subject| Proved {
            authenticator: Authenticator::Password,
            subject: subject.clone(),
            at: late,
            credential_set_at: now(),
            upstream: None,
            passkey: None,
        };
        steps.prove(proved(&Subject::parse("mallory").unwrap()));
        let refused = steps.authenticated(&Demand::NOTHING);
        assert_eq!(refused, Err(NextStep::Login));
        steps.prove(proved(&session.subject));
        let opened = steps.authenticated(&Demand::NOTHING).unwrap();
        assert_eq!(*opened.subject(), session.subject);
    }
}
