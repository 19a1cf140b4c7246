//! What an older version wrote is kept.

use std::sync::Arc;

use cardea_protocol::model::*;
use cardea_seal::Secret;
use cardea_store::{contract::sample::*, sqlite::SqliteStore, *};
use rusqlite::Connection;
use tempfile::TempDir;

use super::options;

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
         INSERT INTO users SELECT user_key, subject, username, username_key, email, email_verified,
                (SELECT secret FROM new.credentials c WHERE c.user_key = u.user_key), roles, claims, status, failed_logins,
                last_failure_at, failure_audited_at, created_at, updated_at FROM new.users u;
         INSERT INTO sessions SELECT session_key, cookie_hash, sid, user_key, auth_time, acr, amr, created_at, last_seen_at,
                idle_expires_at, expires_at, address, user_agent, ended_at, end_reason, keep_until FROM new.sessions;
         CREATE TEMP TABLE codes_before AS SELECT * FROM new.codes;
         ALTER TABLE codes_before DROP COLUMN sender_method;
         ALTER TABLE codes_before DROP COLUMN sender_thumbprint;
         ALTER TABLE codes_before DROP COLUMN org_key;
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

/// The migrations of a store that version 5 of the schema wrote.
const TO_V5: [&str; 5] = [
    include_str!("../../../migrations/sqlite/V1__provider.sql"),
    include_str!("../../../migrations/sqlite/V2__bounds.sql"),
    include_str!("../../../migrations/sqlite/V3__logouts.sql"),
    include_str!("../../../migrations/sqlite/V4__users.sql"),
    include_str!("../../../migrations/sqlite/V5__refresh_retries.sql"),
];

