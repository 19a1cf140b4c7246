//! How many pages of the log a login writes: what each costs on the disk.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
    sync::Arc,
};

use cardea_protocol::model::*;
use cardea_store::{contract::sample::*, sqlite::SqliteStore, *};
use rusqlite::Connection;

use super::options;

/// A page of the log with its header.
const FRAME: usize = 24 + 2048;

/// The log as it grows.
struct Log {
    database: PathBuf,
    seen: usize,
    salt: [u8; 8],
}

impl Log {
    fn new(database: PathBuf) -> Self {
        let mut log = Self {
            database,
            seen: 0,
            salt: [0; 8],
        };
        log.written();
        log
    }

    fn file(&self, end: &str) -> Vec<u8> {
        let mut path = self.database.as_os_str().to_owned();
        path.push(end);
        fs::read(path).unwrap()
    }

    /// The pages written since the last call, with the tree that each belongs to.
    fn written(&mut self) -> Vec<u32> {
        // <https://www.sqlite.org/walformat.html>, section 2.1: the index names the last frame and the salt of this log.
        let index = self.file("-shm");
        let last = u32::from_ne_bytes(index[16..20].try_into().unwrap()) as usize;
        let salt: [u8; 8] = index[32..40].try_into().unwrap();
        let first = if salt == self.salt { self.seen } else { 0 };
        (self.seen, self.salt) = (last, salt);
        let log = self.file("-wal");
        let frames = log[32..].chunks_exact(FRAME).skip(first).take(last - first);
        frames
            .map(|frame| u32::from_be_bytes(frame[..4].try_into().unwrap()))
            .collect()
    }
}

/// Which tree each page belongs to.
fn trees(database: &PathBuf) -> HashMap<u32, String> {
    let db = Connection::open(database).unwrap();
    let mut statement = db.prepare("SELECT pageno, name FROM dbstat").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// What one login writes, when no other does at the same time: a session is opened, a code is issued under an unchanged consent
/// and redeemed.
#[tokio::test]
async fn a_login_writes_few_pages() {
    const USERS: i64 = 100;
    const BEFORE: i64 = 300;
    const MEASURED: i64 = 100;
    let folder = tempfile::tempdir().unwrap();
    let path = options(&folder).path;
    let store = Arc::new(SqliteStore::open(options(&folder)).unwrap());
    let world = World::new(store).await;
    let mut users = Vec::new();
    for n in 0..USERS {
        let user = user(&format!("user{n}"));
        let command = AddUser {
            user: user.clone(),
            password_hash: password(),
            cause: cause(0),
        };
        world.store.add_user(command).await.unwrap();
        users.push(user);
    }
    let mut log = Log::new(path.clone());
    let mut pages: [Vec<u32>; 3] = Default::default();
    for n in 0..BEFORE + MEASURED {
        // No two logins of a user stand side by side.
        let user = &users[usize::try_from(n * 37 % USERS).unwrap()];
        let session = session(&format!("s{n}"), user, n);
        log.written();
        world.open(&session, None, n).await;
        let opened = log.written();
        let mut code = code(&format!("c{n}"), &session, &world.spa, OFFLINE, n);
        code.hash = timed(&code, n);
        assert!(world.issue(&code, n).await);
        let issued = log.written();
        assert!(matches!(world.redeem(&code, n).await, Redeemed::Done));
        let redeemed = log.written();
        if n >= BEFORE {
            for (all, one) in pages.iter_mut().zip([opened, issued, redeemed]) {
                all.extend(one);
            }
        }
    }
    drop(world);
    let trees = trees(&path);
    // The trees that a verb writes: table or index, one page each. Splits and new pages come in addition, seldom.
    let expected: [(&str, &[&str]); 3] = [
        (
            "open_session",
            &[
                "audit",
                "audit_by_subject",
                "sessions",
                "sessions_by_expiry",
                "sessions_by_user",
                "sqlite_autoindex_sessions_1",
            ],
        ),
        ("issue_code", &["codes"]),
        (
            "redeem_code",
            &[
                "codes",
                "grants",
                "grants_by_end",
                "grants_by_user",
                "sqlite_autoindex_grants_1",
            ],
        ),
    ];
    for ((verb, expected), pages) in expected.iter().zip(&pages) {
        let mut written = BTreeMap::<&str, usize>::new();
        for page in pages {
            *written.entry(&trees[page]).or_default() += 1;
        }
        println!(
            "{verb}: {} pages in {MEASURED} calls: {written:?}",
            pages.len()
        );
        // The header of the file, when it grows.
        written.remove("sqlite_schema");
        assert_eq!(written.into_keys().collect::<Vec<_>>(), *expected, "{verb}");
    }
    let total: usize = pages.iter().map(Vec::len).sum();
    let bytes = total * FRAME / usize::try_from(MEASURED).unwrap();
    println!("{bytes} bytes a login");
    assert!(bytes < 32 * 1024, "{bytes}");
}

/// A code's key begins with its time (D9).
fn timed(code: &Code, seconds: i64) -> CodeHash {
    let mut key = *code.hash.0.as_bytes();
    let millis = at(seconds).as_millisecond().to_be_bytes();
    key[..6].copy_from_slice(&millis[2..]);
    CodeHash(cardea_seal::Digest::from_bytes(key))
}
