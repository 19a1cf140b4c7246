//! SQLite: the contract, and what is its own.

mod faults;
mod files;
mod schema;
mod scripted;

use std::sync::Arc;

use cardea_store::{
    Store,
    sqlite::{Options, SqliteStore},
};
use tempfile::TempDir;

fn options(folder: &TempDir) -> Options {
    Options {
        path: folder.path().join("cardea.db"),
        migrate: true,
    }
}

fn fresh() -> (Arc<dyn Store>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (
        Arc::new(SqliteStore::open(options(&folder)).unwrap()),
        folder,
    )
}

mod contract {
    contract!(crate::sqlite::fresh);
}
