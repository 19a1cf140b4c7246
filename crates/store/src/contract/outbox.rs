//! The outbox, by its first kind: the logout tokens that every end of a session writes.

use cardea_protocol::{model::*, outbox::Verdict};
use jiff::SignedDuration;

use super::sample::*;
use crate::*;

const LEASE: i64 = 60;

/// Alice, with grants of her session for `told` and for `spa`, which is not notified.
async fn world(store: AnyStore) -> (World, Client) {
    let world = World::new(store).await;
    let told = told(&world, "told").await;
    grant_of(&world, &told, &world.session, "one").await;
    world.grant("spa", ONLINE, 0).await;
    (world, told)
}

pub(super) async fn told(world: &World, id: &str) -> Client {
    let metadata = ClientMetadata {
        backchannel_logout_uri: Some(format!("https://{id}.example/logout")),
        ..metadata(id)
    };
    let client = Client::register(metadata, Owner::Store, at(0)).unwrap();
    let added = put(client.clone(), ClientChange::Add, 0);
    assert!(world.store.put_client(added).await.unwrap());
    client
}

pub(super) async fn grant_of(world: &World, client: &Client, session: &Session, name: &str) {
    let code = code(name, session, client, ONLINE, 0);
    assert!(world.issue(&code, 0).await);
    let redemption = RedeemCode {
        proof: proof(client, &code.binding),
        ..world.redemption(&code, 0)
    };
    let redeemed = world.store.redeem_code(redemption).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Done));
}

pub(super) async fn claim(world: &World, sid: Option<&Sid>, seconds: i64) -> Vec<ClaimedMessage> {
    let command = ClaimMessages {
        kind: MessageKind::LogoutToken,
        sid: sid.cloned(),
        busy: Vec::new(),
        limit: 10,
        lease: SignedDuration::from_secs(LEASE),
        now: at(seconds),
    };
    world.store.claim_messages(command).await.unwrap()
}

pub(super) async fn settle(world: &World, claimed: &ClaimedMessage, verdict: Verdict) -> bool {
    let command = SettleMessage {
        claimed: claimed.clone(),
        verdict,
        cause: cause(2),
    };
    world.store.settle_message(command).await.unwrap()
}

/// The receiver, the user and the session of a message.
fn told_of(claimed: &ClaimedMessage) -> (&ClientId, &Subject, &Sid) {
    let Message::LogoutToken {
        client_id,
        subject,
        sid,
    } = &claimed.message
    else {
        panic!("{claimed:?}")
    };
    (client_id, subject, sid)
}

async fn log_out(world: &World) {
    let which = EndWhich::Id(world.session.id);
    assert_eq!(world.end(which, SessionEnd::Logout, 1).await, 1);
}

pub async fn d28_every_end_of_a_session_writes_its_logout_tokens(store: AnyStore) {
    let (world, client) = world(store).await;
    let bob = user("bob");
    let added = AddUser {
        user: bob.clone(),
        password_hash: password(),
        cause: cause(0),
    };
    world.store.add_user(added).await.unwrap();
    let subject = world.alice.subject.clone();
    let mut seconds = 1;
    let next = async |name: &str| {
        let session = session(name, &world.alice, 0);
        world.open(&session, None, 0).await;
        grant_of(&world, &client, &session, name).await;
        session
    };
    let expect = async |session: &Session, seconds| {
        let claimed = claim(&world, None, seconds).await;
        let told: Vec<_> = claimed.iter().map(told_of).collect();
        assert_eq!(told, [(client.id(), &subject, &session.sid)]);
        assert!(settle(&world, &claimed[0], Verdict::Delivered).await);
    };
    log_out(&world).await;
    expect(&world.session, seconds).await;

    let by_sid = next("sid").await;
    let which = EndWhich::Sid(by_sid.sid.clone(), None);
    world.end(which, SessionEnd::Remote, seconds).await;
    expect(&by_sid, seconds).await;

    let replaced = next("replaced").await;
    world
        .open(&session("bobs", &bob, 1), Some(replaced.id), 1)
        .await;
    expect(&replaced, seconds).await;

    let new_password = next("password").await;
    let update = UserUpdate {
        password_hash: Some(cardea_seal::Secret::new("$argon2id$new".to_owned())),
        ..UserUpdate::default()
    };
    change(&world, update).await;
    expect(&new_password, seconds).await;

    let disabled = next("disabled").await;
    for status in [UserStatus::Disabled, UserStatus::Enabled] {
        let update = UserUpdate {
            status: Some(status),
            ..UserUpdate::default()
        };
        change(&world, update).await;
    }
    expect(&disabled, seconds).await;

    let expired = next("expired").await;
    seconds = HOUR;
    let ttl = SignedDuration::from_hours(24 * 365);
    world.store.sweep(at(seconds), 100, ttl).await.unwrap();
    expect(&expired, seconds).await;

    // It has expired, and has not been ended yet.
    let removed = next("removed").await;
    let gone = world.store.remove_user(subject.clone(), cause(seconds));
    assert!(gone.await.unwrap());
    expect(&removed, seconds).await;
}

