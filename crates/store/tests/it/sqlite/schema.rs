//! A wrong state can't be stored, and a rotation writes little.

use std::sync::Arc;

use cardea_store::{Audit as _, AuditFilter, contract::sample::*, sqlite::SqliteStore};
use rusqlite::{Connection, ErrorCode};
use tempfile::TempDir;

use super::options;

/// A database with Alice, her session, a grant and a code.
async fn filled() -> (Connection, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(Arc::new(SqliteStore::open(options(&folder)).unwrap())).await;
    world.grant("a", ONLINE, 0).await;
    world.grant("b", ONLINE, 0).await;
    world.code("c", ONLINE, 0).await;
    drop(world);
    let connection = Connection::open(options(&folder).path).unwrap();
    connection
        .execute_batch("PRAGMA foreign_keys = ON")
        .unwrap();
    (connection, folder)
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list")]
async fn a_wrong_state_cannot_be_stored() {
    let (db, _folder) = filled().await;
    let key = "INSERT INTO signing_keys (kid, algorithm, state, sealed_private, created_at, activated_at, retired_at)";
    db.execute_batch(&format!("{key} VALUES ('a', 'ES256', 'active', x'00', 1, 1, NULL), ('b', 'ES256', 'next', x'00', 1, NULL, NULL)"))
        .unwrap();
    let message =
        "INSERT INTO outbox (kind, client_key, payload, request_id, made_at, attempts, due_at)";
    let logout = r#"{"subject":"u","sid":"s"}"#;
    let credential = "INSERT INTO credentials (user_key, kind, id, secret, created_at)";
    let device = "INSERT INTO trusted_devices (user_key, token_hash, label, created_at, last_used_at, expires_at)";
    let second = "INSERT INTO users (user_key, subject, username, username_key, email_verified, roles, claims, status, created_at, updated_at)
                  VALUES (2, 'bob', 'bob', 'bob', 0, '[]', '{}', 'enabled', 1, 1)";
    db.execute_batch(&format!(
        "{second}; {credential} VALUES (1, 'upstream', 'google alice', NULL, 1)"
    ))
    .unwrap();
    let wrong = [
        format!("{key} VALUES ('c', 'ES256', 'active', x'00', 1, 1, NULL)"),
        format!("{key} VALUES ('c', 'ES256', 'next', x'00', 1, NULL, NULL)"),
        format!("{key} VALUES ('c', 'RS256', 'active', x'00', 1, NULL, NULL)"),
        format!("{key} VALUES ('c', 'RS256', 'retired', x'00', 1, 1, NULL)"),
        format!("{key} VALUES ('c', 'RS256', 'old', x'00', 1, 1, 1)"),
        "UPDATE grants SET code_hash = x'0000000000000000000000000000000000000000000000000000000000000000'".to_owned(),
        "UPDATE grants SET grant_id = (SELECT min(grant_id) FROM grants)".to_owned(),
        "UPDATE grants SET refresh_token_id = x'00000000000000000000000000000000'".to_owned(),
        "UPDATE grants SET refresh_sealed_secret = NULL".to_owned(),
        "UPDATE grants SET session_key = NULL".to_owned(),
        "UPDATE grants SET origin = ''".to_owned(),
        "UPDATE grants SET redirect_uri = NULL".to_owned(),
        "UPDATE grants SET sender_method = 'dpop'".to_owned(),
        "UPDATE grants SET sender_method = 'key', sender_thumbprint = zeroblob(32)".to_owned(),
        "UPDATE codes SET sender_thumbprint = zeroblob(32)".to_owned(),
        "UPDATE codes SET sender_method = 'dpop', sender_thumbprint = zeroblob(31)".to_owned(),
        "UPDATE sessions SET user_key = 99".to_owned(),
        "UPDATE grants SET refresh_generation = NULL".to_owned(),
        "UPDATE grants SET refresh_generation = -1".to_owned(),
        "UPDATE grants SET revoked_at = 1".to_owned(),
        "UPDATE grants SET revoked_reason = 'logout'".to_owned(),
        "UPDATE grants SET revoked_at = 1, revoked_reason = 'boredom'".to_owned(),
        "UPDATE grants SET session_key = 99".to_owned(),
        "UPDATE grants SET expires_at = 'tomorrow'".to_owned(),
        "DELETE FROM sessions".to_owned(),
        "UPDATE sessions SET ended_at = 1".to_owned(),
        "UPDATE sessions SET end_reason = 'logout'".to_owned(),
        "UPDATE sessions SET cookie_hash = x'00'".to_owned(),
        "UPDATE users SET email = NULL".to_owned(),
        "UPDATE users SET failed_logins = 1".to_owned(),
        "UPDATE users SET claims = '{'".to_owned(),
        format!("{credential} VALUES (1, 'password', '', '$argon2id$second', 1)"),
        format!("{credential} VALUES (99, 'password', '', '$argon2id$of-no-user', 1)"),
        format!("{credential} VALUES (1, 'password', 'another', '$argon2id$second', 1)"),
        format!("{credential} VALUES (1, 'totp', 'another', 'sealed', 1)"),
        format!("{credential} VALUES (1, 'totp', '', NULL, 1)"),
        format!("{credential} VALUES (1, 'backup_code', '', NULL, 1)"),
        format!("{credential} VALUES (1, 'passkey', 'p', NULL, 1)"),
        format!("{credential} VALUES (2, 'upstream', 'google alice', NULL, 1)"),
        "UPDATE credentials SET kind = 'horoscope'".to_owned(),
        "UPDATE credentials SET secret = ''".to_owned(),
        "UPDATE credentials SET used = -1".to_owned(),
        "UPDATE credentials SET data = '{'".to_owned(),
        "UPDATE sessions SET upstream = 'x'".to_owned(),
        "UPDATE sessions SET upstream_session = 'x'".to_owned(),
        "UPDATE users SET failed_factors = 1".to_owned(),
        "UPDATE users SET last_factor_failure_at = 1".to_owned(),
        format!("{device} VALUES (1, x'00', '', 1, 1, 1)"),
        format!("{device} VALUES (99, zeroblob(32), '', 1, 1, 1)"),
        format!("{message} VALUES ('', 1, '{{}}', 'r', 1, 0, 1)"),
        format!("{message} VALUES ('mail', NULL, '{{\"to\":\"a@b.c\"}}', 'r', 1, 0, 1)"),
        format!("{message} VALUES ('mail', 1, '{{\"to\":\"a@b.c\",\"template\":\"test\"}}', 'r', 1, 0, 1)"),
        format!("{message} VALUES ('mail', NULL, '{{\"template\":\"test\"}}', 'r', 1, 0, 1)"),
        format!("{message} VALUES ('logout_token', NULL, '{logout}', 'r', 1, 0, 1)"),
        format!("{message} VALUES ('logout_token', 99, '{logout}', 'r', 1, 0, 1)"),
        format!("{message} VALUES ('logout_token', 1, '{{\"sid\":\"s\"}}', 'r', 1, 0, 1)"),
        format!("{message} VALUES ('logout_token', 1, '{{\"subject\":\"u\"}}', 'r', 1, 0, 1)"),
        format!("{message} VALUES ('logout_token', 1, '{logout}', 'r', 1, -1, 1)"),
        "UPDATE clients SET status = 'maybe'".to_owned(),
        "UPDATE codes SET client_key = 99".to_owned(),
        "INSERT INTO marks VALUES (2, 'https://two', 0, x'00')".to_owned(),
        "UPDATE audit SET actor_kind = 'person', actor_id = NULL".to_owned(),
    ];
    for sql in wrong {
        let error = db.execute(&sql, []).expect_err(&sql);
        assert_eq!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation),
            "{sql}: {error}"
        );
    }
}

