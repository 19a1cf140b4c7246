//! Sessions that began with a login at another provider.

use cardea_protocol::model::*;

use super::{
    sample::*,
    upstreams::{add, google, key, linked, removal},
};
use crate::*;

fn login(user: &User, name: &str, sub: &str, sid: Option<&str>) -> OpenSession {
    OpenSession {
        passkey: None,
        session: session(name, user, 2),
        previous: None,
        password_set_at: None,
        upstream: Some(UpstreamSession {
            upstream: google(),
            link: key(sub),
            session: sid.map(key),
        }),
        notice: None,
        cause: cause(2),
    }
}

async fn open(store: &AnyStore, command: OpenSession) -> bool {
    store.open_session(command).await.unwrap().is_some()
}

async fn alive(store: &AnyStore, name: &str, user: &User) -> bool {
    let id = session(name, user, 2).id;
    store.session(id, at(6)).await.unwrap().is_some()
}

pub async fn unlinking_ends_the_sessions_of_the_link_alone(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let bob = linked(store, "bob", "b").await;
    for sub in ["a1", "a2"] {
        assert_eq!(add(store, alice, sub).await, Linked::Now);
    }
    for (user, name, sub) in [
        (alice, "own", "a1"),
        (alice, "gone", "a1"),
        (alice, "ended", "a1"),
        (alice, "other", "a2"),
        (&bob, "bobs", "b"),
    ] {
        assert!(open(store, login(user, name, sub, None)).await);
    }
    let which = EndWhich::Sid(session("ended", alice, 2).sid, None);
    let command = EndSessions {
        which,
        why: SessionEnd::Remote,
        applications: Applications::Keep,
        cause: cause(3),
    };
    store.end_sessions(command).await.unwrap();
    let keep = Some(session("own", alice, 2).id);
    let command = RemoveLink {
        keep,
        ..removal(alice, "a1")
    };
    assert_eq!(store.remove_link(command).await.unwrap(), Unlinked::Now);
    assert!(!alive(store, "gone", alice).await);
    // What had ended before does not end again.
    assert_eq!(world.count(AuditEvent::SessionEnded).await, 2);
    for (name, user) in [("own", alice), ("other", alice), ("bobs", &bob)] {
        assert!(alive(store, name, user).await, "{name}");
    }
    assert!(
        store
            .session(world.session.id, at(6))
            .await
            .unwrap()
            .is_some()
    );
}

pub async fn a_login_in_progress_does_not_survive_its_link(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let bob = linked(store, "bob", "b").await;
    assert_eq!(add(store, alice, "a").await, Linked::Now);
    assert!(open(store, login(alice, "first", "a", None)).await);
    // A link of another user opens nothing.
    assert!(!open(store, login(alice, "two", "b", None)).await);
    assert!(open(store, login(&bob, "three", "b", None)).await);
    let gone = store.remove_link(removal(alice, "a")).await.unwrap();
    assert_eq!(gone, Unlinked::Now);
    assert!(!open(store, login(alice, "four", "a", None)).await);
}

pub async fn a_session_knows_its_upstream(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    assert_eq!(add(store, alice, "a").await, Linked::Now);
    assert!(open(store, login(alice, "first", "a", Some("s1"))).await);
    let id = session("first", alice, 2).id;
    let found = store.upstream_of_session(id).await.unwrap();
    assert_eq!(found, Some(google()));
    let found = store.upstream_of_session(world.session.id).await.unwrap();
    assert_eq!(found, None);
    // A login by password in the same session does not make the provider's logout miss it.
    let again = OpenSession {
        session: session("two", alice, 3),
        previous: Some(id),
        upstream: None,
        ..login(alice, "two", "a", None)
    };
    assert!(open(store, again).await);
    let found = store.upstream_of_session(session("two", alice, 3).id).await;
    assert_eq!(found.unwrap(), Some(google()));
}

fn logout(jti: &str, sub: Option<&str>, sid: Option<&str>) -> EndUpstreamSessions {
    EndUpstreamSessions {
        token: key(jti),
        expires_at: at(300),
        link: sub.map(key),
        session: sid.map(key),
        cause: cause(5),
    }
}

pub async fn a_logout_of_the_upstream_ends_what_it_names_once(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let bob = linked(store, "bob", "b").await;
    assert_eq!(add(store, alice, "a").await, Linked::Now);
    for (user, name, sub, sid) in [
        (alice, "a1", "a", "s1"),
        (alice, "a2", "a", "s2"),
        (alice, "a3", "a", "s3"),
        (&bob, "b1", "b", "t1"),
    ] {
        assert!(open(store, login(user, name, sub, Some(sid))).await);
    }
    let end = |jti: &'static str, sub, sid| store.end_upstream_sessions(logout(jti, sub, sid));
    assert_eq!(end("j1", None, Some("s1")).await.unwrap(), Some(1));
    assert!(!alive(store, "a1", alice).await && alive(store, "a2", alice).await);
    // The session of another user, and nothing at all.
    assert_eq!(end("j2", Some("b"), Some("s2")).await.unwrap(), Some(0));
    assert_eq!(end("j3", None, None).await.unwrap(), Some(0));
    assert_eq!(end("j4", Some("a"), Some("s2")).await.unwrap(), Some(1));
    assert!(!alive(store, "a2", alice).await && alive(store, "a3", alice).await);
    assert_eq!(end("j5", Some("a"), None).await.unwrap(), Some(1));
    assert!(!alive(store, "a3", alice).await && alive(store, "b1", &bob).await);
}

pub async fn a_replayed_logout_token_ends_nothing(store: AnyStore) {
    let bob = linked(&store, "bob", "b").await;
    let end = |jti: &'static str| store.end_upstream_sessions(logout(jti, Some("b"), None));
    assert_eq!(end("j1").await.unwrap(), Some(0));
    assert!(open(&store, login(&bob, "b1", "b", None)).await);
    assert_eq!(end("j1").await.unwrap(), None);
    assert!(alive(&store, "b1", &bob).await);
    assert_eq!(end("j2").await.unwrap(), Some(1));
}

pub async fn of_20_parallel_logout_tokens_one_counts(store: AnyStore) {
    let bob = linked(&store, "bob", "b").await;
    assert!(open(&store, login(&bob, "b1", "b", Some("t1"))).await);
    let outcomes = race(|_| {
        let store = AnyStore::clone(&store);
        async move {
            store
                .end_upstream_sessions(logout("same", Some("b"), None))
                .await
        }
    })
    .await;
    let counted = outcomes.into_iter().filter_map(|one| one.unwrap());
    assert_eq!(counted.collect::<Vec<_>>(), [1]);
}
