//! "It wasn't me": what goes, what stays, and how many links there are.

use cardea_protocol::{
    disowned::Disowned,
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate},
    model::*,
};
use cardea_seal::{Digest, Secret};

use super::{
    accounts::mails,
    email_changes::address,
    factors::enrolment,
    links::{
        changing, is_logged_in, limit, lives, log_in, make, new_link, set_email, take, taking,
    },
    passkeys::{self, names},
    sample::*,
    upstreams,
    users::{add, stored_hash},
};
use crate::*;

/// A link about what happened then.
pub(super) fn not_me(name: &str, email: &str, seconds: i64) -> NewLink {
    let event = Disowned {
        at: at(seconds),
        email: EmailAddress::parse(email).unwrap(),
        had_factor: false,
    };
    new_link(name, LinkPurpose::NotMe, Some(&event.to_payload()))
}

pub(super) fn of_alice(name: &str, seconds: i64) -> NewLink {
    not_me(name, "alice@example.test", seconds)
}

async fn passkey(store: &AnyStore, name: &str, seconds: i64) {
    let command = AddPasskey {
        backup_codes: Vec::new(),
        ..passkeys::new(&user("alice"), name, seconds)
    };
    let added = store.add_passkey(command).await.unwrap();
    assert!(matches!(added, PasskeyAdded::Now { .. }));
}

async fn app(store: &AnyStore, codes: &[&str], seconds: i64) {
    let command = enrolment(&user("alice"), codes, seconds);
    assert!(store.enrol_totp(command).await.unwrap());
}

async fn factors(store: &AnyStore) -> FactorView {
    store.factors(&user("alice").subject).await.unwrap()
}

async fn linked(store: &AnyStore) -> usize {
    let links = store.links_of(&user("alice").subject).await.unwrap();
    links.len()
}

async fn link_account(store: &AnyStore, sub: &str, seconds: i64) {
    let command = AddLink {
        subject: user("alice").subject,
        link: upstreams::link(sub),
        notice: None,
        cause: cause(seconds),
    };
    assert_eq!(store.add_link(command).await.unwrap(), Linked::Now);
}

pub async fn what_an_attacker_added_goes_and_what_was_there_stays(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
        log_in(&store, name, 0).await;
    }
    passkey(&store, "old", 1).await;
    link_account(&store, "old", 1).await;
    assert!(make(&store, "alice", of_alice("link", 2)).await);
    passkey(&store, "new", 2).await;
    app(&store, &["code"], 3).await;
    link_account(&store, "new", 3).await;
    upstreams::linked(&store, "carol", "of another").await;
    let deletion = UserUpdate {
        delete_at: Some(Some(at(DAY))),
        ..UserUpdate::default()
    };
    limit(&store, "alice", deletion).await;
    let command = TakeLink {
        next: Some(new_link("reset", LinkPurpose::PasswordReset, None)),
        ..taking("link", LinkEffect::NotMe, 4)
    };
    assert!(store.take_link(command).await.unwrap().is_some());
    assert_eq!(names(&store, &user("alice")).await, ["old"]);
    let left = factors(&store).await;
    assert!(left.totp.is_none() && left.backup_codes == 0);
    assert_eq!(linked(&store).await, 1);
    assert!(!is_logged_in(&store, "alice").await && is_logged_in(&store, "bob").await);
    assert_eq!(stored_hash(&store, "alice").await, None);
    let alice = store.user(&user("alice").subject).await.unwrap().unwrap();
    assert!(alice.account.must_change_password && alice.account.delete_at.is_none());
    assert!(lives(&store, "reset").await, "the way to a new password");
    for (event, times) in [
        (AuditEvent::LoginDisowned, 1),
        (AuditEvent::FactorRemoved, 2),
        (AuditEvent::AccountUnlinked, 1),
    ] {
        let filter = AuditFilter {
            event: Some(event),
            ..AuditFilter::default()
        };
        let rows = store.audit(filter, page()).await.unwrap();
        assert_eq!(rows.items.len(), times, "{event:?}");
    }
}

pub async fn the_first_factor_of_an_attacker_does_not_keep_the_owner_out(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    assert!(make(&store, "alice", of_alice("link", 1)).await);
    app(&store, &["code"], 2).await;
    assert!(take(&store, "link", LinkEffect::NotMe).await.is_some());
    let left = factors(&store).await;
    assert!(left.totp.is_none() && left.backup_codes == 0);
}

