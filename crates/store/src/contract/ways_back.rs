//! Ways back into an account, and what must not close or abuse them.

use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate},
    model::*,
};

use super::{
    accounts::mails,
    email_changes::address,
    links::{
        changing, is_logged_in, lives, log_in, make, new_link, set_email, take, taking, token,
    },
    not_me::{not_me, of_alice},
    notices::{self, told},
    passkeys::{self, names},
    sample::*,
    users::{add, stored_hash},
};
use crate::*;

const ALICE: &str = "alice@example.test";

/// A stranger asks for a link to Alice's new password.
async fn asked(store: &AnyStore, name: &str) -> bool {
    let to = EmailAddress::parse(ALICE).unwrap();
    let command = MakeLink {
        subject: user("alice").subject,
        link: new_link(name, LinkPurpose::PasswordReset, Some(ALICE)),
        mail: Some(Mail::new(to, MailTemplate::PasswordReset, Lang::En)),
        cause: Cause {
            actor: Actor::Stranger,
            ..cause(1)
        },
    };
    store.make_link(command).await.unwrap()
}

pub async fn strangers_neither_replace_links_nor_send_many_mails(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    // Neither links of another user nor expired ones count.
    for number in 0..MAX_LIVING_LINKS {
        let of_bob = new_link(&format!("bob {number}"), LinkPurpose::PasswordReset, None);
        assert!(make(&store, "bob", of_bob).await);
    }
    let expired = NewLink {
        expires_at: at(1),
        ..new_link("expired", LinkPurpose::PasswordReset, None)
    };
    assert!(make(&store, "alice", expired).await);
    let of_operator = new_link("of the operator", LinkPurpose::PasswordReset, None);
    assert!(make(&store, "alice", of_operator).await);
    for (name, is_made) in [
        ("one", true),
        ("two", true),
        ("three", false),
        ("four", false),
    ] {
        assert_eq!(asked(&store, name).await, is_made, "{name}");
        assert_eq!(lives(&store, name).await, is_made, "{name}");
    }
    assert!(lives(&store, "of the operator").await && lives(&store, "one").await);
    assert_eq!(mails(&store, 2).await.len(), 2);
    // An operator's link replaces the oldest.
    let further = new_link("further", LinkPurpose::PasswordReset, None);
    assert!(make(&store, "alice", further).await);
    assert!(lives(&store, "further").await && !lives(&store, "of the operator").await);
    // Links for something else don't count.
    let change = changing("change", Some(ALICE), "new@example.test");
    assert!(make(&store, "alice", change).await);
    let hash = cardea_seal::Secret::new("$argon2id$new".to_owned());
    assert!(
        take(&store, "further", LinkEffect::SetPassword(hash))
            .await
            .is_some()
    );
    assert!(asked(&store, "again").await);
}

pub async fn of_20_parallel_requests_of_strangers_three_are_written(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    let made = race(|number| {
        let store = store.clone();
        async move { asked(&store, &format!("request {number}")).await }
    });
    let made = made.await.into_iter().filter(|made| *made).count();
    assert_eq!(made, MAX_LIVING_LINKS as usize);
    assert_eq!(mails(&store, 2).await.len(), made);
}

pub async fn a_link_that_was_mailed_dies_with_its_address(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    assert!(asked(&store, "before").await);
    let of_bob = new_link(
        "of bob",
        LinkPurpose::PasswordReset,
        Some("bob@example.test"),
    );
    assert!(make(&store, "bob", of_bob).await);
    // Her own change, confirmed by its link.
    let change = changing("change", Some(ALICE), "new@example.test");
    assert!(make(&store, "alice", change).await);
    assert!(
        take(&store, "change", LinkEffect::VerifyEmail)
            .await
            .is_some()
    );
    assert!(!lives(&store, "before").await && lives(&store, "of bob").await);
    // What was read before the change is not written after it.
    assert!(!asked(&store, "late").await);
    assert!(!make(&store, "alice", of_alice("late", 2)).await);
    assert!(!lives(&store, "late").await);
    // An administrator's change ends also links that were given by hand.
    let by_hand = new_link("by hand", LinkPurpose::PasswordReset, None);
    assert!(make(&store, "alice", by_hand).await);
    set_email(&store, "alice", Some(("safe@example.test", true))).await;
    assert!(!lives(&store, "by hand").await);
}

pub async fn a_requested_address_goes_with_all_sessions(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
        log_in(&store, name, 0).await;
    }
    let ask = async |name: &str| {
        let change = changing(name, Some(ALICE), "evil@example.test");
        assert!(make(&store, "alice", change).await);
    };
    let of_bob = changing("of bob", Some("bob@example.test"), "new@example.test");
    assert!(make(&store, "bob", of_bob).await);
    let id = session("alice", &user("alice"), 0).id;
    for (number, which) in [
        EndWhich::OthersOf(user("alice").subject, id),
        EndWhich::Subject(user("alice").subject),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("change {number}");
        ask(&name).await;
        let command = EndSessions {
            which,
            why: SessionEnd::Remote,
            applications: Applications::Keep,
            cause: cause(2),
        };
        store.end_sessions(command).await.unwrap();
        assert!(!lives(&store, &name).await, "{name}");
    }
    assert!(lives(&store, "of bob").await);
    // The end of one session leaves it.
    ask("kept").await;
    assert!(notices::log_in(&store, "alice", "another", 2).await);
    let command = EndSessions {
        which: EndWhich::Id(session("another", &user("alice"), 2).id),
        why: SessionEnd::Logout,
        applications: Applications::Keep,
        cause: cause(2),
    };
    store.end_sessions(command).await.unwrap();
    assert!(lives(&store, "kept").await);
    let disabled = UserChange {
        subject: user("alice").subject,
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: cause(2),
    };
    assert!(store.change_user(disabled).await.unwrap());
    let enabled = UserChange {
        subject: user("alice").subject,
        update: UserUpdate {
            status: Some(UserStatus::Enabled),
            ..UserUpdate::default()
        },
        cause: cause(2),
    };
    assert!(store.change_user(enabled).await.unwrap());
    assert!(!lives(&store, "kept").await);
}

