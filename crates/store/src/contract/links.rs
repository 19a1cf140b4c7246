//! Links for one use, the address with which a user logs in, and the ends of accounts.

use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate},
    model::*,
};
use cardea_seal::{Digest, Secret};
use jiff::SignedDuration;

use super::{
    accounts::end_due,
    sample::*,
    users::{add, stored_hash},
};
use crate::*;

const NEW: &str = "$argon2id$new";

pub(super) fn token(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

pub(super) fn new_link(name: &str, purpose: LinkPurpose, payload: Option<&str>) -> NewLink {
    NewLink {
        token: token(name),
        purpose,
        payload: payload.map(str::to_owned),
        expires_at: at(HOUR),
    }
}

/// A link that changes an address.
pub(super) fn changing(name: &str, from: Option<&str>, to: &str) -> NewLink {
    let change = EmailChange {
        from: from.map(str::to_owned),
        to: EmailAddress::parse(to).unwrap(),
    };
    new_link(name, LinkPurpose::VerifyEmail, Some(&change.to_payload()))
}

pub(super) async fn make(store: &AnyStore, of: &str, link: NewLink) -> bool {
    let command = MakeLink {
        subject: user(of).subject,
        link,
        mail: None,
        cause: Cause {
            actor: Actor::System,
            ..cause(1)
        },
    };
    store.make_link(command).await.unwrap()
}

pub(super) fn taking(name: &str, effect: LinkEffect, seconds: i64) -> TakeLink {
    TakeLink {
        token: token(name),
        effect,
        next: None,
        mails: Vec::new(),
        cause: cause(seconds),
    }
}

pub(super) async fn take(store: &AnyStore, name: &str, effect: LinkEffect) -> Option<Subject> {
    let taken = store.take_link(taking(name, effect, 2)).await.unwrap();
    taken.map(|taken| taken.subject)
}

fn password_of_link() -> LinkEffect {
    LinkEffect::SetPassword(Secret::new(NEW.to_owned()))
}

pub(super) async fn lives(store: &AnyStore, name: &str) -> bool {
    store.link(token(name), at(2)).await.unwrap().is_some()
}

async fn alice_and_bob(store: &AnyStore) {
    for name in ["alice", "bob"] {
        add(store, name).await.unwrap();
        assert!(
            make(
                store,
                name,
                new_link(name, LinkPurpose::PasswordReset, None)
            )
            .await
        );
    }
}

pub(super) async fn is_logged_in(store: &AnyStore, name: &str) -> bool {
    let id = session(name, &user(name), 0).id;
    store.session(id, at(3)).await.unwrap().is_some()
}

pub(super) async fn log_in(store: &AnyStore, name: &str, seconds: i64) {
    let command = OpenSession {
        session: session(name, &user(name), seconds),
        previous: None,
        passkey: None,
        password_set_at: None,
        upstream: None,
        notice: None,
        cause: cause(seconds),
    };
    assert!(store.open_session(command).await.unwrap().is_some());
}

pub async fn a_link_sets_a_password_once(store: AnyStore) {
    alice_and_bob(&store).await;
    let invite = new_link("invite", LinkPurpose::Invite, None);
    assert!(make(&store, "alice", invite).await);
    for name in ["alice", "bob"] {
        log_in(&store, name, 0).await;
    }
    let found = store.link(token("alice"), at(2)).await.unwrap().unwrap();
    assert_eq!(found.user.subject, user("alice").subject);
    assert_eq!(found.purpose, LinkPurpose::PasswordReset);
    assert_eq!((found.payload, found.expires_at), (None, at(HOUR)));
    assert!(lives(&store, "alice").await, "a look does not use it");
    let used = take(&store, "alice", password_of_link()).await;
    assert_eq!(used, Some(user("alice").subject));
    assert_eq!(stored_hash(&store, "alice").await.as_deref(), Some(NEW));
    assert!(!is_logged_in(&store, "alice").await);
    assert_eq!(take(&store, "alice", password_of_link()).await, None);
    assert!(!lives(&store, "invite").await, "an older way to a password");
    // Nothing of Bob's.
    let old = password().unwrap();
    assert_eq!(
        stored_hash(&store, "bob").await.as_ref(),
        Some(old.expose())
    );
    assert!(is_logged_in(&store, "bob").await && lives(&store, "bob").await);
}

pub async fn of_20_parallel_uses_of_a_link_one_succeeds(store: AnyStore) {
    alice_and_bob(&store).await;
    let used = race(|_| {
        let store = store.clone();
        async move { take(&store, "alice", password_of_link()).await }
    })
    .await;
    assert_eq!(used.iter().flatten().count(), 1);
}

pub async fn a_link_does_what_it_is_for_only(store: AnyStore) {
    alice_and_bob(&store).await;
    for effect in [
        LinkEffect::VerifyEmail,
        LinkEffect::UndoEmail,
        LinkEffect::NotMe,
    ] {
        assert_eq!(take(&store, "alice", effect).await, None);
    }
    let address = changing("address", Some("alice@example.test"), "new@example.test");
    assert!(make(&store, "alice", address).await);
    assert_eq!(take(&store, "address", password_of_link()).await, None);
    assert!(lives(&store, "alice").await && lives(&store, "address").await);
    assert!(!lives(&store, "unknown").await);
    assert_eq!(take(&store, "unknown", password_of_link()).await, None);
}

pub async fn a_link_expires_and_dies_with_its_user(store: AnyStore) {
    alice_and_bob(&store).await;
    let late = store.link(token("alice"), at(HOUR)).await.unwrap();
    assert!(late.is_none());
    let late = taking("alice", password_of_link(), HOUR);
    assert_eq!(store.take_link(late).await.unwrap(), None);
    let disable = UserChange {
        subject: user("bob").subject,
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: cause(2),
    };
    assert!(store.change_user(disable).await.unwrap());
    assert!(!lives(&store, "bob").await);
    assert_eq!(take(&store, "bob", password_of_link()).await, None);
    assert!(
        !make(
            &store,
            "bob",
            new_link("other", LinkPurpose::PasswordReset, None)
        )
        .await
    );
    assert!(
        !make(
            &store,
            "eve",
            new_link("eve", LinkPurpose::PasswordReset, None)
        )
        .await
    );
}

pub async fn a_user_has_three_living_links_of_a_purpose(store: AnyStore) {
    alice_and_bob(&store).await;
    assert!(
        make(
            &store,
            "alice",
            new_link("invite", LinkPurpose::Invite, None)
        )
        .await
    );
    for name in ["second", "third", "fourth"] {
        let link = new_link(name, LinkPurpose::PasswordReset, None);
        assert!(make(&store, "alice", link).await);
    }
    assert!(!lives(&store, "alice").await, "the oldest is replaced");
    for name in ["second", "third", "fourth", "invite", "bob"] {
        assert!(lives(&store, name).await, "{name}");
    }
}

pub async fn a_link_and_its_mail_are_written_together(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    let to = EmailAddress::parse("alice@example.test").unwrap();
    let mail = Mail::new(to, MailTemplate::PasswordReset, Lang::En);
    let command = |of: &str, name: &str| MakeLink {
        subject: user(of).subject,
        link: new_link(name, LinkPurpose::PasswordReset, None),
        mail: Some(mail.clone()),
        cause: cause(1),
    };
    assert!(store.make_link(command("alice", "a")).await.unwrap());
    assert!(!store.make_link(command("eve", "b")).await.unwrap());
    // The token is taken.
    assert!(store.make_link(command("alice", "a")).await.is_err());
    let claim = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 10,
        lease: SignedDuration::from_secs(60),
        now: at(2),
    };
    assert_eq!(store.claim_messages(claim).await.unwrap().len(), 1);
}