async fn change(world: &World, update: UserUpdate) {
    let command = UserChange {
        subject: world.alice.subject.clone(),
        update,
        cause: cause(1),
    };
    assert!(world.store.change_user(command).await.unwrap());
}

pub async fn a_session_without_such_clients_writes_nothing(store: AnyStore) {
    let world = World::new(store).await;
    world.grant("spa", ONLINE, 0).await;
    // One that the session knows but that is disabled, and one that it doesn't know.
    let disabled = told(&world, "disabled").await;
    grant_of(&world, &disabled, &world.session, "one").await;
    let (id, off) = (disabled.id().clone(), ClientStatus::Disabled);
    let disable = world.store.set_client_status(id, off, cause(0));
    assert!(disable.await.unwrap());
    told(&world, "unknown").await;
    // One that another session of the same user knows.
    let elsewhere = session("elsewhere", &world.alice, 0);
    world.open(&elsewhere, None, 0).await;
    grant_of(&world, &told(&world, "other").await, &elsewhere, "two").await;
    log_out(&world).await;
    assert_eq!(claim(&world, None, HOUR).await, []);
}

pub async fn a_client_gets_one_message_per_session(store: AnyStore) {
    let (world, client) = world(store).await;
    grant_of(&world, &client, &world.session, "two").await;
    let other = told(&world, "other").await;
    grant_of(&world, &other, &world.session, "three").await;
    // A grant that is dead already: the client may still have a session of its own.
    let elsewhere = session("elsewhere", &world.alice, 0);
    world.open(&elsewhere, None, 0).await;
    grant_of(&world, &client, &elsewhere, "four").await;
    let command = RevokeApplication {
        subject: world.alice.subject.clone(),
        client_id: other.id().clone(),
        cause: cause(0),
    };
    assert_eq!(world.store.revoke_application(command).await.unwrap(), 1);
    log_out(&world).await;
    let claimed = claim(&world, Some(&world.session.sid), 1).await;
    assert!(claimed.iter().all(|claimed| claimed.attempt == 1));
    let told = claimed.iter().map(told_of);
    let mut told: Vec<_> = told
        .map(|(client, _, sid)| (client.as_str(), sid))
        .collect();
    told.sort();
    let sid = &world.session.sid;
    assert_eq!(told, [("other", sid), ("told", sid)]);
    assert_eq!(
        claim(&world, None, 1).await,
        [],
        "nothing of the other session"
    );
}

