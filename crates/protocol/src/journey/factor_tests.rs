//! The second factor among the steps of a journey.

use ErrorCode::LoginRequired;
use NextStep::{Finish, Login};

use super::{
    tests::{Now, alice, password_of, session},
    *,
};
use crate::{mfa::Enrolled, samples::subject};

fn demanding(required: Acr, wanted: Acr, totp: bool) -> Now {
    Now {
        demand: Ok(Demand {
            required,
            by_policy: required,
            wanted,
            enrolled: Enrolled {
                totp,
                ..Enrolled::NONE
            },
            new_password: false,
        }),
        ..alice()
    }
}

fn with_mfa(mut now: Now) -> Now {
    if let Some(session) = &mut now.session {
        session.context.acr = Acr::Mfa.as_str().to_owned();
    }
    now
}

#[test]
fn a_session_of_a_lower_class_asks_for_the_second_factor_only() {
    let required = || demanding(Acr::Mfa, Acr::Mfa, true);
    assert_eq!(required().next(), Ok(NextStep::SecondFactor));
    assert_eq!(required().next_to_account(), NextStep::SecondFactor);
    assert_eq!(required().asking("none").next(), Err(LoginRequired));
    assert_eq!(with_mfa(required()).next(), Ok(Finish));
    // `prompt=login` and `max_age` ask for the whole login.
    assert_eq!(with_mfa(required()).asking("login").next(), Ok(Login));
    assert_eq!(with_mfa(required()).within(60).next(), Ok(Login));
    assert_eq!(required().without_session().next(), Ok(Login));
    // Neither a consent nor a choice stands for it, and it comes before the consent.
    let done = required().chose("s1").consented("s1", "alice");
    assert_eq!(done.next(), Ok(NextStep::SecondFactor));
    let new = required().allowed(None);
    assert_eq!(new.next(), Ok(NextStep::SecondFactor));
}

#[test]
fn attack_an_old_session_sets_up_no_factor() {
    let late = |mut now: Now| {
        now.at += jiff::SignedDuration::from_secs(1);
        now
    };
    let required = |totp| demanding(Acr::Mfa, Acr::Mfa, totp);
    assert_eq!(required(false).next(), Ok(NextStep::SecondFactor));
    assert_eq!(late(required(false)).next(), Ok(Login));
    assert_eq!(late(required(false)).next_to_account(), Login);
    // Who has one proves it instead.
    assert_eq!(late(required(true)).next(), Ok(NextStep::SecondFactor));
    // A sign-in in this journey is new enough as long as its ticket.
    let opened = late(required(false)).logged_in("s1", "alice");
    assert_eq!(opened.next(), Ok(NextStep::SecondFactor));
    // What is only wished for makes no user sign in again.
    let wished = late(demanding(Acr::Password, Acr::Mfa, false));
    assert_eq!(wished.next(), Ok(Finish));
}

#[test]
fn a_wish_is_tried_unless_no_page_may_be_shown() {
    let wished = |totp| demanding(Acr::Password, Acr::Mfa, totp);
    assert_eq!(wished(true).next(), Ok(NextStep::SecondFactor));
    assert_eq!(wished(true).asking("none").next(), Ok(Finish));
    assert_eq!(wished(false).next(), Ok(NextStep::SecondFactor));
    let skipped = |mut now: Now| {
        now.steps.skip();
        now.next()
    };
    assert_eq!(skipped(wished(false)), Ok(Finish));
    assert_eq!(skipped(wished(true)), Ok(NextStep::SecondFactor));
    let required = demanding(Acr::Mfa, Acr::Mfa, false);
    assert_eq!(skipped(required), Ok(NextStep::SecondFactor));
}

#[test]
fn an_essential_acr_that_the_user_cannot_reach_is_an_error_after_the_login() {
    let unmet = ErrorCode::UnmetAuthenticationRequirements;
    let failed = || Now {
        demand: Err(OAuthError::new(unmet, "no")),
        ..alice()
    };
    assert_eq!(failed().next(), Err(unmet));
    assert_eq!(failed().asking("none").next(), Err(unmet));
    assert_eq!(failed().without_session().next(), Ok(Login));
    let mut pending = failed().without_session();
    pending.steps.prove(password_of(subject("alice")));
    assert_eq!(pending.next(), Err(unmet));
}

#[test]
fn a_login_in_progress_is_not_finished_by_the_session_of_another_user() {
    let mut now = demanding(Acr::Mfa, Acr::Mfa, true);
    now = with_mfa(now);
    now.steps.prove(password_of(subject("bob")));
    assert_eq!(now.next(), Ok(NextStep::SecondFactor));
    assert_eq!(now.next_to_account(), NextStep::SecondFactor);
}

#[test]
fn a_required_step_up_is_done_in_the_ticket_whatever_class_the_session_has() {
    let mut now = with_mfa(demanding(Acr::Mfa, Acr::Mfa, true));
    now.steps = Steps::default().must_step_up();
    assert_eq!(now.next_to_account(), NextStep::SecondFactor);
    now.steps.step_up(&session("s2", "alice"));
    assert_eq!(now.next_to_account(), NextStep::SecondFactor);
    now.steps.step_up(&session("s1", "alice"));
    assert_eq!(now.next_to_account(), Finish);
    let mut again = with_mfa(demanding(Acr::Mfa, Acr::Mfa, true));
    again.steps = Steps::default().must_step_up();
    assert_eq!(again.logged_in("s1", "alice").next_to_account(), Finish);
}