pub async fn mail_alone_does_not_take_the_last_factor_of_a_user_who_had_one(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    app(&store, &["code"], 1).await;
    assert!(make(&store, "alice", of_alice("link", 2)).await);
    // The owner changes from the app to a passkey, and proves the app for that.
    passkey(&store, "new", 3).await;
    let remove = RemoveFactors {
        subject: user("alice").subject,
        which: WhichFactors::Totp,
        notice: None,
        cause: cause(3),
    };
    assert!(store.remove_factors(remove).await.unwrap());
    let command = taking("link", LinkEffect::NotMe, 4);
    assert!(store.take_link(command).await.unwrap().is_some());
    assert_eq!(names(&store, &user("alice")).await, ["new"]);
}

pub async fn factors_of_others_neither_go_nor_count(store: AnyStore) {
    for name in ["bob", "alice"] {
        add(&store, name).await.unwrap();
    }
    let of_bob = enrolment(&user("bob"), &["of bob"], 1);
    assert!(store.enrol_totp(of_bob).await.unwrap());
    // Alice had none, though Bob had.
    assert!(make(&store, "alice", of_alice("first", 2)).await);
    app(&store, &["code"], 3).await;
    assert!(take(&store, "first", LinkEffect::NotMe).await.is_some());
    assert!(factors(&store).await.totp.is_none());
    // Of Alice's only the newer one is left, though Bob has an older one.
    app(&store, &["code"], 5).await;
    assert!(make(&store, "alice", of_alice("second", 6)).await);
    passkey(&store, "new", 7).await;
    let remove = RemoveFactors {
        subject: user("alice").subject,
        which: WhichFactors::Totp,
        notice: None,
        cause: cause(7),
    };
    assert!(store.remove_factors(remove).await.unwrap());
    assert!(take(&store, "second", LinkEffect::NotMe).await.is_some());
    assert_eq!(names(&store, &user("alice")).await, ["new"]);
    let of_bob = store.factors(&user("bob").subject).await.unwrap();
    assert!(of_bob.totp.is_some());
}

pub async fn a_factor_that_is_disowned_itself_does_not_count(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    app(&store, &["code"], 2).await;
    assert!(make(&store, "alice", of_alice("link", 2)).await);
    assert!(take(&store, "link", LinkEffect::NotMe).await.is_some());
    assert!(factors(&store).await.totp.is_none());
}

pub async fn the_address_of_the_link_is_the_users_again(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    assert!(make(&store, "bob", not_me("of bob", "bob@example.test", 1)).await);
    assert!(make(&store, "alice", of_alice("before", 1)).await);
    assert!(make(&store, "alice", of_alice("link", 1)).await);
    let change = changing("evil", Some("alice@example.test"), "evil@example.test");
    assert!(make(&store, "alice", change).await);
    let command = TakeLink {
        next: Some(new_link(
            "undo",
            LinkPurpose::EmailUndo,
            Some("alice@example.test"),
        )),
        ..taking("evil", LinkEffect::VerifyEmail, 2)
    };
    assert!(store.take_link(command).await.unwrap().is_some());
    let of_the_attacker = not_me("of evil", "evil@example.test", 2);
    assert!(make(&store, "alice", of_the_attacker).await);
    assert!(make(&store, "bob", not_me("of bob later", "bob@example.test", 1)).await);
    assert!(take(&store, "link", LinkEffect::NotMe).await.is_some());
    let restored = (Some("alice@example.test".to_owned()), true);
    assert_eq!(address(&store, "alice").await, restored);
    assert!(!lives(&store, "of evil").await && !lives(&store, "undo").await);
    for other in ["before", "of bob", "of bob later"] {
        assert!(lives(&store, other).await, "{other}");
    }
}

pub async fn an_administrators_change_of_an_address_is_the_last_word(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
        let address = format!("{name}@example.test");
        let undo = new_link(
            &format!("undo {name}"),
            LinkPurpose::EmailUndo,
            Some(&address),
        );
        assert!(make(&store, name, undo).await);
        assert!(make(&store, name, not_me(name, &address, 1)).await);
    }
    limit(&store, "alice", UserUpdate::default()).await;
    assert!(lives(&store, "alice").await);
    set_email(&store, "alice", Some(("safe@example.test", true))).await;
    assert!(!lives(&store, "alice").await && !lives(&store, "undo alice").await);
    assert!(lives(&store, "bob").await && lives(&store, "undo bob").await);
}

