//! SQLite: the contract, and what is its own.

mod faults;
mod files;
mod migrations;
mod pages;
mod schema;
mod scripted;
mod upgrade;

use std::sync::LazyLock;

use cardea_store::sqlite::{Options, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

fn options(folder: &TempDir) -> Options {
    Options {
        path: folder.path().join("cardea.db"),
        migrate: true,
    }
}

/// The file of an empty store. The migrations would take most of the time of a case.
static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    drop(SqliteStore::open(options.clone()).unwrap());
    let copy = folder.path().join("copy.db");
    let file = Connection::open(options.path).unwrap();
    file.execute("VACUUM INTO ?", [copy.to_str().unwrap()])
        .unwrap();
    std::fs::read(copy).unwrap()
});

async fn fresh() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    std::fs::write(&options.path, &*EMPTY).unwrap();
    (SqliteStore::open(options).unwrap(), folder)
}

mod contract {
    cardea_store::contract!(crate::sqlite::fresh);
}

/// A store that was closed and opened again, off the runtime's threads.
async fn reopened() -> (SqliteStore, TempDir) {
    let (store, folder) = fresh().await;
    let options = options(&folder);
    let again = tokio::task::spawn_blocking(move || {
        drop(store);
        SqliteStore::open(options).unwrap()
    });
    (again.await.unwrap(), folder)
}

mod reopened_contract {
    cardea_store::contract!(crate::sqlite::reopened);
}