/// The trees that a statement opens to write.
fn trees_written(db: &Connection, sql: &str) -> usize {
    let mut statement = db.prepare(&format!("EXPLAIN {sql}")).unwrap();
    let opcodes = statement
        .query_map([], |row| row.get::<_, String>(1))
        .unwrap();
    opcodes
        .filter(|opcode| opcode.as_deref() == Ok("OpenWrite"))
        .count()
}

#[tokio::test]
async fn a_rotation_writes_one_tree() {
    let (db, _folder) = filled().await;
    let rotation = "UPDATE grants SET refresh_generation = 1, refresh_rotated_at = 1, refresh_current_seen = 0,
        refresh_idle_expires_at = 1, refresh_anomaly_at = 1, last_address = '', last_user_agent = '' WHERE grant_key = 1";
    assert_eq!(trees_written(&db, rotation), 1);
    let revocation =
        "UPDATE grants SET revoked_at = 1, revoked_reason = 'logout' WHERE grant_key = 1";
    assert_eq!(
        trees_written(&db, revocation),
        3,
        "the order of the clean-up and of a user's grants change too"
    );
}

/// The last column of `EXPLAIN QUERY PLAN`, in one text.
fn plan(db: &Connection, sql: &str) -> String {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement
        .query_map([], |row| row.get::<_, String>(3))
        .unwrap();
    steps
        .map(std::result::Result::unwrap)
        .collect::<Vec<_>>()
        .join("; ")
}

