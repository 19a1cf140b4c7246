//! Group commit, and what a fault costs (D5).

use std::{sync::Arc, time::Duration};

use cardea_store::{contract::sample::*, sqlite::SqliteStore, *};
use cardea_testkit::{PATIENCE, eventually, settle, slowly};
use rusqlite::ffi;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{
    options,
    scripted::{PANIC, Script, Step},
};

struct Bench {
    script: Script,
    store: Arc<SqliteStore>,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let (script, folder) = (Script::default(), tempfile::tempdir().unwrap());
        let store = script.open(options(&folder));
        Self {
            script,
            store,
            _folder: folder,
        }
    }

    fn add(&self, name: &str) -> JoinHandle<Result<()>> {
        let (store, user) = (self.store.clone(), user(name));
        tokio::spawn(async move {
            store
                .add_user(AddUser {
                    user,
                    password_hash: password(),
                    cause: cause(0),
                })
                .await
        })
    }

    /// Adds users in one batch: the writer is held in the batch before until they all wait. The fault comes in theirs.
    async fn batch(&self, names: &[&str], fault: impl FnOnce(&Script)) -> Vec<Result<()>> {
        self.script.hold(Step::Commit);
        let first = self.add("first");
        self.script.held().await;
        let mut handles = Vec::new();
        for name in names {
            handles.push(self.add(name));
            // In order, and on the queue.
            settle().await;
        }
        self.script.after_commit(fault);
        first.await.unwrap().unwrap();
        let mut results = Vec::new();
        for handle in handles {
            results.push(handle.await.unwrap());
        }
        results
    }

    async fn wait_until_ready(&self) {
        let ready = async || self.store.ready().await.is_ok();
        eventually("the store is ready again", ready).await;
    }

    async fn is_there(&self, name: &str) -> bool {
        self.store
            .user(&user(name).subject)
            .await
            .unwrap()
            .is_some()
    }
}

fn is(outcome: &Result<()>, expected: NotDone) -> bool {
    matches!(outcome, Err(StoreError::Unavailable { done, .. }) if *done == expected)
}

#[tokio::test]
async fn many_commands_share_one_commit() {
    let bench = Bench::new();
    bench.script.hold(Step::Begin);
    let first = bench.add("first");
    bench.script.held().await;
    let handles: Vec<_> = (0..100).map(|n| bench.add(&format!("user{n}"))).collect();
    settle().await;
    bench.script.go_on();
    first.await.unwrap().unwrap();
    for handle in handles {
        handle.await.unwrap().unwrap();
    }
    assert_eq!(bench.script.commits(), 2);
}

