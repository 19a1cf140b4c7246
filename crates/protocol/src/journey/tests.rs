// length: all steps of a journey are judged from one situation, which a test changes
use ErrorCode::{ConsentRequired, LoginRequired};
use NextStep::{ChooseAccount, Finish, Login};

use super::*;
use crate::{
    model::{ClientMetadata, Subject},
    request::Prompts,
    samples::{self, now, scope, seconds, sid, subject},
};

/// A situation to be changed by a test.
pub(super) struct Now {
    pub(super) request: AuthorizationRequest,
    pub(super) steps: Steps,
    pub(super) session: Option<Session>,
    pub(super) must_choose: bool,
    pub(super) link_offered_to: Option<Subject>,
    pub(super) hinted_elsewhere: bool,
    pub(super) consent: Option<Consent>,
    pub(super) at: Timestamp,
    pub(super) demand: Result<Demand, OAuthError>,
    pub(super) client: Client,
    pub(super) memberships: Vec<Membership>,
}

/// Alice is logged in since ten minutes and has allowed all that is asked for.
pub(super) fn alice() -> Now {
    Now {
        request: samples::request(),
        steps: Steps::default(),
        session: Some(samples::session()),
        must_choose: false,
        link_offered_to: None,
        hinted_elsewhere: false,
        at: now(),
        consent: Some(consent_of("alice", "openid email profile")),
        demand: Ok(Demand::NOTHING),
        client: samples::client(|_| {}),
        memberships: Vec::new(),
    }
}

pub(super) fn consent_of(who: &str, what: &str) -> Consent {
    Consent {
        subject: subject(who),
        client_id: samples::request().access.client_id,
        scope: scope(what),
        given_at: now(),
        updated_at: now(),
    }
}

/// A session of this public name and user.
pub(super) fn session(name: &str, who: &str) -> Session {
    Session {
        sid: sid(name),
        subject: subject(who),
        ..samples::session()
    }
}

pub(super) fn password_of(subject: Subject) -> Proved {
    Proved {
        authenticator: Authenticator::Password,
        subject,
        at: now(),
        credential_set_at: now(),
        upstream: None,
        passkey: None,
    }
}

impl Now {
    pub(super) fn situation(&self) -> Situation<'_> {
        Situation {
            at: self.at,
            steps: &self.steps,
            session: self.session.as_ref(),
            demand: self.demand.as_ref().copied(),
            must_choose: self.must_choose,
            link_offered_to: self.link_offered_to.as_ref(),
            authorization: Some(Authorization {
                request: &self.request,
                requested_at: now(),
                client: &self.client,
                hinted_elsewhere: self.hinted_elsewhere,
                consent: self.consent.as_ref(),
                memberships: &self.memberships,
                offered: false,
            }),
        }
    }

    pub(super) fn next(&self) -> Result<NextStep, ErrorCode> {
        next_step(&self.situation()).map_err(|e| e.code())
    }

    /// The same on the way to the account page.
    pub(super) fn next_to_account(&self) -> NextStep {
        let situation = Situation {
            authorization: None,
            ..self.situation()
        };
        next_step(&situation).unwrap()
    }

    pub(super) fn asking(mut self, prompt: &str) -> Self {
        self.request.prompt = Prompts::parse(prompt).unwrap();
        self
    }

    fn returning_to(mut self, redirect_uri: &str) -> Self {
        self.request.return_path.redirect_uri = redirect_uri.to_owned();
        self
    }

    pub(super) fn without_session(mut self) -> Self {
        (self.session, self.consent) = (None, None);
        self
    }

    fn hinting_at(mut self, who: &str) -> Self {
        self.request.access.subject = Some(subject(who));
        self
    }

    pub(super) fn within(mut self, max_age: u64) -> Self {
        self.request.access.max_age = Some(max_age);
        self
    }

    pub(super) fn logged_in(mut self, session: &str, who: &str) -> Self {
        self.steps.prove(password_of(subject(who)));
        self.steps.open(sid(session));
        self
    }

    pub(super) fn chose(mut self, name: &str) -> Self {
        self.steps.choose(&session(name, "alice"));
        self
    }

    pub(super) fn consented(mut self, name: &str, who: &str) -> Self {
        self.steps.consent(&session(name, who));
        self
    }

    pub(super) fn allowed(mut self, consent: Option<Consent>) -> Self {
        self.consent = consent;
        self
    }

    pub(super) fn of(mut self, change: impl FnOnce(&mut ClientMetadata)) -> Self {
        self.client = samples::client(change);
        self
    }
}

#[test]
fn each_prompt_with_and_without_a_session() {
    for (prompt, with, without) in [
        ("", Ok(Finish), Ok(Login)),
        ("none", Ok(Finish), Err(LoginRequired)),
        ("login", Ok(Login), Ok(Login)),
        ("consent", Ok(NextStep::Consent), Ok(Login)),
        ("select_account", Ok(ChooseAccount), Ok(Login)),
        ("login consent", Ok(Login), Ok(Login)),
        ("select_account consent", Ok(ChooseAccount), Ok(Login)),
    ] {
        assert_eq!(alice().asking(prompt).next(), with, "{prompt}");
        assert_eq!(
            alice().without_session().asking(prompt).next(),
            without,
            "{prompt}, no session"
        );
    }
}

