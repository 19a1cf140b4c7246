//! Mails in the outbox.

use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailLink, MailTemplate, MailValue},
    model::*,
    outbox::Verdict,
};
use jiff::SignedDuration;

use super::{outbox, sample::*};
use crate::*;

/// The limits of a request from a network of its own.
fn limits(pending: u32, to_one: u32) -> StrangerLimits {
    StrangerLimits {
        pending,
        to_one,
        network: "192.0.2.0/24".to_owned(),
        of_network: 100,
    }
}

fn many() -> Option<StrangerLimits> {
    Some(limits(100, 100))
}

fn mail(to: &str) -> Mail {
    let to = EmailAddress::parse(to).unwrap();
    Mail::new(to, MailTemplate::SignUp, Lang::De)
        .with(MailValue::User, "Ålice <b>")
        .at(at(5))
        .link_to(MailLink {
            path: "/sign_up".to_owned(),
            sealed_token: "sealed".to_owned(),
            expires_at: at(HOUR),
        })
}

async fn put(store: &AnyStore, mail: Mail, limits: Option<StrangerLimits>) -> bool {
    let command = PutMail {
        mail,
        limits,
        cause: cause(0),
    };
    store.put_mail(command).await.unwrap()
}

async fn claim(store: &AnyStore, seconds: i64) -> Vec<ClaimedMessage> {
    let command = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 1000,
        lease: SignedDuration::from_secs(60),
        now: at(seconds),
    };
    store.claim_messages(command).await.unwrap()
}

/// The mails that are due, by their addresses.
async fn claim_addresses(store: &AnyStore, seconds: i64) -> Vec<String> {
    let claimed = claim(store, seconds).await;
    let addresses = claimed.iter().map(|claimed| match &claimed.message {
        Message::Mail(mail) => mail.to().to_string(),
        other @ Message::LogoutToken { .. } => panic!("{other:?}"),
    });
    addresses.collect()
}

async fn give_up(store: &AnyStore, claimed: ClaimedMessage) {
    let command = SettleMessage {
        claimed,
        verdict: Verdict::GiveUp("550 no such user".to_owned()),
        cause: cause(9),
    };
    assert!(store.settle_message(command).await.unwrap());
}

async fn deliver(store: &AnyStore, claimed: Vec<ClaimedMessage>) {
    for claimed in claimed {
        let command = SettleMessage {
            claimed,
            verdict: Verdict::Delivered,
            cause: cause(9),
        };
        assert!(store.settle_message(command).await.unwrap());
    }
}

async fn undelivered(store: &AnyStore) -> Vec<AuditRow> {
    let filter = AuditFilter {
        event: Some(AuditEvent::MailUndelivered),
        ..AuditFilter::default()
    };
    store.audit(filter, page()).await.unwrap().items
}

pub async fn a_mail_is_claimed_as_it_was_written(store: AnyStore) {
    let of_alice = mail("alice@example.com").of(user("alice").subject);
    let to_stranger = mail("bob@example.com");
    assert!(put(&store, of_alice.clone(), None).await);
    assert!(put(&store, to_stranger.clone(), many()).await);
    let claimed = claim(&store, 0).await;
    let [first, second] = claimed.as_slice() else {
        panic!("{claimed:?}")
    };
    assert_eq!(first.message, Message::Mail(Box::new(of_alice)));
    assert_eq!(second.message, Message::Mail(Box::new(to_stranger)));
    assert_eq!((first.made_at, first.attempt), (at(0), 1));
    assert_eq!(first.request_id, cause(0).request_id);
    assert_eq!(claim(&store, 59).await, [], "the lease");
    // A process that dies between its claim and the settling loses nothing.
    let again = claim(&store, 60).await;
    assert_eq!(again.len(), 2);
    assert_eq!((again[0].made_at, again[0].attempt), (at(0), 2));
    deliver(&store, vec![again[0].clone()]).await;
    assert_eq!(claim_addresses(&store, HOUR).await, ["bob@example.com"]);
    assert!(undelivered(&store).await.is_empty());
}

pub async fn a_mail_and_a_logout_are_claimed_by_kind(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let told = outbox::told(&world, "told").await;
    outbox::grant_of(&world, &told, &world.session, "one").await;
    world
        .end(EndWhich::Id(world.session.id), SessionEnd::Logout, 0)
        .await;
    assert!(put(&store, mail("alice@example.com"), None).await);
    assert_eq!(claim_addresses(&store, 0).await, ["alice@example.com"]);
    let logouts = outbox::claim(&world, None, 0).await;
    assert_eq!(logouts.len(), 1);
    assert!(matches!(logouts[0].message, Message::LogoutToken { .. }));
}