pub async fn d28_a_claimed_message_is_due_again_after_its_lease(store: AnyStore) {
    let (world, _) = world(store).await;
    log_out(&world).await;
    assert_eq!(claim(&world, None, 0).await, [], "not before it was made");
    let first = claim(&world, None, 1).await.remove(0);
    assert_eq!(claim(&world, None, LEASE).await, []);
    assert_eq!(claim(&world, Some(&world.session.sid), LEASE).await, []);
    let second = claim(&world, None, 1 + LEASE).await.remove(0);
    let again = ClaimedMessage {
        attempt: 2,
        ..first
    };
    assert_eq!(second, again, "its owner has died");
    assert!(settle(&world, &second, Verdict::RetryAt(at(DAY))).await);
    assert_eq!(claim(&world, None, DAY - 1).await, []);
    assert_eq!(claim(&world, None, DAY).await[0].attempt, 3);
}

pub async fn d28_of_20_nodes_that_claim_at_once_one_gets_the_message(store: AnyStore) {
    let (world, _) = world(store).await;
    log_out(&world).await;
    let world = std::sync::Arc::new(world);
    let claims = race(|_| {
        let world = world.clone();
        async move { claim(&world, Some(&world.session.sid), 1).await.len() }
    })
    .await;
    assert_eq!(claims.into_iter().sum::<usize>(), 1);
}

pub async fn d28_an_old_try_settles_nothing(store: AnyStore) {
    let (world, _) = world(store).await;
    log_out(&world).await;
    let first = claim(&world, None, 1).await.remove(0);
    let second = claim(&world, None, HOUR).await.remove(0);
    for outcome in [
        Verdict::Delivered,
        Verdict::RetryAt(at(0)),
        Verdict::Obsolete,
        Verdict::GiveUp("too late".to_owned()),
    ] {
        assert!(!settle(&world, &first, outcome).await);
    }
    assert_eq!(claim(&world, None, HOUR).await, []);
    assert_eq!(world.count(AuditEvent::LogoutUndelivered).await, 0);
    assert!(settle(&world, &second, Verdict::Delivered).await);
    assert!(!settle(&world, &second, Verdict::Delivered).await);
    assert_eq!(claim(&world, None, DAY).await, []);
}

pub async fn d28_a_retry_moves_its_own_message(store: AnyStore) {
    let (world, _) = world(store).await;
    let other = told(&world, "other").await;
    grant_of(&world, &other, &world.session, "two").await;
    log_out(&world).await;
    let claimed = claim(&world, None, 1).await;
    let [one, two] = claimed.as_slice() else {
        panic!("{claimed:?}")
    };
    assert!(settle(&world, one, Verdict::RetryAt(at(DAY))).await);
    assert_eq!(claim(&world, None, LEASE).await, []);
    // The lease of the other one ends as it was.
    let due = claim(&world, None, 1 + LEASE).await;
    let due: Vec<_> = due.iter().map(told_of).collect();
    assert_eq!(due, [told_of(two)]);
    let due = claim(&world, None, DAY).await;
    assert_eq!(due.len(), 2);
    assert!(settle(&world, &due[0], Verdict::Delivered).await);
    assert_eq!(claim(&world, None, 2 * DAY).await.len(), 1, "the other one");
}

pub async fn d28_what_is_given_up_is_audited(store: AnyStore) {
    let (world, client) = world(store).await;
    log_out(&world).await;
    let logout = claim(&world, None, 1).await.remove(0);
    assert_eq!(logout.request_id, cause(0).request_id, "what caused it");
    let outcome = Verdict::GiveUp("8 tries, the last answered 503".to_owned());
    assert!(settle(&world, &logout, outcome).await);
    assert_eq!(claim(&world, None, DAY).await, []);
    let filter = AuditFilter {
        event: Some(AuditEvent::LogoutUndelivered),
        ..AuditFilter::default()
    };
    let rows = world.store.audit(filter, page()).await.unwrap().items;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].client_id.as_ref(), Some(client.id()));
    assert_eq!(rows[0].subject, Some(world.alice.subject.clone()));
    let why = rows[0].detail.as_deref();
    assert_eq!(why, Some("8 tries, the last answered 503"));
}