#[tokio::test]
async fn what_is_asked_often_has_an_index() {
    let (db, _folder) = filled().await;
    let often = [
        "SELECT 1 FROM grants WHERE refresh_token_id = x'00'",
        "SELECT 1 FROM grants WHERE grant_id = x'00'",
        "SELECT 1 FROM grants WHERE code_hash = x'00'",
        "UPDATE grants SET revoked_at = 1, revoked_reason = 'logout'
         WHERE user_key = (SELECT user_key FROM sessions WHERE session_key = 1)
           AND coalesce(revoked_at, expires_at) > 1 AND session_key = 1 AND revoked_at IS NULL AND offline = 0",
        "SELECT 1 FROM sessions s JOIN grants g ON g.user_key = s.user_key AND g.session_key = s.session_key
         WHERE s.session_key = 1",
        "SELECT 1 FROM grants WHERE user_key = 1 AND client_key = 1",
        "SELECT 1 FROM grants WHERE user_key = 1 AND client_key = 1 AND coalesce(revoked_at, expires_at) > 1",
        "SELECT 1 FROM audit WHERE event = 'refresh_ahead' AND grant_id = x'00' AND at > 1",
        "SELECT 1 FROM grants WHERE coalesce(revoked_at, expires_at) <= 1 ORDER BY coalesce(revoked_at, expires_at)",
        "SELECT 1 FROM sessions WHERE cookie_hash = x'00'",
        "SELECT 1 FROM sessions s JOIN users u ON u.user_key = s.user_key
         WHERE u.subject = 'x' AND s.sid = 'x' AND (s.ended_at IS NULL AND s.expires_at > 1)",
        "SELECT 1 FROM sessions WHERE keep_until <= 1 ORDER BY keep_until",
        "SELECT 1 FROM sessions s WHERE s.ended_at IS NULL AND min(s.idle_expires_at, s.expires_at) <= 1
         ORDER BY min(s.idle_expires_at, s.expires_at)",
        "SELECT 1 FROM outbox WHERE kind = 'logout_token' AND due_at <= 1 ORDER BY due_at, message_key",
        "SELECT 1 FROM outbox WHERE sid = 'x' AND due_at <= 1",
        "SELECT count(*) FROM outbox WHERE stranger = 'x'",
        "SELECT count(*) FROM outbox WHERE stranger IS NOT NULL",
        "SELECT secret FROM users u LEFT JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'password'
         WHERE u.username_key = 'x'",
        "SELECT 1 FROM users u WHERE u.username_skeleton = 'x' AND u.username_key <> 'x'",
        "SELECT user_key FROM credentials WHERE kind = 'passkey' AND id = 'x'",
        "SELECT user_key FROM credentials WHERE kind = 'upstream' AND id = 'x'",
        "DELETE FROM credentials WHERE user_key = 1 AND kind = 'backup_code' AND id = 'x'",
        "SELECT 1 FROM trusted_devices WHERE token_hash = x'00'",
        "SELECT 1 FROM trusted_devices WHERE user_key = 1",
        "SELECT 1 FROM sessions WHERE upstream_link = 'x' AND ended_at IS NULL",
        "SELECT 1 FROM sessions WHERE upstream_session = 'x' AND ended_at IS NULL",
        "SELECT 1 FROM users WHERE lower(email) = lower('x') AND email_verified = 1 ORDER BY user_key LIMIT 1",
        "SELECT 1 FROM upstream_logouts WHERE expires_at <= 1 ORDER BY expires_at",
        "SELECT 1 FROM trusted_devices WHERE expires_at <= 1 ORDER BY expires_at",
        "SELECT 1 FROM audit WHERE subject = 'x' AND id < 9 AND id >= 1 ORDER BY id DESC LIMIT 3",
        "SELECT 1 FROM audit WHERE event = 'x' AND event <> 'login' ORDER BY id DESC",
        "SELECT 1 FROM users WHERE username_key > 'x' ORDER BY username_key LIMIT 3",
        "SELECT 1 FROM clients WHERE client_id > 'x' ORDER BY client_id LIMIT 3",
        "SELECT 1 FROM sessions s JOIN users u ON u.user_key = s.user_key WHERE s.session_key < 9 ORDER BY s.session_key DESC LIMIT 3",
    ];
    for sql in often {
        let plan = plan(&db, sql);
        assert!(
            plan.contains("SEARCH") && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"),
            "{sql}: {plan}"
        );
    }
}

#[tokio::test]
async fn an_event_of_a_newer_version_is_read_by_its_name() {
    let (db, folder) = filled().await;
    db.execute_batch(
        "INSERT INTO audit (at, event, actor_kind, request_id) VALUES (1900000000000, 'moon_landed', 'system', 'r')",
    )
    .unwrap();
    let store = SqliteStore::open(options(&folder)).unwrap();
    let rows = store.audit(AuditFilter::default(), page()).await.unwrap();
    let names: Vec<_> = rows.items.iter().map(|row| row.event.name()).collect();
    assert_eq!(names[0], "moon_landed");
    assert_eq!(rows.items[0].event.known(), None);
    assert!(
        names.len() > 1
            && rows.items[1..]
                .iter()
                .all(|row| row.event.known().is_some())
    );
}
