use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{
    journey::step_up,
    mfa::Enrolled,
    samples::{self, now, seconds, sid, subject},
};

fn password(who: &str, after: i64) -> Proved {
    Proved {
        authenticator: Authenticator::Password,
        subject: subject(who),
        at: now() + seconds(after),
        credential_set_at: now(),
        upstream: None,
        passkey: None,
    }
}

#[test]
fn nothing_proved_opens_no_session() {
    assert_eq!(
        Steps::default().authenticated(&Demand::NOTHING),
        Err(NextStep::Login)
    );
    let mut steps = Steps::must_log_in();
    steps.choose(&samples::session());
    steps.consent(&samples::session());
    steps.open(sid("s1"));
    assert_eq!(steps.authenticated(&Demand::NOTHING), Err(NextStep::Login));
}

#[test]
fn a_password_is_all_that_a_session_needs() {
    let mut steps = Steps::default();
    steps.prove(password("alice", 7));
    let proof = steps.authenticated(&Demand::NOTHING).unwrap();
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
    assert_eq!(
        steps.authenticated(&Demand::NOTHING).unwrap().subject(),
        &subject("bob")
    );
}

#[test]
fn a_proof_opens_one_session_only() {
    let mut steps = Steps::default();
    steps.prove(password("alice", 0));
    steps.open(sid("s1"));
    assert!(steps.has_opened(&samples::session()));
    assert_eq!(steps.authenticated(&Demand::NOTHING), Err(NextStep::Login));
    steps.prove(password("alice", 60));
    let again = steps.authenticated(&Demand::NOTHING).unwrap();
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
            let is = steps.authenticated(&Demand::NOTHING).ok();
            let is = is.map(|a| (a.subject().clone(), a.context().auth_time));
            prop_assert_eq!(is, expected.clone().map(|p| (p.subject, p.at)));
        }
    }
}

fn second(authenticator: Authenticator, who: &str, after: i64) -> Proved {
    Proved {
        authenticator,
        ..password(who, after)
    }
}

/// A second factor is required.
const MFA: Demand = Demand {
    required: Acr::Mfa,
    by_policy: Acr::Mfa,
    wanted: Acr::Mfa,
    enrolled: Enrolled {
        totp: true,
        ..Enrolled::NONE
    },
    new_password: false,
};

#[test]
fn a_first_factor_without_the_second_opens_no_session() {
    let mut steps = Steps::default();
    assert_eq!(steps.authenticated(&MFA), Err(NextStep::Login));
    steps.prove(password("alice", 0));
    assert_eq!(steps.pending(), Some(&subject("alice")));
    assert_eq!(steps.authenticated(&MFA), Err(NextStep::SecondFactor));
    steps.skip();
    assert_eq!(steps.authenticated(&MFA), Err(NextStep::SecondFactor));
    for authenticator in [Authenticator::Totp, Authenticator::BackupCode] {
        let mut steps = steps.clone();
        steps.prove(second(authenticator, "alice", 9));
        let proof = steps.authenticated(&MFA).unwrap();
        assert_eq!(proof.subject(), &subject("alice"));
        assert_eq!(proof.password_set_at(), Some(now()));
        let context = proof.context();
        assert_eq!(context.acr, "urn:cardea:acr:mfa");
        assert_eq!(context.amr, ["pwd", "otp", "mfa"]);
        assert_eq!(context.auth_time, now() + seconds(9));
        steps.open(sid("s1"));
        assert_eq!(steps.pending(), None);
        assert_eq!(steps.authenticated(&MFA), Err(NextStep::Login));
    }
}

#[test]
fn a_second_factor_alone_and_one_of_another_user_open_no_session() {
    let mut steps = Steps::default();
    steps.prove(second(Authenticator::Totp, "alice", 0));
    assert_eq!(steps.authenticated(&MFA), Err(NextStep::Login));
    assert_eq!(
        steps.authenticated(&Demand::NOTHING),
        Err(NextStep::Login),
        "no first factor"
    );
    steps.prove(password("bob", 1));
    assert_eq!(steps.authenticated(&MFA), Err(NextStep::SecondFactor));
    steps.prove(second(Authenticator::Totp, "alice", 2));
    assert_eq!(steps.authenticated(&MFA), Err(NextStep::Login));
}

