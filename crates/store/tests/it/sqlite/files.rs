//! Whose the file is, what is in it, and what becomes of it.

use std::{fs, path::Path, sync::Arc};

use cardea_protocol::model::*;
use cardea_store::{
    contract::sample::*,
    sqlite::{OpenError, Options, SqliteStore, migrate},
    *,
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::options;

async fn add(store: &SqliteStore, name: &str) -> Result<()> {
    store
        .add_user(AddUser {
            user: user(name),
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
    assert_eq!(again.users(page()).await.unwrap().len(), 50);
    drop(store);
    assert!(
        !folder.path().join("cardea.db-wal").exists(),
        "an end in good order leaves no log"
    );
}

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
        pending: 6,
    };
    assert_eq!(SqliteStore::open(unasked()).err(), Some(pending));
    assert_eq!(
        migrate(&path).unwrap(),
        [
            "V1__provider",
            "V2__bounds",
            "V3__logouts",
            "V4__users",
            "V5__refresh_retries",
            "V7__grants"
        ]
    );
    assert!(migrate(&path).unwrap().is_empty());
    assert!(SqliteStore::open(unasked()).is_ok());
}

#[tokio::test]
async fn what_an_older_version_wrote_survives_the_migrations() {
    let (new, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let world = World::new(Arc::new(SqliteStore::open(options(&new)).unwrap())).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    let unused = world.code("b", ONLINE, 0).await;
    drop(world);
    let first = include_str!("../../../migrations/sqlite/V1__provider.sql");
    let db = Connection::open(options(&old).path).unwrap();
    let beside = format!("ATTACH '{}' AS new", options(&new).path.display());
    db.execute_batch(first).unwrap();
    db.execute_batch(&beside).unwrap();
    db.execute_batch(
        "CREATE TABLE refinery_schema_history AS SELECT * FROM new.refinery_schema_history WHERE version = 1;
         INSERT INTO clients SELECT client_key, client_id, owner, status, secret_hash, metadata, created_at FROM new.clients;
         INSERT INTO users SELECT user_key, subject, username, username_key, email, email_verified, password_hash, roles, claims,
                status, failed_logins, last_failure_at, failure_audited_at, created_at, updated_at FROM new.users;
         INSERT INTO sessions SELECT * FROM new.sessions;
         CREATE TEMP TABLE codes_before AS SELECT * FROM new.codes;
         ALTER TABLE codes_before DROP COLUMN sender_method;
         ALTER TABLE codes_before DROP COLUMN sender_thumbprint;
         INSERT INTO codes SELECT * FROM codes_before;
         INSERT INTO audit SELECT * FROM new.audit;
         INSERT INTO revoked_tokens VALUES ('revoked', 1000000000000000);",
    )
    .unwrap();
    // Ids were random then, and the key of the code was a column.
    let before = Grant {
        id: GrantId::from_bytes([1; 16]),
        refresh: grant.refresh.clone().map(|refresh| RefreshState {
            token_id: RefreshTokenId([2; 16]),
            ..refresh
        }),
        ..grant
    };
    let redeemed = code(
        "a",
        &session("one", &user("alice"), 0),
        &client("spa"),
        OFFLINE,
        0,
    );
    db.execute(
        "INSERT INTO grants (grant_key, grant_id, client_key, user_key, session_key, code_hash, offline, redirect_uri,
             redirect_uri_given, code_challenge, scope, resources, claims, nonce, auth_time, acr, amr, created_at,
             expires_at, refresh_token_id, refresh_sealed_secret, refresh_generation, refresh_rotated_at,
             refresh_current_seen, refresh_idle_expires_at, last_address, last_user_agent)
         SELECT grant_key, ?1, client_key, user_key, session_key, ?2, offline, redirect_uri, redirect_uri_given,
             code_challenge, scope, resources, claims, nonce, auth_time, acr, amr, created_at, expires_at, ?3,
             refresh_sealed_secret, refresh_generation, refresh_rotated_at, refresh_current_seen,
             refresh_idle_expires_at, last_address, last_user_agent FROM new.grants",
        ([1_u8; 16], redeemed.hash.0.as_bytes(), [2_u8; 16]),
    )
    .unwrap();
    drop(db);
    let store = SqliteStore::open(options(&old)).unwrap();
    let found = store.token_state(before.id, &jti("any"), at(0)).await;
    assert_eq!(found.unwrap().unwrap().grant, before);
    assert!(matches!(
        store.code(unused.hash, at(0)).await.unwrap(),
        Some(CodeLookup::Unused(found)) if found.code == unused
    ));
    let state = store.token_state(before.id, &jti("revoked"), at(0)).await;
    assert!(state.unwrap().unwrap().jti_revoked);
    old_tokens_and_codes(Arc::new(store), &before, &redeemed).await;
    assert_eq!(schema(&old), schema(&new), "as if it had been made today");
    let db = Connection::open(options(&old).path).unwrap();
    let broken = |check: &str| -> Vec<String> {
        let mut found = db.prepare(check).unwrap();
        let rows = found.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert!(broken("PRAGMA foreign_key_check").is_empty());
    assert_eq!(broken("PRAGMA integrity_check"), ["ok"]);
}

/// An old refresh token works under its own id only, and a code that was used before is still known.
async fn old_tokens_and_codes(store: AnyStore, before: &Grant, redeemed: &Code) {
    let context = |id| {
        let store = store.clone();
        async move {
            store
                .refresh_context(RefreshTokenId(id), at(1))
                .await
                .unwrap()
        }
    };
    assert_eq!(*context([2; 16]).await.unwrap().grant, *before);
    assert!(context([1; 16]).await.is_none(), "the id of the grant");
    let rotated = store.rotate_refresh(rotation(before, 0, 1)).await;
    let rotated = rotated.unwrap().unwrap().verdict;
    assert!(matches!(
        rotated.answer,
        cardea_protocol::token::refresh_token::Answer::Tokens { generation: 1 }
    ));
    assert_eq!(
        context([2; 16])
            .await
            .unwrap()
            .grant
            .refresh
            .map(|r| r.generation),
        Some(1)
    );
    let Some(CodeLookup::Used(used)) = store.code(redeemed.hash, at(1)).await.unwrap() else {
        panic!("the code is not known any more")
    };
    assert_eq!(used.id, before.id);
    let again = RedeemCode {
        code: redeemed.hash,
        grant: grant(redeemed, 1),
        proof: proof(&client("spa"), &redeemed.binding),
        cause: cause(1),
    };
    assert!(matches!(
        store.redeem_code(again).await.unwrap(),
        Redeemed::Reused
    ));
    let revoked = store.token_state(before.id, &jti("any"), at(1)).await;
    let revoked = revoked.unwrap().unwrap().grant.state;
    let reason = RevocationReason::CodeReused;
    assert_eq!(
        revoked,
        GrantState::Revoked(Revocation { at: at(1), reason })
    );
}

/// All tables, with what they refer to, and all indexes.
fn schema(folder: &TempDir) -> Vec<(String, String)> {
    let db = Connection::open(options(folder).path).unwrap();
    let sql = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> 'refinery_schema_history' ORDER BY name";
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
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
        known: 7,
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