pub async fn a_removed_client_gets_no_messages(store: AnyStore) {
    let (world, client) = world(store).await;
    log_out(&world).await;
    let gone = world.store.remove_client(client.id().clone(), cause(2));
    assert!(gone.await.unwrap());
    assert_eq!(claim(&world, None, 2).await, []);
}

pub async fn a_busy_client_is_skipped(store: AnyStore) {
    let (world, client) = world(store).await;
    let other = told(&world, "other").await;
    grant_of(&world, &other, &world.session, "two").await;
    log_out(&world).await;
    let idle = async |sid: Option<Sid>| {
        let command = ClaimMessages {
            kind: MessageKind::LogoutToken,
            sid,
            busy: vec![client.id().clone()],
            limit: 10,
            lease: SignedDuration::ZERO,
            now: at(1),
        };
        world.store.claim_messages(command).await.unwrap()
    };
    for sid in [Some(world.session.sid.clone()), None] {
        let claimed = idle(sid).await;
        assert_eq!(claimed.len(), 1);
        assert_eq!(told_of(&claimed[0]).0, other.id());
    }
    assert_eq!(claim(&world, None, 1).await.len(), 2);
}

pub async fn d28_a_message_is_written_with_its_cause_or_not_at_all(store: AnyStore) {
    let (world, _) = world(store).await;
    // A session that does not exist, and a user that does not exist.
    let unknown = EndWhich::Sid(Sid::parse("unknown").unwrap(), None);
    assert_eq!(world.end(unknown, SessionEnd::Remote, 1).await, 0);
    let removed = world.store.remove_user(user("eve").subject, cause(1));
    assert!(!removed.await.unwrap());
    assert_eq!(claim(&world, None, HOUR).await, []);
    log_out(&world).await;
    assert_eq!(claim(&world, None, HOUR).await.len(), 1);
    // The session ends once.
    let which = EndWhich::Id(world.session.id);
    assert_eq!(world.end(which, SessionEnd::Logout, 2).await, 0);
    assert_eq!(claim(&world, None, HOUR).await, []);
}

pub async fn d28_two_nodes_share_what_is_due(store: AnyStore) {
    const MESSAGES: usize = 30;
    let (world, _) = world(store).await;
    for n in 1..MESSAGES {
        let client = told(&world, &format!("app{n}")).await;
        grant_of(&world, &client, &world.session, &format!("grant{n}")).await;
    }
    log_out(&world).await;
    let world = std::sync::Arc::new(world);
    let nodes = [(); 2].map(|()| {
        let world = world.clone();
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let more = claim(&world, None, 1).await;
                assert!(more.len() <= 10, "the limit");
                if more.is_empty() {
                    return claimed;
                }
                claimed.extend(more.iter().map(|m| (m.id.0, m.attempt)));
            }
        })
    });
    let mut claimed = Vec::new();
    for node in nodes {
        claimed.extend(node.await.unwrap());
    }
    assert_eq!(claimed.len(), MESSAGES, "each is claimed once");
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), MESSAGES, "by one of them");
    assert!(claimed.iter().all(|(_, attempt)| *attempt == 1));
}

pub async fn d28_only_what_is_given_up_is_audited(store: AnyStore) {
    let (world, client) = world(store).await;
    for (n, verdict) in [Verdict::Delivered, Verdict::Obsolete]
        .into_iter()
        .enumerate()
    {
        let session = session(&format!("s{n}"), &world.alice, 0);
        world.open(&session, None, 0).await;
        grant_of(&world, &client, &session, &format!("g{n}")).await;
        let which = EndWhich::Id(session.id);
        assert_eq!(world.end(which, SessionEnd::Logout, 1).await, 1);
        let claimed = claim(&world, None, 1).await.remove(0);
        assert!(settle(&world, &claimed, verdict).await);
        assert_eq!(claim(&world, None, DAY).await, [], "it is gone");
    }
    assert_eq!(world.count(AuditEvent::LogoutUndelivered).await, 0);
}