#[test]
fn a_factor_that_is_only_wished_for_can_be_skipped_by_who_has_none() {
    let wished = |totp| Demand {
        required: Acr::Password,
        by_policy: Acr::Password,
        wanted: Acr::Mfa,
        enrolled: Enrolled {
            totp,
            ..Enrolled::NONE
        },
        new_password: false,
    };
    let mut steps = Steps::default();
    steps.prove(password("alice", 0));
    let missing = Err(NextStep::SecondFactor);
    assert_eq!(steps.authenticated(&wished(false)), missing);
    steps.skip();
    let skipped = steps.authenticated(&wished(false)).unwrap();
    assert_eq!(skipped.context().acr, "urn:cardea:acr:password");
    assert_eq!(skipped.context().amr, ["pwd"]);
    assert_eq!(steps.authenticated(&wished(true)), missing);
}

#[test]
fn a_step_up_keeps_the_session_and_says_what_was_proved() {
    let before = samples::session();
    let up = step_up(&before, Authenticator::Totp, now()).unwrap();
    assert_eq!(up.session(), &before);
    assert_eq!(up.context().acr, "urn:cardea:acr:mfa");
    assert_eq!(up.context().amr, ["pwd", "otp", "mfa"]);
    assert_eq!(up.context().auth_time, now());
    let mut again = before.clone();
    again.context = up.context().clone();
    let up = step_up(&again, Authenticator::BackupCode, now() + seconds(5)).unwrap();
    assert_eq!(up.context().amr, ["pwd", "otp", "mfa"]);
    let mut stronger = before.clone();
    stronger.context.acr = Acr::PhishingResistant.as_str().to_owned();
    let up = step_up(&stronger, Authenticator::Totp, now()).unwrap();
    assert_eq!(up.context().acr, Acr::PhishingResistant.as_str());
    assert_eq!(step_up(&before, Authenticator::Password, now()), None);
}

const SYNCED: Authenticator = Authenticator::Passkey { synced: true };
const HARDWARE: Authenticator = Authenticator::Passkey { synced: false };

fn passkey(authenticator: Authenticator, who: &str, after: i64) -> Proved {
    Proved {
        passkey: Some(PasskeyId::parse("key-1").unwrap()),
        ..second(authenticator, who, after)
    }
}

/// A passkey is required.
const STRONGEST: Demand = Demand {
    required: Acr::PhishingResistant,
    by_policy: Acr::PhishingResistant,
    wanted: Acr::PhishingResistant,
    enrolled: Enrolled {
        totp: true,
        passkey: true,
    },
    new_password: false,
};

#[test]
fn a_passkey_alone_is_both_factors() {
    for (authenticator, method) in [(SYNCED, "swk"), (HARDWARE, "hwk")] {
        let mut steps = Steps::default();
        steps.prove(passkey(authenticator, "alice", 3));
        assert_eq!(steps.pending(), Some(&subject("alice")));
        for demand in [Demand::NOTHING, MFA, STRONGEST] {
            let proof = steps.authenticated(&demand).unwrap();
            assert_eq!(proof.subject(), &subject("alice"));
            assert_eq!(proof.passkey().unwrap().as_str(), "key-1");
            assert_eq!(proof.password_set_at(), None, "no password was proved");
            let context = proof.context();
            assert_eq!(context.acr, "urn:cardea:acr:phishing-resistant");
            assert_eq!(context.amr, [method, "user", "mfa"]);
            assert_eq!(context.auth_time, now() + seconds(3));
        }
    }
}

#[test]
fn a_passkey_after_a_password_is_the_second_factor_of_the_same_user_only() {
    let mut steps = Steps::default();
    steps.prove(password("alice", 0));
    steps.prove(second(Authenticator::Totp, "alice", 1));
    let missing = Err(NextStep::SecondFactor);
    assert_eq!(steps.authenticated(&STRONGEST), missing);
    let mut mixed = steps.clone();
    steps.prove(passkey(SYNCED, "alice", 2));
    let proof = steps.authenticated(&STRONGEST).unwrap();
    assert_eq!(proof.password_set_at(), Some(now()));
    let amr = &proof.context().amr;
    assert_eq!(*amr, ["pwd", "otp", "swk", "user", "mfa"]);
    // Nothing of Alice is left when Mallory has proved a passkey.
    mixed.prove(passkey(HARDWARE, "mallory", 2));
    let proof = mixed.authenticated(&STRONGEST).unwrap();
    assert_eq!(proof.subject(), &subject("mallory"));
    assert_eq!(proof.context().amr, ["hwk", "user", "mfa"]);
}