#[test]
fn max_age_counts_to_the_second_from_when_the_request_came() {
    assert_eq!(alice().within(600).next(), Ok(Finish));
    assert_eq!(alice().within(599).next(), Ok(Login));
    assert_eq!(alice().within(0).next(), Ok(Login));
    assert_eq!(
        alice().within(599).asking("none").next(),
        Err(LoginRequired)
    );
    // Longer than time itself: any login is new enough.
    assert_eq!(alice().within(9_999_999_999).next(), Ok(Finish));
    assert_eq!(alice().within(u64::MAX).next(), Ok(Finish));
    let mut at_once = alice().within(0);
    at_once.session.as_mut().unwrap().context.auth_time = now() + seconds(1);
    assert_eq!(at_once.next(), Ok(Finish));
}

#[test]
fn a_demanded_login_is_satisfied_only_by_one_in_this_ticket_by_this_user_in_this_session() {
    for demanded in [alice().asking("login"), alice().within(0)] {
        let done = demanded.logged_in("s1", "alice");
        assert_eq!(done.next(), Ok(Finish));
        assert_eq!(done.logged_in("s1", "bob").next(), Ok(Login));
    }
    assert_eq!(
        alice().asking("login").logged_in("s2", "alice").next(),
        Ok(Login)
    );
    // Choosing an account is no login.
    assert_eq!(alice().asking("login").chose("s1").next(), Ok(Login));
    // A login that was done here does not outlive its session.
    let gone = alice()
        .asking("login")
        .logged_in("s1", "alice")
        .without_session();
    assert_eq!(gone.next(), Ok(Login));
}

#[test]
fn a_login_just_now_needs_no_chooser() {
    let asked = || alice().asking("select_account");
    assert_eq!(asked().logged_in("s1", "alice").next(), Ok(Finish));
    assert_eq!(asked().chose("s1").next(), Ok(Finish));
    assert_eq!(asked().chose("s2").next(), Ok(ChooseAccount));
    assert_eq!(asked().logged_in("s2", "bob").next(), Ok(ChooseAccount));
}

#[test]
fn what_was_allowed_before_is_not_asked_again_but_more_is() {
    assert_eq!(alice().next(), Ok(Finish));
    for consent in [
        None,
        Some(consent_of("alice", "openid")),
        // Never another user's.
        Some(consent_of("bob", "openid email")),
    ] {
        let asked = || alice().allowed(consent.clone());
        assert_eq!(asked().next(), Ok(NextStep::Consent));
        let on_record = consent
            .as_ref()
            .is_some_and(|c| c.subject == subject("alice"));
        let silent = if on_record {
            ConsentRequired
        } else {
            LoginRequired
        };
        assert_eq!(asked().asking("none").next(), Err(silent));
        assert_eq!(asked().consented("s1", "alice").next(), Ok(Finish));
    }
}

#[test]
fn a_consent_of_another_user_or_session_does_not_count() {
    let asked = || alice().asking("consent");
    assert_eq!(asked().consented("s1", "alice").next(), Ok(Finish));
    assert_eq!(asked().consented("s1", "bob").next(), Ok(NextStep::Consent));
    assert_eq!(
        asked().consented("s2", "alice").next(),
        Ok(NextStep::Consent)
    );
}

#[test]
fn a_login_does_not_stand_for_a_consent() {
    let both = alice().asking("login consent").logged_in("s1", "alice");
    assert_eq!(both.next(), Ok(NextStep::Consent));
    assert_eq!(both.consented("s1", "alice").next(), Ok(Finish));
}

#[test]
fn a_native_public_client_at_a_private_scheme_asks_for_consent_each_time() {
    let native = |m: &mut ClientMetadata| m.application_type = ApplicationType::Native;
    // RFC 8252 §8.6: a claimed https URI proves the app's identity.
    assert_eq!(alice().of(native).next(), Ok(Finish));
    let alice = || alice().returning_to("com.example.app:/callback");
    assert_eq!(alice().of(native).next(), Ok(NextStep::Consent));
    assert_eq!(
        alice().of(native).asking("none").next(),
        Err(ConsentRequired)
    );
    assert_eq!(
        alice().of(native).consented("s1", "alice").next(),
        Ok(Finish)
    );
    let secret = |m: &mut ClientMetadata| {
        native(m);
        m.token_endpoint_auth_method = crate::model::AuthMethod::ClientSecretPost;
        m.client_secret = Some(cardea_seal::Secret::new("s".repeat(32)));
    };
    assert_eq!(alice().of(secret).next(), Ok(Finish));
}

