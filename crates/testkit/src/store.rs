//! Where the store of a [`TestServer`](crate::TestServer) is: a file in memory, or PostgreSQL if `CARDEA_TEST_STORE` is `postgres`, with
//! one node, or as many as a test asks for.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread,
};

use cardea_store::{
    Store,
    postgres::{self, Address, PostgresStore},
    sqlite::{self, SqliteStore},
};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::{Database, Faults, Postgres, server::first_start};

/// The connections of one test server.
const CONNECTIONS: usize = 8;
/// The database that those of the tests are copies of.
const STARTED: &str = "started";
/// The one for tests with another issuer, which start on an empty database.
const EMPTY: &str = "template0";

/// What a test server runs on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On {
    /// One node on a file.
    File,
    /// Nodes on one database of PostgreSQL.
    Postgres {
        nodes: usize,
        /// Of each node.
        connections: usize,
    },
}

impl On {
    /// As the environment says: a file without it.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test binary has no main of its own to read it"
    )]
    pub(crate) fn of_environment() -> Self {
        match std::env::var("CARDEA_TEST_STORE").as_deref() {
            Ok("postgres") => Self::nodes_of(1),
            _ => Self::File,
        }
    }

    /// As many nodes on one database of PostgreSQL.
    pub(crate) fn nodes_of(nodes: usize) -> Self {
        Self::Postgres {
            nodes,
            connections: CONNECTIONS,
        }
    }

    pub(crate) fn nodes(self) -> usize {
        match self {
            Self::File => 1,
            Self::Postgres { nodes, .. } => nodes,
        }
    }
}

/// A place of its own for one test server.
pub(crate) enum Place {
    File(TempDir),
    Postgres {
        database: Database,
        connections: usize,
    },
}

impl Place {
    /// An empty one, or one on which the provider of the tests has been started.
    pub(crate) async fn new(started: bool, on: On) -> Arc<Self> {
        let place = spawn_blocking(move || match on {
            On::Postgres { connections, .. } => Self::Postgres {
                database: match started {
                    true => started_server().copy_of(STARTED),
                    false => Postgres::of_this_process().copy_of(EMPTY),
                },
                connections,
            },
            On::File => {
                let folder = folder();
                if started {
                    std::fs::write(file(&folder), started_file()).expect("a file");
                }
                Self::File(folder)
            }
        });
        Arc::new(place.await.expect("a place"))
    }

    /// Opens the store, which can be troubled.
    pub(crate) async fn open(self: &Arc<Self>) -> (Arc<dyn Store>, Faults) {
        match &**self {
            Self::File(folder) => {
                let faults = Faults::default();
                let path = file(folder);
                let options = sqlite::Options {
                    path,
                    migrate: true,
                };
                let store = SqliteStore::open_with(options, |journal| faults.wrap(journal));
                (Arc::new(store.expect("a store")), faults)
            }
            Self::Postgres {
                database,
                connections,
            } => {
                let address: Address = database.url().parse().expect("an address");
                let options = postgres::Options {
                    address,
                    migrate: true,
                    connections: *connections,
                };
                let store = PostgresStore::open(options).await.expect("a store");
                (Arc::new(store), Faults::of(Arc::clone(self)))
            }
        }
    }

    /// Changes rows behind the provider's back.
    pub(crate) fn tamper(&self, sql: &str) {
        match self {
            Self::File(folder) => {
                let database = rusqlite::Connection::open(file(folder)).expect("the database");
                // What the schema forbids is just what is wanted.
                let forced = format!("PRAGMA ignore_check_constraints = ON; {sql}");
                database.execute_batch(&forced).expect("a change");
            }
            Self::Postgres { database, .. } => {
                database.sql(sql);
            }
        }
    }
}

/// In memory where there is a file system for that: these tests don't lose power, and a disk that others use too makes
/// each of a thousand commits wait.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    folder.expect("a folder")
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("cardea.db")
}

fn started_file() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let place = Arc::new(Place::File(folder()));
        start_first(&place);
        let Place::File(folder) = &*place else {
            panic!("a file");
        };
        std::fs::read(file(folder)).expect("the closed file")
    })
}

fn started_server() -> &'static Postgres {
    static SERVER: OnceLock<&'static Postgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Postgres::of_this_process();
        let database = server.create(STARTED, EMPTY);
        start_first(&Arc::new(Place::Postgres {
            database,
            connections: CONNECTIONS,
        }));
        server
    })
}

/// On a runtime of its own: the one of the test waits for it.
fn start_first(place: &Arc<Place>) {
    let place = Arc::clone(place);
    let started = thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(first_start(place));
    });
    started.join().expect("a first start");
}
