//! SQLite: the contract, and what is its own.

mod faults;
mod files;
mod migrations;
mod pages;
mod schema;
mod scripted;
mod upgrade;

use cardea_store::sqlite::{Options, SqliteStore};
use tempfile::TempDir;

fn options(folder: &TempDir) -> Options {
    Options {
        path: folder.path().join("cardea.db"),
        migrate: true,
    }
}

async fn fresh() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (SqliteStore::open(options(&folder)).unwrap(), folder)
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