#[test]
fn n1_an_implicit_consent_asks_no_user_unless_the_redirect_uri_can_be_imitated() {
    let implicit = |m: &mut ClientMetadata| m.consent = crate::model::ConsentMode::Implicit;
    let new = || alice().allowed(None).of(implicit);
    assert_eq!(alice().allowed(None).next(), Ok(NextStep::Consent));
    assert_eq!(new().next(), Ok(Finish));
    assert_eq!(new().asking("none").next(), Ok(Finish));
    assert_eq!(new().asking("consent").next(), Ok(NextStep::Consent));
    assert_eq!(new().without_session().next(), Ok(NextStep::Login));
    for imitable in [
        "http://localhost:3000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:1/cb",
        "https://localhost/cb",
        "https://127.0.0.2/cb",
        "com.example.app:/cb",
        "https",
    ] {
        assert_eq!(
            new().returning_to(imitable).next(),
            Ok(NextStep::Consent),
            "{imitable}"
        );
    }
}

#[test]
fn a_hint_at_another_user_gives_the_chooser_and_then_an_error() {
    let bob_wanted = || alice().hinting_at("bob");
    assert_eq!(bob_wanted().next(), Ok(ChooseAccount));
    assert_eq!(bob_wanted().asking("none").next(), Err(LoginRequired));
    assert_eq!(bob_wanted().chose("s1").next(), Err(LoginRequired));
    assert_eq!(
        bob_wanted().logged_in("s1", "alice").next(),
        Err(LoginRequired)
    );
    assert_eq!(bob_wanted().without_session().next(), Ok(Login));
    assert_eq!(alice().hinting_at("alice").next(), Ok(Finish));
    assert_eq!(
        alice().hinting_at("alice").asking("none").next(),
        Ok(Finish)
    );
}

#[test]
fn a_login_hint_at_another_user_gives_the_chooser_and_then_continues() {
    let hinted = || {
        let mut now = alice();
        now.hinted_elsewhere = true;
        now
    };
    assert_eq!(hinted().next(), Ok(ChooseAccount));
    assert_eq!(hinted().asking("none").next(), Err(LoginRequired));
    assert_eq!(hinted().chose("s1").next(), Ok(Finish));
    assert_eq!(hinted().logged_in("s1", "alice").next(), Ok(Finish));
}

#[test]
fn the_account_page_takes_a_session_and_no_consent() {
    assert_eq!(alice().next_to_account(), Finish);
    assert_eq!(alice().without_session().next_to_account(), Login);
    // What an authorization request would ask for doesn't matter here.
    let asked = alice().allowed(None).asking("login").within(0);
    assert_eq!(asked.next_to_account(), Finish);
}

#[test]
fn a_required_login_is_done_in_the_ticket_whatever_session_there_is() {
    let mut asked = alice();
    asked.steps = Steps::must_log_in();
    assert_eq!(asked.next_to_account(), Login);
    assert_eq!(asked.next(), Ok(Login));
    // Neither a choice nor a consent stands for it.
    let asked = asked.chose("s1").consented("s1", "alice");
    assert_eq!(asked.next_to_account(), Login);
    let done = asked.logged_in("s1", "alice");
    assert_eq!(done.next_to_account(), Finish);
    assert_eq!(done.next(), Ok(Finish));
}

#[test]
fn b2_a_stale_form_asks_who_continues_whatever_the_goal() {
    let mut stale = alice();
    stale.must_choose = true;
    assert_eq!(stale.next_to_account(), ChooseAccount);
    assert_eq!(stale.next(), Ok(ChooseAccount));
    let other = stale.chose("s2");
    assert_eq!(other.next_to_account(), ChooseAccount);
    let chosen = other.chose("s1");
    assert_eq!(chosen.next_to_account(), Finish);
    assert_eq!(chosen.next(), Ok(Finish));
}

#[test]
fn an_identity_is_linked_only_by_its_user_who_has_just_signed_in() {
    let mut now = alice();
    now.link_offered_to = Some(subject("alice"));
    // A session that was there before.
    assert_eq!(now.next(), Ok(Finish));
    now.steps = Steps::must_log_in();
    assert_eq!(now.next(), Ok(Login));
    now.steps.prove(password_of(subject("alice")));
    let session = now.session.take().unwrap();
    now.demand = Ok(Demand {
        required: Acr::Mfa,
        ..Demand::NOTHING
    });
    assert_eq!(
        now.next(),
        Ok(NextStep::SecondFactor),
        "not before the second factor"
    );
    now.demand = Ok(Demand {
        new_password: true,
        ..Demand::NOTHING
    });
    assert_eq!(now.next(), Ok(NextStep::NewPassword));
    now.demand = Ok(Demand::NOTHING);
    now.steps.open(session.sid.clone());
    now.session = Some(session);
    assert_eq!(now.next(), Ok(NextStep::LinkAccount));
    assert_eq!(now.next_to_account(), NextStep::LinkAccount);
    // Another user of the same browser.
    now.link_offered_to = Some(subject("bob"));
    assert_eq!(now.next(), Ok(Finish));
    now.link_offered_to = None;
    assert_eq!(now.next(), Ok(Finish));
}
