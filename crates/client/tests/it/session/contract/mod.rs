//! What every session store must do, run against each.

mod leases;
mod logins;
mod notices;

use std::sync::Arc;

use cardea_client::session::{
    KnownLogin, LogoutNotice, MemoryStore, NewSession, SessionStore, SqliteStore, TakeLogin,
};
use cardea_seal::Digest;
use jiff::Timestamp;
use tempfile::TempDir;

use self::{leases::*, logins::*, notices::*};

const NOON: i64 = 1_782_907_200;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOON + second).unwrap()
}

pub(super) fn named(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

pub(super) fn session(id: &str, ends_at: i64) -> NewSession {
    NewSession {
        id: named(id),
        sid: Some(named("sid of all")),
        sub: named("alice"),
        sealed: id.as_bytes().to_vec(),
        seen_at: at(0),
        ends_at: at(ends_at),
    }
}

fn login(browser: &str) -> KnownLogin {
    KnownLogin {
        browser: named(browser),
        sealed: b"sealed login".to_vec(),
        ends_at: at(900),
    }
}

fn take(state: &str, browser: Option<&str>, cookie: bool) -> TakeLogin {
    TakeLogin {
        state: named(state),
        browser: browser.map(named),
        cookie: cookie.then(|| at(900)),
    }
}

fn notice(jti: &str, sid: Option<&str>, sub: Option<&str>) -> LogoutNotice {
    LogoutNotice {
        jti: named(jti),
        remember_until: at(300),
        sid: sid.map(named),
        sub: sub.map(named),
    }
}

async fn lives(store: &Arc<dyn SessionStore>, id: &str, now: i64) -> bool {
    store
        .load_session(named(id), at(now))
        .await
        .unwrap()
        .is_some()
}

async fn a_session_lives_until_its_end_and_use_moves_it(store: Arc<dyn SessionStore>) {
    store.open_session(session("a", 100), None).await.unwrap();
    let loaded = store
        .load_session(named("a"), at(99))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (loaded.sealed, loaded.version, loaded.seen_at),
        (b"a".to_vec(), 0, at(0))
    );
    assert!(!lives(&store, "a", 100).await);
    assert!(!lives(&store, "b", 0).await);
    store
        .touch_session(named("a"), at(50), at(150))
        .await
        .unwrap();
    assert!(lives(&store, "a", 149).await);
    // A slow use that was noted late doesn't move it back, and what has ended doesn't come to life again.
    store
        .touch_session(named("a"), at(40), at(140))
        .await
        .unwrap();
    assert!(lives(&store, "a", 149).await);
    store
        .touch_session(named("a"), at(150), at(250))
        .await
        .unwrap();
    assert!(!lives(&store, "a", 150).await);
}

async fn a_new_session_ends_the_one_before_it(store: Arc<dyn SessionStore>) {
    store.open_session(session("old", 100), None).await.unwrap();
    store
        .open_session(session("new", 100), Some(named("old")))
        .await
        .unwrap();
    assert!(!lives(&store, "old", 1).await);
    assert!(lives(&store, "new", 1).await);
}

async fn a_session_that_is_ended_hands_its_record_back_once(store: Arc<dyn SessionStore>) {
    store.open_session(session("a", 100), None).await.unwrap();
    assert_eq!(
        store.end_session(named("a")).await.unwrap(),
        Some(b"a".to_vec())
    );
    assert_eq!(store.end_session(named("a")).await.unwrap(), None);
    assert!(!lives(&store, "a", 1).await);
}

async fn what_has_ended_is_swept_in_batches_and_nothing_else(store: Arc<dyn SessionStore>) {
    for n in 0..5 {
        store
            .open_session(session(&format!("old {n}"), 10), None)
            .await
            .unwrap();
    }
    store.open_session(session("new", 100), None).await.unwrap();
    store.begin_login(named("s"), login("mine")).await.unwrap();
    store
        .end_by_notice(notice("j", None, None), at(1))
        .await
        .unwrap();
    assert_eq!(store.sweep(at(10), 3).await.unwrap(), 3);
    assert_eq!(store.sweep(at(10), 3).await.unwrap(), 2);
    assert_eq!(store.sweep(at(10), 3).await.unwrap(), 0);
    assert!(lives(&store, "new", 11).await);
    assert_eq!(store.sweep(at(900), 3).await.unwrap(), 3);
}

/// Runs each case against a fresh store of each kind.
macro_rules! contract {
    ($($case:ident)*) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(super::memory()).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _folder) = super::sqlite();
                super::$case(store).await;
            })*
        }
    };
}

contract! {
    a_login_is_taken_once_by_the_browser_that_began_it
    a_login_is_taken_by_its_own_cookie_though_the_browser_is_unknown
    a_login_that_only_its_cookie_knows_is_taken_once_too
    a_login_that_took_too_long_is_unknown
    two_callbacks_with_one_state_race_and_one_wins
    a_session_lives_until_its_end_and_use_moves_it
    a_new_session_ends_the_one_before_it
    a_session_that_is_ended_hands_its_record_back_once
    one_holds_the_lease_and_its_result_makes_the_next_version
    a_lease_given_back_or_run_out_is_free
    nobody_leases_or_renews_what_has_ended
    two_refreshes_race_and_one_wins
    a_notice_with_a_session_ends_that_session
    a_notice_with_a_person_ends_all_their_sessions
    a_notice_is_heard_once_while_it_is_remembered
    a_notice_that_overtakes_a_login_keeps_it_from_opening
    what_has_ended_is_swept_in_batches_and_nothing_else
}

fn memory() -> Arc<dyn SessionStore> {
    Arc::new(MemoryStore::default())
}

pub(crate) fn sqlite() -> (Arc<dyn SessionStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("sessions.db")).unwrap();
    (Arc::new(store), folder)
}