pub(super) async fn found_by(store: &AnyStore, typed: &str) -> Option<Subject> {
    let name = Username::parse(typed).unwrap();
    Some(store.login_user(&name).await.unwrap()?.user.subject)
}

pub(super) async fn set_email(store: &AnyStore, name: &str, email: Option<(&str, bool)>) {
    let command = UserChange {
        subject: user(name).subject,
        update: UserUpdate {
            email: Some(email.map(|(email, verified)| (email.to_owned(), verified))),
            ..UserUpdate::default()
        },
        cause: cause(1),
    };
    assert!(store.change_user(command).await.unwrap());
}

pub async fn a_user_logs_in_with_a_verified_address(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    let [alice, bob] = ["alice", "bob"].map(|name| Some(user(name).subject));
    assert_eq!(found_by(&store, "Alice@Example.TEST").await, alice);
    assert_eq!(found_by(&store, "bob@example.test").await, bob);
    assert_eq!(found_by(&store, "eve@example.test").await, None);
    set_email(&store, "alice", Some(("new@example.test", false))).await;
    assert_eq!(found_by(&store, "new@example.test").await, None);
    assert_eq!(found_by(&store, "alice@example.test").await, None);
    set_email(&store, "alice", Some(("new@example.test", true))).await;
    assert_eq!(found_by(&store, "new@example.test").await, alice);
    set_email(&store, "alice", Some(("New@example.test", true))).await;
    assert_eq!(found_by(&store, "new@example.test").await, alice);
    // Who had it first keeps it.
    set_email(&store, "bob", Some(("new@example.test", true))).await;
    assert_eq!(found_by(&store, "new@example.test").await, alice);
    // A user name comes before an address.
    let named = AddUser {
        user: User {
            email: None,
            email_verified: false,
            ..user("new@example.test")
        },
        password_hash: password(),
        cause: cause(1),
    };
    store.add_user(named).await.unwrap();
    let eve = Some(user("new@example.test").subject);
    assert_eq!(found_by(&store, "new@example.test").await, eve);
}

