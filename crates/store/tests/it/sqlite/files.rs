//! Whose the file is, what is in it, and what becomes of it.

use std::{fs, path::Path};

use cardea_protocol::model::*;
use cardea_store::{
    contract::sample::*,
    sqlite::{OpenError, Options, SqliteStore, migrate},
    *,
};
use rusqlite::Connection;

use super::options;

async fn add(store: &SqliteStore, name: &str) -> Result<()> {
    store
        .add_user(AddUser {
            user: user(name),
            password_hash: password(),
            cause: cause(0),
        })
        .await
}

#[tokio::test]
async fn a_second_opener_is_refused_by_the_owners_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(&folder)).unwrap();
    let path = options(&folder).path;
    let refusal = OpenError::InUse {
        path: path.clone(),
        pid: Some(std::process::id()),
    };
    assert_eq!(
        SqliteStore::open(options(&folder)).err(),
        Some(refusal.clone())
    );
    assert_eq!(migrate(&path), Err(refusal));
    add(&store, "alice").await.unwrap();
    drop(store);
    let store = SqliteStore::open(options(&folder)).unwrap();
    assert!(store.user(&user("alice").subject).await.unwrap().is_some());
}

#[tokio::test]
async fn what_was_acknowledged_survives_an_unclean_end() {
    let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = SqliteStore::open(options(&folder)).unwrap();
    for n in 0..50 {
        add(&store, &format!("user{n}")).await.unwrap();
    }
    // The files as a killed process leaves them: database and log, nothing tidied.
    for name in ["cardea.db", "cardea.db-wal"] {
        fs::copy(folder.path().join(name), after.path().join(name)).unwrap();
    }
    let again = SqliteStore::open(options(&after)).unwrap();
    assert_eq!(again.users(page()).await.unwrap().items.len(), 50);
    drop(store);
    assert!(
        !folder.path().join("cardea.db-wal").exists(),
        "an end in good order leaves no log"
    );
}

/// All migrations.
const MIGRATIONS: &[&str] = &[
    "V1__provider",
    "V2__bounds",
    "V3__logouts",
    "V4__users",
    "V5__refresh_retries",
    "V6__credentials_and_outbox",
    "V7__grants",
    "V8__mail",
    "V9__credentials",
    "V10__accounts",
    "V11__roles",
    "V12__password_costs",
    "V13__upstreams",
    "V14__invitations",
    "V15__trusted_device_addresses",
    "V16__user_search",
    "V17__remembered_sessions",
    "V18__factor_resets",
    "V19__factor_lanes",
    "V20__strangers",
    "V21__passkeys",
    "V22__first_account",
    "V23__notices",
    "V24__notice_counts",
    "V25__group_counts",
];
/// The number of the last one.
const LAST: u32 = 25;

#[test]
fn migrations_are_applied_once_and_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = options(&folder).path;
    let unasked = || Options {
        path: path.clone(),
        migrate: false,
    };
    let pending = OpenError::Pending {
        path: path.clone(),
        pending: MIGRATIONS.len(),
    };
    assert_eq!(SqliteStore::open(unasked()).err(), Some(pending));
    assert_eq!(migrate(&path).unwrap(), MIGRATIONS);
    assert!(migrate(&path).unwrap().is_empty());
    assert!(SqliteStore::open(unasked()).is_ok());
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = options(&folder).path;
    migrate(&path).unwrap();
    let newer =
        "INSERT INTO refinery_schema_history VALUES (999, 'future', '2099-01-01T00:00:00Z', '1')";
    Connection::open(&path).unwrap().execute(newer, []).unwrap();
    let refusal = OpenError::Newer {
        path,
        found: 999,
        known: LAST,
    };
    assert_eq!(SqliteStore::open(options(&folder)).err(), Some(refusal));
}

#[test]
fn a_damaged_file_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = options(&folder).path;
    fs::write(
        &path,
        "this is no database, and it is longer than a header of one hundred bytes. ".repeat(9),
    )
    .unwrap();
    let Some(error) = SqliteStore::open(options(&folder)).err() else {
        panic!("it was opened")
    };
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("restore a backup"), "{error}");

    fs::remove_file(&path).unwrap();
    migrate(&path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let error = SqliteStore::open(options(&folder)).err();
    assert!(
        matches!(error, Some(OpenError::Damaged { .. })),
        "{error:?}"
    );
}

#[test]
fn another_programs_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = options(&folder).path;
    let foreign = Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE a (x)").unwrap();
    drop(foreign);
    let before = fs::read(&path).unwrap();
    assert_eq!(
        SqliteStore::open(options(&folder)).err(),
        Some(OpenError::Foreign { path: path.clone() })
    );
    assert!(fs::read(&path).unwrap() == before, "not a byte was changed");
}

#[test]
fn a_missing_folder_is_named() {
    let path = Path::new("/nonexistent/cardea.db");
    let error = migrate(path).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/nonexistent/cardea.db.lock: "),
        "{error}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(&folder)).unwrap();
    add(&store, "alice").await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            entry.file_name()
        );
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "cardea.db",
            "cardea.db-shm",
            "cardea.db-wal",
            "cardea.db.lock"
        ]
    );
}

#[tokio::test]
async fn a_corrupt_row_is_named_and_affects_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(options(&folder)).unwrap();
    add(&store, "alice").await.unwrap();
    add(&store, "bob").await.unwrap();
    let subject = user("alice").subject;
    let vandal = Connection::open(options(&folder).path).unwrap();
    vandal
        .execute(
            "UPDATE users SET roles = '{}' WHERE subject = ?",
            [subject.as_str()],
        )
        .unwrap();
    drop(vandal);

    let Err(StoreError::Corrupt {
        table, column, id, ..
    }) = store.user(&subject).await
    else {
        panic!("it was read")
    };
    assert_eq!(
        (table, column, id.as_str()),
        ("users", "roles", subject.as_str())
    );
    let update = UserUpdate {
        status: Some(UserStatus::Disabled),
        ..Default::default()
    };
    let command = UserChange {
        subject,
        update,
        cause: cause(0),
    };
    assert!(matches!(
        store.change_user(command).await,
        Err(StoreError::Corrupt { .. })
    ));
    assert!(store.user(&user("bob").subject).await.unwrap().is_some());
    add(&store, "carol").await.unwrap();
    store.ready().await.unwrap();
}