/// A store of version 5 with these rows, opened today; and the folder of one that was made today.
fn from_v5(rows: &str) -> (SqliteStore, TempDir, TempDir) {
    let (new, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(SqliteStore::open(options(&new)).unwrap());
    let db = Connection::open(options(&old).path).unwrap();
    for migration in TO_V5 {
        db.execute_batch(migration).unwrap();
    }
    let beside = format!("ATTACH '{}' AS new", options(&new).path.display());
    db.execute_batch(&beside).unwrap();
    db.execute_batch(
        "CREATE TABLE refinery_schema_history AS SELECT * FROM new.refinery_schema_history WHERE version <= 5",
    )
    .unwrap();
    db.execute_batch(rows).unwrap();
    drop(db);
    (SqliteStore::open(options(&old)).unwrap(), old, new)
}

/// As `user(name)` was written.
fn v5_user(name: &str, hash: Option<&str>) -> String {
    let hash = hash.map_or("NULL".to_owned(), |hash| format!("'{hash}'"));
    format!(
        "INSERT INTO users (subject, username, username_key, email_verified, password_hash, roles, claims, status, created_at, updated_at)
         VALUES ('{}', '{name}', '{name}', 0, {hash}, '[]', '{{}}', 'enabled', 1900000000000, 1900000005000);",
        user(name).subject.as_str()
    )
}

#[tokio::test]
async fn d25_passwords_of_version_5_become_credentials() {
    const CURRENT: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
    const CHEAP: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA";
    let rows = [
        v5_user("alice", Some(CURRENT)),
        v5_user("bob", None),
        v5_user("carol", Some(CHEAP)),
        v5_user("dave", Some(CURRENT)),
    ];
    let (store, old, new) = from_v5(&rows.concat());
    for (name, expected) in [
        ("alice", Some(CURRENT)),
        ("bob", None),
        ("carol", Some(CHEAP)),
    ] {
        let found = store.login_user(&Username::parse(name).unwrap()).await;
        let found = found.unwrap().unwrap();
        let hash = found.password.as_ref().map(|p| p.hash.expose().as_str());
        assert_eq!(hash, expected, "{name}");
        assert_eq!(found.user.subject, user(name).subject);
        assert_eq!(
            (found.user.created_at, found.user.updated_at),
            (at(0), at(5))
        );
    }
    let costs = async || {
        let mut costs = store.password_costs().await.unwrap();
        costs.sort();
        costs
    };
    let cost = |text: &str, users| (text.to_owned(), users);
    let (current, cheap) = (
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$argon2id$v=19$m=8,t=1,p=1",
    );
    assert_eq!(costs().await, [cost(current, 2), cost(cheap, 1)]);
    // They are counted from then on, too.
    for name in ["alice", "bob"] {
        let update = UserUpdate {
            password_hash: Some(Secret::new(CHEAP.to_owned())),
            ..UserUpdate::default()
        };
        let command = UserChange {
            subject: user(name).subject,
            update,
            cause: cause(9),
        };
        assert!(store.change_user(command).await.unwrap());
    }
    assert_eq!(costs().await, [cost(current, 1), cost(cheap, 3)]);
    let removed = store.remove_user(user("dave").subject, cause(9));
    assert!(removed.await.unwrap());
    assert_eq!(costs().await, [cost(cheap, 3)]);
    drop(store);
    assert_eq!(schema(&old), schema(&new), "as if it had been made today");
}

#[tokio::test]
async fn names_of_version_5_get_the_keys_of_rfc_8265() {
    let (decomposed, composed) = ("e\u{301}mile", "\u{e9}mile");
    let (taken, fox) = ("o\u{308}rn", "\u{1f98a}");
    let mut rows: Vec<String> = [decomposed, taken, fox, "\u{f6}rn", "bob"]
        .iter()
        .map(|name| v5_user(name, None))
        .collect();
    rows.push(format!(
        "INSERT INTO seeds VALUES ('{decomposed}'), ('gone-e\u{301}'), ('bob');"
    ));
    let (store, old, _new) = from_v5(&rows.concat());
    let found = async |store: &SqliteStore, name: &str| {
        let found = store.user_by_name(&Username::parse(name).unwrap()).await;
        found.unwrap().map(|user| user.username.as_str().to_owned())
    };
    for _ in 0..2 {
        assert_eq!(found(&store, composed).await.as_deref(), Some(decomposed));
        assert_eq!(found(&store, "BOB").await.as_deref(), Some("bob"));
        assert_eq!(found(&store, fox).await.as_deref(), Some(fox));
        // Two users had names that are the same now: each is found by what was typed then.
        assert_eq!(found(&store, "\u{d6}RN").await.as_deref(), Some("\u{f6}rn"));
        assert_eq!(found(&store, taken).await.as_deref(), Some(taken));
    }
    let again = |name: &str| AddUser {
        user: User {
            subject: user("another").subject,
            ..user(name)
        },
        password_hash: None,
        cause: cause(0),
    };
    assert_eq!(
        store.seed_user(again("gone-\u{e9}")).await,
        Ok(Seeded::Known),
        "D19"
    );
    assert!(store.add_user(again(composed)).await.is_err());
    assert!(
        store.add_user(again("b\u{43e}b")).await.is_err(),
        "it looks like bob"
    );
    drop(store);
    // Opened again, nothing is left to do.
    let store = SqliteStore::open(options(&old)).unwrap();
    assert_eq!(found(&store, taken).await.as_deref(), Some(taken));
}

#[tokio::test]
async fn d28_pending_logouts_of_version_5_are_in_the_outbox() {
    let client = |key: u8, id: &str| {
        format!(
            "INSERT INTO clients VALUES ({key}, '{id}', 'store', 'enabled', NULL, '{}', 1900000000000);",
            serde_json::to_string(&metadata(id)).unwrap()
        )
    };
    let logout = |key: u8, client: u8, attempts: u8, due: i64| {
        format!(
            "INSERT INTO logouts VALUES ({key}, {client}, 'subject-{key}', 'sid-{key}', 'request-{key}', 1900000000000, {attempts}, {});",
            at(due).as_millisecond()
        )
    };
    let rows = [
        client(1, "app"),
        client(2, "web"),
        logout(5, 2, 0, 0),
        logout(7, 1, 3, 60),
    ];
    let (store, old, new) = from_v5(&rows.concat());
    let claim = async |sid: Option<&str>, seconds| {
        let command = ClaimMessages {
            kind: MessageKind::LogoutToken,
            sid: sid.map(|sid| Sid::parse(sid).unwrap()),
            busy: Vec::new(),
            limit: 10,
            lease: jiff::SignedDuration::from_secs(3600),
            now: at(seconds),
        };
        store.claim_messages(command).await.unwrap()
    };
    let claimed = |key: i64, client: &str, attempt| ClaimedMessage {
        id: MessageId(key),
        message: Message::LogoutToken {
            client_id: ClientId::parse(client).unwrap(),
            subject: Subject::parse(&format!("subject-{key}")).unwrap(),
            sid: Sid::parse(&format!("sid-{key}")).unwrap(),
        },
        request_id: format!("request-{key}"),
        made_at: at(0),
        attempt,
    };
    assert_eq!(claim(None, 59).await, [claimed(5, "web", 1)]);
    assert_eq!(claim(Some("sid-7"), 59).await, [], "it is not due");
    assert_eq!(claim(Some("sid-7"), 60).await, [claimed(7, "app", 4)]);
    let removed = store.remove_client(ClientId::parse("web").unwrap(), cause(9));
    assert!(removed.await.unwrap());
    let left = claim(None, DAY).await;
    assert_eq!(left, [claimed(7, "app", 5)], "that client's are gone");
    drop(store);
    assert_eq!(schema(&old), schema(&new), "as if it had been made today");
}