pub async fn an_address_is_verified_and_its_change_undone(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
        log_in(&store, name, 0).await;
    }
    let taken = changing("taken", Some("alice@example.test"), "bob@example.test");
    assert!(make(&store, "alice", taken).await);
    let refused = store.take_link(taking("taken", LinkEffect::VerifyEmail, 2));
    assert_eq!(refused.await, Err(conflict(Constraint::Email)));
    let own = changing("own", Some("alice@example.test"), "alice@example.test");
    assert!(make(&store, "alice", own).await, "nobody else's");
    let alice = Some(user("alice").subject);
    assert_eq!(take(&store, "own", LinkEffect::VerifyEmail).await, alice);
    let new = changing("new", Some("alice@example.test"), "new@example.test");
    assert!(make(&store, "alice", new).await);
    let undo = new_link("undo", LinkPurpose::EmailUndo, Some("alice@example.test"));
    let command = TakeLink {
        next: Some(undo),
        ..taking("new", LinkEffect::VerifyEmail, 2)
    };
    assert!(store.take_link(command).await.unwrap().is_some());
    assert_eq!(found_by(&store, "new@example.test").await, alice);
    assert!(is_logged_in(&store, "alice").await);
    let command = TakeLink {
        next: Some(new_link("reset", LinkPurpose::PasswordReset, None)),
        ..taking("undo", LinkEffect::UndoEmail, 2)
    };
    assert!(store.take_link(command).await.unwrap().is_some());
    assert_eq!(found_by(&store, "new@example.test").await, None);
    assert_eq!(found_by(&store, "alice@example.test").await, alice);
    assert!(!is_logged_in(&store, "alice").await && is_logged_in(&store, "bob").await);
    assert_eq!(stored_hash(&store, "alice").await, None);
    assert!(stored_hash(&store, "bob").await.is_some());
    assert!(lives(&store, "reset").await, "the way to a new password");
}

pub async fn a_login_that_was_not_the_users_locks_out(store: AnyStore) {
    alice_and_bob(&store).await;
    for name in ["alice", "bob"] {
        log_in(&store, name, 0).await;
    }
    assert!(make(&store, "alice", super::not_me::of_alice("not-me", 1)).await);
    let used = take(&store, "not-me", LinkEffect::NotMe).await;
    assert_eq!(used, Some(user("alice").subject));
    assert!(!is_logged_in(&store, "alice").await && is_logged_in(&store, "bob").await);
    assert_eq!(stored_hash(&store, "alice").await, None);
    assert!(
        !lives(&store, "alice").await,
        "the attacker may have read it"
    );
    assert!(stored_hash(&store, "bob").await.is_some() && lives(&store, "bob").await);
}

pub(super) async fn limit(store: &AnyStore, name: &str, update: UserUpdate) {
    let command = UserChange {
        subject: user(name).subject,
        update,
        cause: cause(1),
    };
    assert!(store.change_user(command).await.unwrap());
}

pub(super) async fn found(store: &AnyStore, name: &str) -> Option<User> {
    store.user(&user(name).subject).await.unwrap()
}

pub async fn an_account_ends_when_it_is_due(store: AnyStore) {
    for name in ["alice", "bob", "carol", "dave"] {
        add(&store, name).await.unwrap();
    }
    let deletion = || UserUpdate {
        delete_at: Some(Some(at(DAY))),
        ..UserUpdate::default()
    };
    limit(&store, "alice", deletion()).await;
    limit(&store, "carol", deletion()).await;
    let expiry = UserUpdate {
        expires_at: Some(Some(at(DAY))),
        must_change_password: Some(true),
        locale: Some(Some(Lang::De)),
        ..UserUpdate::default()
    };
    limit(&store, "bob", expiry).await;
    let state = AccountState {
        must_change_password: true,
        expires_at: Some(at(DAY)),
        delete_at: None,
        locale: Some(Lang::De),
    };
    assert_eq!(found(&store, "bob").await.unwrap().account, state);
    let end = async |seconds| end_due(&store, seconds).await;
    assert_eq!(end(DAY - 1).await, 0);
    // A login keeps the account.
    log_in(&store, "carol", DAY - 1).await;
    assert_eq!(end(DAY).await, 2);
    assert_eq!(end(DAY).await, 0);
    assert!(found(&store, "alice").await.is_none());
    let bob = found(&store, "bob").await.unwrap();
    assert_eq!(bob.status, UserStatus::Disabled);
    for name in ["carol", "dave"] {
        let user = found(&store, name).await.unwrap();
        assert_eq!(user.status, UserStatus::Enabled);
        assert_eq!(user.account, AccountState::default());
    }
}