pub async fn a_mail_that_is_given_up_is_audited_with_its_user(store: AnyStore) {
    for name in ["alice", "bob"] {
        let to = format!("{name}@example.com");
        assert!(put(&store, mail(&to).of(user(name).subject), None).await);
    }
    let mut claimed = claim(&store, 0).await;
    give_up(&store, claimed.remove(1)).await;
    let rows = undelivered(&store).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].subject, Some(user("bob").subject));
    assert_eq!(rows[0].detail.as_deref(), Some("550 no such user"));
    assert_eq!(claim_addresses(&store, HOUR).await, ["alice@example.com"]);
}

pub async fn a_mail_to_a_stranger_leaves_no_audit(store: AnyStore) {
    assert!(put(&store, mail("alice@example.com"), many()).await);
    let claimed = claim(&store, 0).await.remove(0);
    give_up(&store, claimed).await;
    assert!(undelivered(&store).await.is_empty());
    assert_eq!(claim(&store, DAY).await, []);
}

pub async fn mails_of_strangers_are_bounded(store: AnyStore) {
    let limits = || Some(limits(3, 2));
    let to_alice = || mail("alice@example.com");
    // Mails of users count for nothing.
    for _ in 0..5 {
        assert!(put(&store, to_alice(), None).await);
    }
    assert!(put(&store, to_alice(), limits()).await);
    assert!(put(&store, mail("ALICE@Example.com"), limits()).await);
    assert!(!put(&store, to_alice(), limits()).await, "to one address");
    assert!(put(&store, mail("bob@example.com"), limits()).await);
    assert!(
        !put(&store, mail("carol@example.com"), limits()).await,
        "all"
    );
    assert!(put(&store, to_alice(), None).await, "of a user");
    let claimed = claim(&store, 0).await;
    assert_eq!(claimed.len(), 9);
    deliver(&store, claimed).await;
    assert!(put(&store, mail("carol@example.com"), limits()).await);
    assert!(put(&store, to_alice(), limits()).await);
}

pub async fn a_network_has_a_share_of_the_mails_of_strangers(store: AnyStore) {
    let from = |network: &str| {
        Some(StrangerLimits {
            network: network.to_owned(),
            of_network: 2,
            ..limits(5, 5)
        })
    };
    for (to, network, written) in [
        ("a@example.com", "192.0.2.0/24", true),
        ("b@example.com", "192.0.2.0/24", true),
        ("c@example.com", "192.0.2.0/24", false),
        ("d@example.com", "2001:db8:1::/48", true),
        ("e@example.com", "2001:db8:1::/48", true),
        ("f@example.com", "2001:db8:1::/48", false),
        ("g@example.com", "198.51.100.0/24", true),
        ("h@example.com", "198.51.100.0/24", false),
    ] {
        assert_eq!(put(&store, mail(to), from(network)).await, written, "{to}");
    }
    let claimed = claim(&store, 0).await;
    assert_eq!(claimed.len(), 5);
    deliver(&store, claimed).await;
    assert!(put(&store, mail("c@example.com"), from("192.0.2.0/24")).await);
}

pub async fn a_mail_that_failed_makes_room_for_one_of_another_stranger(store: AnyStore) {
    let limits = || Some(limits(3, 3));
    // A user's mail never makes room.
    assert!(put(&store, mail("user@example.com"), None).await);
    for to in ["a@example.com", "b@example.com"] {
        assert!(put(&store, mail(to), limits()).await);
    }
    assert_eq!(claim(&store, 0).await.len(), 3);
    assert!(put(&store, mail("c@example.com"), limits()).await);
    let tried_twice = claim(&store, 60).await;
    assert_eq!(tried_twice.len(), 4);
    for to in ["d@example.com", "e@example.com", "f@example.com"] {
        assert!(put(&store, mail(to), limits()).await);
    }
    assert!(!put(&store, mail("g@example.com"), limits()).await);
    let mut left = claim_addresses(&store, HOUR).await;
    left.sort_unstable();
    let expected = [
        "d@example.com",
        "e@example.com",
        "f@example.com",
        "user@example.com",
    ];
    assert_eq!(left, expected);
    // One that is tried no more often than others, but longer, goes first; another's limit makes no room.
    assert!(
        !put(
            &store,
            mail("h@example.com"),
            Some(StrangerLimits {
                of_network: 0,
                ..limits().unwrap()
            })
        )
        .await
    );
    assert!(put(&store, mail("h@example.com"), limits()).await);
    let left = claim_addresses(&store, 2 * HOUR).await;
    assert_eq!(left.len(), 4);
    assert!(!left.contains(&"d@example.com".to_owned()), "{left:?}");
}

pub async fn of_20_parallel_mails_of_strangers_no_more_than_the_limit_are_written(store: AnyStore) {
    let limits = Some(limits(5, 20));
    let written = race(|n| {
        let (store, limits) = (store.clone(), limits.clone());
        async move { put(&store, mail(&format!("user{n}@example.com")), limits).await }
    })
    .await;
    assert_eq!(written.into_iter().filter(|written| *written).count(), 5);
    assert_eq!(claim(&store, 0).await.len(), 5);
}
