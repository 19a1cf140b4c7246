//! Logouts that the provider reports.

use std::sync::Arc;

use cardea_client::session::{NoticeAnswer, SessionStore};

use super::{at, lives, named, notice, session};

/// Sessions of two users: two at one session of the provider, one at another, one at an unknown, one of the other user.
async fn sessions_of_two(store: &Arc<dyn SessionStore>) {
    for (id, sid, sub) in [
        ("a1", Some("s1"), "alice"),
        ("a2", Some("s1"), "alice"),
        ("a3", Some("s2"), "alice"),
        ("a4", None, "alice"),
        ("b1", Some("s3"), "bob"),
    ] {
        let mut new = session(id, 100);
        new.sid = sid.map(named);
        new.sub = named(sub);
        store.open_session(new, None).await.unwrap();
    }
}

async fn living(store: &Arc<dyn SessionStore>) -> String {
    let mut living = Vec::new();
    for id in ["a1", "a2", "a3", "a4", "b1"] {
        if lives(store, id, 1).await {
            living.push(id);
        }
    }
    living.join(" ")
}

pub(super) async fn a_notice_with_a_session_ends_that_session(store: Arc<dyn SessionStore>) {
    sessions_of_two(&store).await;
    let answer = store
        .end_by_notice(notice("j1", Some("s1"), None), at(1))
        .await
        .unwrap();
    assert_eq!(answer, NoticeAnswer::Ended(2));
    assert_eq!(living(&store).await, "a3 a4 b1");
    // With the user's name it also ends what was never said to belong to a session.
    let answer = store
        .end_by_notice(notice("j2", Some("s2"), Some("alice")), at(1))
        .await
        .unwrap();
    assert_eq!(answer, NoticeAnswer::Ended(2));
    assert_eq!(living(&store).await, "b1");
}

pub(super) async fn a_notice_with_a_person_ends_all_their_sessions(store: Arc<dyn SessionStore>) {
    sessions_of_two(&store).await;
    let answer = store
        .end_by_notice(notice("j1", None, Some("alice")), at(1))
        .await
        .unwrap();
    assert_eq!(answer, NoticeAnswer::Ended(4));
    assert_eq!(living(&store).await, "b1");
    let nobody = store
        .end_by_notice(notice("j2", None, None), at(1))
        .await
        .unwrap();
    assert_eq!(nobody, NoticeAnswer::Ended(0));
}

pub(super) async fn a_notice_is_heard_once_while_it_is_remembered(store: Arc<dyn SessionStore>) {
    let one = notice("j", None, Some("alice"));
    assert_eq!(
        store.end_by_notice(one.clone(), at(1)).await.unwrap(),
        NoticeAnswer::Ended(0)
    );
    store.open_session(session("a", 1000), None).await.unwrap();
    assert_eq!(
        store.end_by_notice(one.clone(), at(2)).await.unwrap(),
        NoticeAnswer::Replayed
    );
    assert!(lives(&store, "a", 3).await);
    assert_eq!(
        store.end_by_notice(one, at(300)).await.unwrap(),
        NoticeAnswer::Ended(1)
    );
}

pub(super) async fn a_notice_that_overtakes_a_login_keeps_it_from_opening(
    store: Arc<dyn SessionStore>,
) {
    let told = notice("j", Some("s1"), Some("alice"));
    store.end_by_notice(told, at(1)).await.unwrap();
    let open = async |id: &str, sid: &str, now| {
        let mut new = session(id, 1000);
        new.sid = Some(named(sid));
        new.seen_at = at(now);
        store.open_session(new, None).await.unwrap()
    };
    assert!(!open("late", "s1", 2).await);
    assert!(!lives(&store, "late", 3).await);
    // The user may come back in another session, and a name is not kept for ever.
    assert!(open("other", "s2", 2).await);
    assert!(open("again", "s1", 300).await);
    assert!(lives(&store, "other", 3).await && lives(&store, "again", 301).await);
}