#[tokio::test]
async fn no_command_is_answered_before_the_commit() {
    let bench = Bench::new();
    bench.script.hold(Step::Commit);
    let (winner, loser) = (bench.add("alice"), bench.add("alice"));
    bench.script.held().await;
    settle().await;
    assert!(!winner.is_finished() && !loser.is_finished());
    assert!(!bench.is_there("alice").await, "no reader sees it either");
    bench.script.go_on();
    let outcomes = [winner.await.unwrap(), loser.await.unwrap()];
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_failed_command_does_not_affect_its_batch() {
    let bench = Bench::new();
    let outcomes = bench.batch(&["alice", "alice", "bob"], |_| {}).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert_eq!(outcomes[1], Err(conflict(Constraint::UserName)));
    assert_eq!(bench.script.commits(), 2);
    assert!(bench.is_there("alice").await && bench.is_there("bob").await);
}

#[tokio::test]
async fn an_error_before_the_commit_costs_the_batch_and_nothing_was_written() {
    for step in [Step::Begin, Step::Savepoint, Step::Release] {
        let bench = Bench::new();
        let outcomes = bench
            .batch(&["alice", "bob"], |script| {
                script.fail(step, ffi::SQLITE_BUSY);
            })
            .await;
        assert!(
            outcomes.iter().all(|outcome| is(outcome, NotDone::Sure)),
            "{step:?}: {outcomes:?}"
        );
        assert!(!bench.is_there("alice").await && !bench.is_there("bob").await);
        bench.store.ready().await.unwrap();
        bench.add("alice").await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_transaction_that_ended_by_itself_costs_the_batch() {
    let bench = Bench::new();
    let outcomes = bench
        .batch(&["alice", "alice", "bob"], Script::vanish)
        .await;
    assert!(
        outcomes.iter().all(|outcome| is(outcome, NotDone::Sure)),
        "{outcomes:?}"
    );
    assert!(!bench.is_there("alice").await && !bench.is_there("bob").await);
    bench.add("alice").await.unwrap().unwrap();
}

#[tokio::test]
async fn an_error_of_the_commit_or_the_disk_ends_the_store() {
    let faults = [
        (Step::Commit, ffi::SQLITE_BUSY),
        (Step::Commit, ffi::SQLITE_IOERR_FSYNC),
        (Step::Savepoint, ffi::SQLITE_IOERR_READ),
        (Step::Begin, ffi::SQLITE_IOERR),
    ];
    for (step, code) in faults {
        let bench = Bench::new();
        let failed = tokio::spawn(bench.store.failed());
        let script = |script: &Script| script.fail(step, code);
        let outcomes = bench.batch(&["alice", "alice", "bob"], script).await;
        assert!(
            outcomes.iter().all(|outcome| is(outcome, NotDone::Unknown)),
            "{step:?}: {outcomes:?}"
        );
        assert!(failed.await.unwrap().contains("scripted"));
        assert!(bench.store.ready().await.is_err());
        let later = bench.add("carol").await.unwrap();
        assert!(
            is(&later, NotDone::Sure),
            "a later command is refused: {later:?}"
        );
    }
}

#[tokio::test]
async fn what_waits_when_the_store_fails_is_refused() {
    let bench = Bench::new();
    bench.script.hold(Step::Commit);
    let first = bench.add("alice");
    bench.script.held().await;
    let second = bench.add("bob");
    settle().await;
    bench.script.fail(Step::Commit, ffi::SQLITE_IOERR);
    bench.script.go_on();
    assert!(is(&first.await.unwrap(), NotDone::Unknown));
    assert!(is(&second.await.unwrap(), NotDone::Sure));
}

#[tokio::test]
async fn a_full_disk_makes_the_store_read_only_until_there_is_room() {
    let bench = Bench::new();
    bench.add("alice").await.unwrap().unwrap();
    bench.script.max_pages(1); // SQLite takes it as "no more than there are".
    let mut n = 0;
    let refused = loop {
        match bench.add(&format!("user{n}")).await.unwrap() {
            Ok(()) => n += 1,
            Err(error) => break Err(error),
        }
        assert!(n < 10_000, "it never was full");
    };
    assert!(is(&refused, NotDone::Sure), "{refused:?}");
    assert!(bench.store.ready().await.is_err());
    assert!(is(&bench.add("later").await.unwrap(), NotDone::Sure));
    assert!(bench.is_there("alice").await, "it reads");
    assert_eq!(
        bench
            .store
            .users(page())
            .await
            .unwrap()
            .items
            .len()
            .min(100),
        (n + 1).min(100),
        "and has what it confirmed"
    );
    // Longer than the second between two probes.
    slowly(Duration::from_millis(1300)).await;
    assert!(bench.store.ready().await.is_err(), "still full");

    bench.script.max_pages(1_000_000);
    bench.wait_until_ready().await;
    bench.add("later").await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let bench = Bench::new();
    bench.script.hold(Step::Begin);
    let first = bench.add("first");
    bench.script.held().await;
    let waiting: Vec<_> = (0..256).map(|n| bench.add(&format!("user{n}"))).collect();
    settle().await;
    let late = tokio::time::timeout(PATIENCE, bench.add("late")).await;
    assert!(is(&late.expect("at once").unwrap(), NotDone::Sure));
    bench.script.go_on();
    first.await.unwrap().unwrap();
    for handle in waiting {
        handle.await.unwrap().unwrap();
    }
    assert!(!bench.is_there("late").await);
}

#[tokio::test]
async fn a_command_runs_though_its_caller_hung_up() {
    let bench = Bench::new();
    bench.script.hold(Step::Begin);
    let first = bench.add("first");
    bench.script.held().await;
    let caller = bench.add("alice");
    settle().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    bench.script.go_on();
    first.await.unwrap().unwrap();
    bench.add("bob").await.unwrap().unwrap();
    assert!(bench.is_there("alice").await);
}

#[tokio::test]
async fn a_writer_that_panics_ends_the_store_and_every_wait() {
    let bench = Bench::new();
    bench.script.hold(Step::Commit);
    let first = bench.add("alice");
    bench.script.held().await;
    let second = bench.add("bob");
    settle().await;
    bench.script.fail(Step::Commit, PANIC);
    bench.script.go_on();
    assert!(is(&first.await.unwrap(), NotDone::Unknown));
    assert!(is(&second.await.unwrap(), NotDone::Unknown));
    assert!(bench.store.ready().await.is_err());
    assert!(is(&bench.add("carol").await.unwrap(), NotDone::Sure));
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_commit_is_no_end() {
    let bench = Bench::new();
    let full = |script: &Script| script.fail(Step::Commit, ffi::SQLITE_FULL);
    let outcomes = bench.batch(&["alice", "alice", "bob"], full).await;
    assert!(
        outcomes.iter().all(|outcome| is(outcome, NotDone::Unknown)),
        "{outcomes:?}"
    );
    assert!(bench.store.ready().await.is_err());
    assert!(is(&bench.add("later").await.unwrap(), NotDone::Sure));
    bench.wait_until_ready().await;
    assert!(!bench.is_there("alice").await && !bench.is_there("bob").await);
    bench.add("alice").await.unwrap().unwrap();
}