pub async fn the_last_link_takes_what_the_first_would_take(store: AnyStore) {
    for name in ["bob", "alice"] {
        add(&store, name).await.unwrap();
    }
    // Neither what another user disowns nor another link or one that has expired counts.
    assert!(make(&store, "bob", not_me("of bob", "bob@example.test", 1)).await);
    let undo = new_link("undo", LinkPurpose::EmailUndo, Some(ALICE));
    assert!(make(&store, "alice", undo).await);
    let expired = NewLink {
        expires_at: at(1),
        ..of_alice("past", 0)
    };
    assert!(make(&store, "alice", expired).await);
    let passkey = async |of: &str, name: &str, seconds| {
        let added = store.add_passkey(passkeys::new(&user(of), name, seconds));
        assert!(matches!(added.await.unwrap(), PasskeyAdded::Now { .. }));
    };
    passkey("bob", "of-bob", 4).await;
    passkey("alice", "old", 1).await;
    // The attacker signs in, adds a passkey, then makes new codes: each is told by a mail.
    assert!(make(&store, "alice", of_alice("sign-in", 2)).await);
    passkey("alice", "of-the-attacker", 3).await;
    assert!(make(&store, "alice", of_alice("passkey", 3)).await);
    assert!(make(&store, "alice", of_alice("codes", 4)).await);
    let last = store.link(token("codes"), at(5)).await.unwrap().unwrap();
    let first = of_alice("", 2).payload.unwrap();
    let had = first.replace("false", "true");
    assert_eq!(last.first, Some(had), "she had a passkey");
    let command = taking("codes", LinkEffect::NotMe, 5);
    assert!(store.take_link(command).await.unwrap().is_some());
    assert_eq!(names(&store, &user("alice")).await, ["old"]);
    assert_eq!(names(&store, &user("bob")).await, ["of-bob"]);
    assert!(lives(&store, "sign-in").await, "it can still be used");
    // A link that has expired takes nothing along.
    add(&store, "carol").await.unwrap();
    let expired = NewLink {
        expires_at: at(3),
        ..not_me("expired", "carol@example.test", 1)
    };
    assert!(make(&store, "carol", expired).await);
    passkey("carol", "kept", 2).await;
    let link = not_me("of carol", "carol@example.test", 4);
    assert!(make(&store, "carol", link).await);
    passkey("carol", "new", 4).await;
    let command = taking("of carol", LinkEffect::NotMe, 5);
    assert!(store.take_link(command).await.unwrap().is_some());
    assert_eq!(names(&store, &user("carol")).await, ["kept"]);
}

pub async fn an_address_that_another_user_has_keeps_no_owner_out(store: AnyStore) {
    for (number, effect) in [LinkEffect::NotMe, LinkEffect::UndoEmail]
        .into_iter()
        .enumerate()
    {
        let (name, other) = (format!("owner-{number}"), format!("other-{number}"));
        let own = format!("{name}@example.test");
        for name in [&name, &other] {
            add(&store, name).await.unwrap();
            log_in(&store, name, 0).await;
        }
        let link = match effect {
            LinkEffect::NotMe => not_me(&own, &own, 1),
            _ => new_link(&own, LinkPurpose::EmailUndo, Some(&own)),
        };
        assert!(make(&store, &name, link).await);
        // The attacker moves the account away, and another user gets the address.
        let change = changing(&name, Some(&own), &format!("evil-{number}@example.test"));
        assert!(make(&store, &name, change).await);
        assert!(take(&store, &name, LinkEffect::VerifyEmail).await.is_some());
        set_email(&store, &other, Some((&own, true))).await;
        let command = TakeLink {
            next: Some(new_link(
                &format!("reset {number}"),
                LinkPurpose::PasswordReset,
                None,
            )),
            ..taking(&own, effect, 2)
        };
        let taken = store.take_link(command).await.unwrap().unwrap();
        assert!(taken.address_lost);
        assert_eq!(address(&store, &name).await, (None, false));
        assert_eq!(address(&store, &other).await, (Some(own), true));
        assert!(!is_logged_in(&store, &name).await && is_logged_in(&store, &other).await);
        assert_eq!(stored_hash(&store, &name).await, None);
        assert!(stored_hash(&store, &other).await.is_some());
        assert!(lives(&store, &format!("reset {number}")).await);
    }
}

pub async fn mails_are_counted_though_their_links_are_gone(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    let sign_in = async |browser: &str, seconds| {
        assert!(notices::log_in(&store, "alice", browser, seconds).await);
    };
    sign_in("first", 0).await;
    sign_in("old", 1).await;
    assert_eq!(told(&store, 2).await.len(), 1);
    let later = 2 * HOUR;
    for number in 0..30 {
        sign_in(&format!("browser-{number}"), later).await;
    }
    assert_eq!(told(&store, later).await.len(), MAX_NOT_ME_LINKS as usize);
    // In the same hour no more, in the next one again.
    sign_in("late", later + HOUR - 1).await;
    assert_eq!(told(&store, later + HOUR).await, []);
    sign_in("next", later + HOUR).await;
    assert_eq!(told(&store, later + HOUR).await.len(), 1);
    assert!(lives(&store, "old").await, "the first one stays");
}