pub async fn of_20_parallel_uses_of_a_link_not_me_one_counts(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    assert!(make(&store, "alice", of_alice("link", 1)).await);
    let used = race(|number| {
        let store = store.clone();
        async move {
            let reset = new_link(&format!("reset {number}"), LinkPurpose::PasswordReset, None);
            let command = TakeLink {
                next: Some(reset),
                ..taking("link", LinkEffect::NotMe, 2)
            };
            store.take_link(command).await.unwrap()
        }
    })
    .await;
    assert_eq!(used.iter().flatten().count(), 1);
    let mut resets = 0;
    for number in 0..20 {
        resets += usize::from(lives(&store, &format!("reset {number}")).await);
    }
    assert_eq!(resets, 1);
}

pub async fn many_links_do_not_remove_the_first(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    let expired = NewLink {
        expires_at: at(1),
        ..of_alice("expired", 0)
    };
    assert!(make(&store, "alice", expired).await);
    assert!(make(&store, "bob", not_me("of bob", "bob@example.test", 1)).await);
    let reset = new_link("reset", LinkPurpose::PasswordReset, None);
    assert!(make(&store, "alice", reset).await);
    for number in 0..30 {
        let link = of_alice(&format!("link {number}"), 1);
        assert!(make(&store, "alice", link).await);
    }
    let mut living = Vec::new();
    for number in 0..30 {
        if lives(&store, &format!("link {number}")).await {
            living.push(number);
        }
    }
    assert_eq!(living, [0, 1, 2, 3, 4, 5, 6, 7, 8, 29]);
    assert_eq!(living.len(), MAX_NOT_ME_LINKS as usize);
    assert!(lives(&store, "of bob").await && lives(&store, "reset").await);
}

pub async fn any_new_password_ends_links_to_another_address_and_tells_its_user(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    add(store, "bob").await.unwrap();
    let pending = async |round: &str| {
        for (name, purpose) in [
            ("alice", LinkPurpose::PasswordReset),
            ("bob", LinkPurpose::Invite),
        ] {
            let address = format!("{name}@example.test");
            let change = changing(
                &format!("{name} to {round}"),
                Some(&address),
                "new@example.test",
            );
            assert!(make(store, name, change).await);
            let link = new_link(&format!("{name} by {round}"), purpose, None);
            assert!(make(store, name, link).await);
        }
    };
    let notice = |name: &str| {
        let to = EmailAddress::parse("alice@example.test").unwrap();
        Some(Notice {
            mail: Mail::new(to, MailTemplate::PasswordChanged, Lang::De),
            not_me: Some(of_alice(name, 2)),
        })
    };
    let hash = || Secret::new("$argon2id$new".to_owned());
    pending("own").await;
    let before = store.login_user(&alice.username).await.unwrap().unwrap();
    let own = ChangeOwnPassword {
        subject: alice.subject.clone(),
        session: world.session.id,
        proved_set_at: before.password.map(|password| password.set_at),
        hash: hash(),
        notice: notice("after own"),
        cause: cause(2),
    };
    assert!(store.change_own_password(own).await.unwrap());
    pending("admin").await;
    let admin = UserUpdate {
        password_hash: Some(hash()),
        notice: notice("after admin"),
        ..UserUpdate::default()
    };
    limit(store, "alice", admin).await;
    pending("link").await;
    let effect = LinkEffect::SetPassword(hash());
    let command = TakeLink {
        next: notice("after link").and_then(|notice| notice.not_me),
        mails: notice("").map(|notice| notice.mail).into_iter().collect(),
        ..taking("alice by link", effect, 2)
    };
    assert!(store.take_link(command).await.unwrap().is_some());
    for round in ["own", "admin", "link"] {
        assert!(!lives(store, &format!("alice to {round}")).await, "{round}");
        assert!(!lives(store, &format!("alice by {round}")).await, "{round}");
        assert!(lives(store, &format!("bob to {round}")).await, "{round}");
        assert!(lives(store, &format!("bob by {round}")).await, "{round}");
        assert!(lives(store, &format!("after {round}")).await, "{round}");
    }
    assert_eq!(mails(store, 3).await.len(), 3);
}

pub async fn a_link_not_me_expires(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    assert!(make(&store, "alice", of_alice("link", 1)).await);
    let late = taking("link", LinkEffect::NotMe, HOUR);
    assert_eq!(store.take_link(late).await.unwrap(), None);
    let unknown = TakeLink {
        token: Digest::of(b"unknown"),
        ..taking("link", LinkEffect::NotMe, 2)
    };
    assert_eq!(store.take_link(unknown).await.unwrap(), None);
    assert!(stored_hash(&store, "alice").await.is_some());
}
