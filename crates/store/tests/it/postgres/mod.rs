//! PostgreSQL: the contract, under both isolation levels that a database may have.

mod nodes;

use std::sync::LazyLock;

use cardea_store::postgres::{Address, Options, PostgresStore};
use cardea_testkit::{Database, Postgres};

/// The connections of one store: fewer than the calls of a race, so that they wait for each other.
const CONNECTIONS: usize = 8;

fn options(url: &str) -> Options {
    Options {
        address: url.parse::<Address>().unwrap(),
        migrate: true,
        connections: CONNECTIONS,
    }
}

/// A migrated database that others are copies of. The migrations would take most of the time of a case.
static EMPTY: LazyLock<&'static Postgres> = LazyLock::new(|| {
    let server = Postgres::of_this_process();
    server.make("migrated", "template0");
    let migrated = std::thread::spawn(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = options(&server.url("migrated"));
        runtime.block_on(async { drop(PostgresStore::open(options).await.unwrap()) });
    });
    migrated.join().unwrap();
    server
});

async fn fresh(isolation: &str) -> (PostgresStore, Database) {
    let isolation = isolation.to_owned();
    let database = tokio::task::spawn_blocking(move || {
        let database = EMPTY.copy_of("migrated");
        database.set(&format!("default_transaction_isolation = '{isolation}'"));
        database
    });
    let database = database.await.unwrap();
    let store = PostgresStore::open(options(&database.url())).await.unwrap();
    (store, database)
}

async fn read_committed() -> (PostgresStore, Database) {
    fresh("read committed").await
}

async fn serializable() -> (PostgresStore, Database) {
    fresh("serializable").await
}

mod read_committed_contract {
    cardea_store::contract!(crate::postgres::read_committed);
}

mod serializable_contract {
    cardea_store::contract!(crate::postgres::serializable);
}