#[test]
fn two_passkeys_in_one_login_count_as_the_last_one() {
    let mut steps = Steps::default();
    steps.prove(passkey(SYNCED, "alice", 0));
    steps.prove(passkey(HARDWARE, "alice", 1));
    let proof = steps.authenticated(&STRONGEST).unwrap();
    assert_eq!(proof.context().amr, ["hwk", "user", "mfa"]);
}

#[test]
fn a_passkey_steps_a_session_up_and_a_first_factor_does_not() {
    let before = samples::session();
    let up = step_up(&before, HARDWARE, now()).unwrap();
    assert_eq!(up.context().acr, "urn:cardea:acr:phishing-resistant");
    assert_eq!(up.context().amr, ["pwd", "hwk", "user", "mfa"]);
    for first in [Authenticator::Password, Authenticator::Upstream] {
        assert_eq!(step_up(&before, first, now()), None);
    }
}

#[test]
fn a_wished_passkey_can_be_skipped_only_when_what_is_required_was_proved() {
    let wished = Demand {
        required: Acr::Mfa,
        ..STRONGEST
    };
    let mut steps = Steps::default();
    steps.prove(password("alice", 0));
    steps.skip();
    let missing = Err(NextStep::SecondFactor);
    assert_eq!(steps.authenticated(&wished), missing);
    steps.prove(second(Authenticator::Totp, "alice", 1));
    let proof = steps.authenticated(&wished).unwrap();
    assert_eq!(proof.context().acr, "urn:cardea:acr:mfa");
    assert_eq!(steps.authenticated(&STRONGEST), missing);
}

#[test]
fn a_password_that_must_be_changed_opens_no_session_and_is_changed_after_the_second_factor() {
    let due = |demand| Demand {
        new_password: true,
        ..demand
    };
    let mut steps = Steps::default();
    assert_eq!(steps.authenticated(&due(MFA)), Err(NextStep::Login));
    steps.prove(password("alice", 0));
    assert_eq!(steps.proved_password(), Some(now()));
    let missing = Err(NextStep::NewPassword);
    assert_eq!(steps.authenticated(&due(Demand::NOTHING)), missing);
    let factor = Err(NextStep::SecondFactor);
    assert_eq!(steps.authenticated(&due(MFA)), factor);
    steps.prove(second(Authenticator::Totp, "alice", 1));
    assert_eq!(steps.authenticated(&due(MFA)), missing);
    // The new one opens the session; the one that was proved does not.
    steps.replace_password(now() + seconds(2));
    assert_eq!(steps.proved_password(), Some(now() + seconds(2)));
    let proof = steps.authenticated(&MFA).unwrap();
    assert_eq!(proof.password_set_at(), Some(now() + seconds(2)));
    assert_eq!(proof.context().amr, ["pwd", "otp", "mfa"]);
    steps.open(sid("s1"));
    assert_eq!(steps.proved_password(), None);
}

#[test]
fn whoever_signs_in_without_the_password_does_not_have_to_change_it() {
    let due = Demand {
        new_password: true,
        ..MFA
    };
    let mut steps = Steps::default();
    steps.prove(passkey(HARDWARE, "alice", 0));
    assert_eq!(steps.proved_password(), None);
    assert!(steps.authenticated(&due).is_ok());
    let mut elsewhere = Steps::default();
    elsewhere.prove(second(Authenticator::Upstream, "alice", 0));
    let due = Demand {
        new_password: true,
        ..Demand::NOTHING
    };
    assert!(elsewhere.authenticated(&due).is_ok());
    // Unless it was proved, too.
    steps.prove(password("alice", 1));
    assert_eq!(steps.authenticated(&due), Err(NextStep::NewPassword));
}
