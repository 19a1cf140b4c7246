use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::samples::{self, now, seconds, sid, subject};

fn password(who: &str, after: i64) -> Proved {
    Proved {
        authenticator: Authenticator::Password,
        subject: subject(who),
        at: now() + seconds(after),
        credential_set_at: now(),
    }
}

#[test]
fn nothing_proved_opens_no_session() {
    assert_eq!(Steps::default().authenticated(), Err(NextStep::Login));
    let mut steps = Steps::must_log_in();
    steps.choose(&samples::session());
    steps.consent(&samples::session());
    steps.open(sid("s1"));
    assert_eq!(steps.authenticated(), Err(NextStep::Login));
}

#[test]
fn a_password_is_all_that_a_session_needs() {
    let mut steps = Steps::default();
    steps.prove(password("alice", 7));
    let proof = steps.authenticated().unwrap();
    assert_eq!(proof.subject(), &subject("alice"));
    let context = proof.context();
    assert_eq!(context.auth_time, now() + seconds(7));
    assert_eq!(context.acr, "urn:cardea:acr:password");
    assert_eq!(context.amr, ["pwd"]);
}

#[test]
fn what_one_user_proved_does_not_count_for_another() {
    let mut steps = Steps::default();
    steps.prove(password("alice", 0));
    steps.prove(password("bob", 1));
    assert_eq!(steps.proved, [password("bob", 1)]);
    assert_eq!(steps.authenticated().unwrap().subject(), &subject("bob"));
}

#[test]
fn a_proof_opens_one_session_only() {
    let mut steps = Steps::default();
    steps.prove(password("alice", 0));
    steps.open(sid("s1"));
    assert!(steps.has_opened(&samples::session()));
    assert_eq!(steps.authenticated(), Err(NextStep::Login));
    steps.prove(password("alice", 60));
    let again = steps.authenticated().unwrap();
    assert_eq!(again.context().auth_time, now() + seconds(60));
    assert!(!steps.has_opened(&samples::session()), "not opened yet");
}

#[test]
fn steps_survive_the_ticket_and_start_empty() {
    let mut steps = Steps::must_log_in();
    steps.prove(password("alice", 0));
    steps.open(sid("s1"));
    steps.choose(&samples::session());
    steps.consent(&samples::session());
    let json = serde_json::to_string(&steps).unwrap();
    assert_eq!(serde_json::from_str::<Steps>(&json).unwrap(), steps);
    assert_eq!(serde_json::to_string(&Steps::default()).unwrap(), "{}");
}

#[derive(Debug, Clone)]
enum Step {
    Prove(&'static str),
    Open,
    Choose,
    Consent,
    Switch,
}

fn any_step() -> impl Strategy<Value = Step> {
    use Step::{Choose, Consent, Open, Prove, Switch};
    select(vec![
        Prove("alice"),
        Prove("bob"),
        Open,
        Choose,
        Consent,
        Switch,
    ])
}

proptest! {
    /// A model of one line: the last proof counts until a session is opened or another login is required.
    #[test]
    fn a_session_takes_a_proof_that_is_not_used_yet(all in vec(any_step(), 0..12)) {
        let (mut steps, mut expected) = (Steps::default(), None);
        for (second, step) in (0..).zip(all) {
            match step {
                Step::Prove(who) => {
                    steps.prove(password(who, second));
                    expected = Some(password(who, second));
                }
                Step::Open => {
                    steps.open(sid("s1"));
                    expected = None;
                }
                Step::Choose => steps.choose(&samples::session()),
                Step::Consent => steps.consent(&samples::session()),
                Step::Switch => {
                    steps = Steps::must_log_in();
                    expected = None;
                }
            }
            let is = steps.authenticated().ok();
            let is = is.map(|a| (a.subject().clone(), a.context().auth_time));
            prop_assert_eq!(is, expected.clone().map(|p| (p.subject, p.at)));
        }
    }
}
