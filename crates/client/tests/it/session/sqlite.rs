//! The file: what is in it, who may read it, and what becomes of it.

use std::path::Path;

use cardea_client::session::{SessionStore, SqliteOpenError, SqliteStore};

use super::contract::{at, named, session};

fn open(folder: &Path) -> Result<SqliteStore, SqliteOpenError> {
    SqliteStore::open(&folder.join("sessions.db"))
}

#[tokio::test]
async fn sessions_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.open_session(session("a", 100), None).await.unwrap();
    drop(store);
    let again = open(folder.path()).unwrap();
    assert!(
        again
            .load_session(named("a"), at(1))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn two_processes_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()).unwrap(), open(folder.path()).unwrap());
    one.open_session(session("a", 100), None).await.unwrap();
    assert!(two.load_session(named("a"), at(1)).await.unwrap().is_some());
    two.end_session(named("a")).await.unwrap();
    assert!(one.load_session(named("a"), at(1)).await.unwrap().is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_can_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.open_session(session("a", 100), None).await.unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
    }
}

#[test]
fn a_file_of_something_else_or_of_the_future_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute_batch("CREATE TABLE other (x)").unwrap();
    assert!(matches!(open(folder.path()), Err(SqliteOpenError::Foreign)));
    db.execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(
        open(folder.path()),
        Err(SqliteOpenError::Newer(99))
    ));
    drop(db);
    std::fs::write(
        &file,
        "this is a letter, not a database, and it is long enough to be read as one",
    )
    .unwrap();
    assert!(matches!(
        open(folder.path()),
        Err(SqliteOpenError::Sqlite(_))
    ));
    assert!(matches!(
        open(&folder.path().join("nowhere")),
        Err(SqliteOpenError::File(_))
    ));
}

#[tokio::test]
async fn a_flood_of_logins_leaves_room_for_who_is_logged_in() {
    use std::sync::Arc;

    use cardea_client::session::KnownLogin;

    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).unwrap());
    store.open_session(session("a", 100), None).await.unwrap();
    // A slow disk: the writer waits.
    let db = rusqlite::Connection::open(folder.path().join("sessions.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let flood = (0..1000).map(|n| {
        let store = Arc::clone(&store);
        let login = KnownLogin {
            browser: named("b"),
            sealed: vec![1],
            ends_at: at(900),
        };
        tokio::spawn(async move { store.begin_login(named(&n.to_string()), login).await })
    });
    let flood: Vec<_> = flood.collect();
    while flood.iter().filter(|login| login.is_finished()).count() < 500 {
        tokio::task::yield_now().await;
    }
    let logout = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.end_session(named("a")).await }
    });
    tokio::task::yield_now().await;
    db.execute_batch("COMMIT").unwrap();
    assert!(logout.await.unwrap().unwrap().is_some());
    let mut kept = 0;
    for login in flood {
        kept += usize::from(login.await.unwrap().is_ok());
    }
    assert!((1..500).contains(&kept), "{kept}");
}

#[tokio::test]
async fn the_oldest_logins_go_when_there_are_too_many() {
    use cardea_client::session::{KnownLogin, TakeLogin, TakenLogin};

    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let begin = async |name: &str| {
        let login = KnownLogin {
            browser: named("b"),
            sealed: vec![1],
            ends_at: at(900),
        };
        store.begin_login(named(name), login).await.unwrap();
    };
    let take = async |name: &str| {
        let login = TakeLogin {
            state: named(name),
            browser: Some(named("b")),
            cookie: None,
        };
        store.take_login(login, at(1)).await.unwrap()
    };
    begin("first").await;
    // As if ten thousand strangers had begun one.
    let db = rusqlite::Connection::open(folder.path().join("sessions.db")).unwrap();
    db.execute_batch("UPDATE sqlite_sequence SET seq = 10000 WHERE name = 'logins'")
        .unwrap();
    begin("last").await;
    assert_eq!(take("first").await, TakenLogin::Unknown);
    assert_eq!(take("last").await, TakenLogin::Known(vec![1]));
}

#[tokio::test]
async fn a_damaged_row_is_an_error_or_no_session_and_never_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let db = rusqlite::Connection::open(folder.path().join("sessions.db")).unwrap();
    for damage in [
        "version = -1",
        "seen_at = 9223372036854775807",
        "version = 99999999999",
    ] {
        store.open_session(session("a", 100), None).await.unwrap();
        db.execute_batch(&format!("UPDATE sessions SET {damage}"))
            .unwrap();
        assert!(
            store.load_session(named("a"), at(1)).await.is_err(),
            "{damage}"
        );
        // A new login gets rid of it.
        let replaced = store
            .open_session(session("b", 100), Some(named("a")))
            .await;
        assert!(replaced.unwrap());
        assert!(
            store
                .load_session(named("a"), at(1))
                .await
                .unwrap()
                .is_none()
        );
        store.end_session(named("b")).await.unwrap();
    }
}
