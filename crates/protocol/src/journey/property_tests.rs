use NextStep::Finish;
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{
    tests::{Now, alice, consent_of, password_of, session},
    *,
};
use crate::{
    model::ConsentMode,
    samples::{sid, subject},
};

/// A step of a ticket: its kind, session and user.
type Step = (u8, &'static str, &'static str);

fn user() -> impl Strategy<Value = &'static str> {
    select(&["alice", "bob"])
}

fn name() -> impl Strategy<Value = &'static str> {
    select(&["s1", "s2"])
}

fn any_step() -> impl Strategy<Value = Step> {
    (0..4_u8, name(), user())
}

fn do_step((kind, name, who): Step, steps: &mut Steps) {
    match kind {
        0 => {
            steps.prove(password_of(subject(who)));
            steps.open(sid(name));
        }
        1 => steps.choose(&session(name, who)),
        2 => steps.consent(&session(name, who)),
        _ => *steps = Steps::must_log_in(),
    }
}

/// A request, a session and steps, all of few values, so that each combination comes up.
#[derive(Debug)]
struct Case {
    prompt: &'static str,
    max_age: Option<u64>,
    hint: Option<&'static str>,
    session: Option<(&'static str, &'static str)>,
    /// Must choose, hinted elsewhere, has a consent, implicit consent.
    flags: [bool; 4],
    steps: Vec<Step>,
}

fn any_case() -> impl Strategy<Value = Case> {
    const PROMPTS: &[&str] = &[
        "",
        "none",
        "login",
        "consent",
        "select_account",
        "login consent",
    ];
    let asked = (select(PROMPTS), option::of(0..1200_u64), option::of(user()));
    let state = (option::of((name(), user())), any::<[bool; 4]>());
    (asked, state, vec(any_step(), 0..5)).prop_map(
        |((prompt, max_age, hint), (session, flags), steps)| Case {
            prompt,
            max_age,
            hint,
            session,
            flags,
            steps,
        },
    )
}

impl Case {
    fn now(self) -> Now {
        let [must_choose, hinted_elsewhere, consent, implicit] = self.flags;
        let mut now = alice().asking(self.prompt);
        now.request.access.max_age = self.max_age;
        now.request.access.subject = self.hint.map(subject);
        now.session = self.session.map(|(name, who)| session(name, who));
        (now.must_choose, now.hinted_elsewhere) = (must_choose, hinted_elsewhere);
        let allowed = self.session.filter(|_| consent);
        now.consent = allowed.map(|(_, who)| consent_of(who, "openid email profile"));
        for step in self.steps {
            do_step(step, &mut now.steps);
        }
        if implicit {
            now = now.of(|m| m.consent = ConsentMode::Implicit);
        }
        now
    }
}

proptest! {
    #[test]
    fn a_code_takes_what_its_request_demands(case in any_case()) {
        let now = case.now();
        let Ok(Finish) = now.next() else { return Ok(()) };
        let session = now.session.as_ref();
        prop_assert!(session.is_some(), "a session");
        let session = session.unwrap();
        let hint = now.request.access.subject.as_ref();
        prop_assert!(hint.is_none_or(|s| *s == session.subject), "the user of the hint");
        let opened_here = now.steps.has_opened(session);
        prop_assert!(opened_here || !now.request.prompt.has(Prompt::Login));
        prop_assert!(opened_here || now.request.access.max_age.is_none_or(|age| age >= 600));
        let asked_here = now.steps.has_chosen(session);
        prop_assert!(asked_here || !(now.must_choose || now.hinted_elsewhere));
        prop_assert!(now.steps.has_consent(session) || !now.request.prompt.has(Prompt::Consent));
    }

    #[test]
    fn prompt_none_never_shows_a_page(case in any_case()) {
        let now = case.now();
        let silent = now.asking("none").next();
        prop_assert!(silent.is_err() || silent == Ok(Finish));
    }

    #[test]
    fn the_account_page_takes_a_session_and_the_choice_of_its_user(case in any_case()) {
        let now = case.now();
        let step = now.next_to_account();
        prop_assert_ne!(step, NextStep::Consent);
        if step == Finish {
            let session = now.session.as_ref();
            prop_assert!(session.is_some_and(|s| !now.must_choose || now.steps.has_chosen(s)));
        }
    }
}
