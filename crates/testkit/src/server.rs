use std::{
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::{Arc, OnceLock},
    thread,
};

use axum::Router;
use cardea_protocol::model::{
    Actor, AuditEvent, Cause, Client, ClientId, ClientMetadata, ClientStatus, Owner, Subject,
    UserStatus, Username,
};
use cardea_seal::{Entropy, MasterKey, Secret};
use cardea_server::{App, FirstAccountLink, Parts, config::Config};
use cardea_store::{
    AuditFilter, ClientChange, Page as StorePage, PutClient, Store, UserChange, UserUpdate,
    sqlite::{Options, SqliteStore},
};
use cardea_web::clock::Clock;
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::{Call, Faults, Person, TestClock, clients, listen};

/// Who the provider is, unless a test says otherwise.
pub const ISSUER: &str = "https://id.example.test";

/// The key from which the server derives its own.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A provider over a store in a folder of its own, driven in process.
pub struct TestServer {
    /// Its time.
    pub clock: Arc<TestClock>,
    /// Its store.
    pub store: Arc<dyn Store>,
    /// What its store suffers from.
    pub faults: Faults,
    pub(crate) app: Arc<App>,
    router: Router,
    issuer: String,
    // Last, so that the store is closed before its folder goes.
    folder: Arc<TempDir>,
}

/// How a [`TestServer`] is to be.
pub struct Builder {
    config: Config,
    seed: Option<u64>,
}

impl Builder {
    /// Changes the configuration.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Changes the metadata of one of the clients.
    #[must_use]
    pub fn client(self, id: &str, change: impl FnOnce(&mut ClientMetadata)) -> Self {
        self.config(|config| {
            let client = config.clients.iter_mut().find(|c| c.client_id == id);
            change(client.expect("a client of the tests"));
        })
    }

    /// Names another issuer.
    #[must_use]
    pub fn issuer(self, issuer: &str) -> Self {
        self.config(|config| config.issuer = issuer.to_owned())
    }

    /// Draws random values from a seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts it.
    pub async fn start(self) -> TestServer {
        let folder = folder();
        if self.config.issuer == ISSUER && !self.config.development {
            std::fs::write(folder.path().join("cardea.db"), template()).expect("a file");
        }
        let entropy = self.seed.map_or_else(Entropy::system, Entropy::seeded);
        let server = start(self.config, entropy, folder).await;
        server.disable_user(Person::CAROL).await;
        server
    }

    /// Starts it on a free port, which is its issuer.
    pub async fn listen(self) -> TestServer {
        let (listener, issuer) = listen().await;
        let server = self.issuer(&issuer).start().await;
        let router = server.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }
}

/// In memory where there is a file system for that: these tests don't lose power, and a disk that others use too makes
/// each of a thousand commits wait.
fn folder() -> Arc<TempDir> {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    Arc::new(folder.expect("a folder"))
}

/// A store after its first start. Making keys takes longer than most tests, so they share them.
fn template() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| thread::spawn(first_start).join().expect("a first start"))
}

fn first_start() -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let folder = folder();
    let path = folder.path().join("cardea.db");
    drop(runtime.block_on(start(config(), Entropy::system(), Arc::clone(&folder))));
    std::fs::read(path).expect("the closed file")
}

async fn start(config: Config, entropy: Entropy, folder: Arc<TempDir>) -> TestServer {
    let options = Options {
        path: folder.path().join("cardea.db"),
        migrate: true,
    };
    let faults = Faults::default();
    let store = SqliteStore::open_with(options, |journal| faults.wrap(journal));
    let store: Arc<dyn Store> = Arc::new(store.expect("a store"));
    let clock = Arc::new(TestClock::new());
    let issuer = config.issuer.clone();
    let parts = Parts {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        entropy,
        master_key: MasterKey::parse(MASTER_KEY).expect("a key"),
    };
    let app = App::start(config, parts).await.expect("a start");
    TestServer {
        clock,
        store,
        faults,
        router: cardea_server::router(&app),
        app,
        issuer,
        folder,
    }
}

fn config() -> Config {
    Config {
        issuer: ISSUER.to_owned(),
        clients: clients::all(),
        resources: clients::resources(),
        users: [Person::ALICE, Person::BOB, Person::CAROL]
            .map(Person::seed)
            .to_vec(),
        ..Config::default()
    }
}

impl TestServer {
    /// A provider with the clients and people of the tests, without rate limits.
    #[must_use]
    pub fn builder() -> Builder {
        let builder = Builder {
            config: config(),
            seed: None,
        };
        builder.config(|config| config.limits.enabled = false)
    }

    /// What `cardea serve` prints when there are no users.
    pub async fn offer_first_account(&self) -> Option<FirstAccountLink> {
        self.app.offer_first_account().await.expect("a store")
    }

    /// Starts one as it is.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// The issuer's identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The URL of one of its paths.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// The router, for what [`Call`] can't do.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// A GET of a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// A POST to a path.
    #[must_use]
    pub fn post(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    /// A request of any method to a path of the provider or to a URL, from a client at 203.0.113.7.
    #[must_use]
    pub fn call(&self, method: &str, path: &str) -> Call {
        let peer = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
        let absolute = path.contains("://");
        let url = if absolute {
            path.to_owned()
        } else {
            self.url(path)
        };
        Call::new(self.router(), method, &url).from(peer)
    }

    /// Changes rows behind the provider's back.
    pub fn tamper(&self, sql: &str) {
        let path = self.folder.path().join("cardea.db");
        let database = rusqlite::Connection::open(path).expect("the database");
        // What the schema forbids is just what is wanted.
        let forced = format!("PRAGMA ignore_check_constraints = ON; {sql}");
        database.execute_batch(&forced).expect("a change");
    }

    /// Turns the clock forward.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// What a test does in the operator's name.
    #[must_use]
    pub fn cause(&self) -> Cause {
        Cause {
            now: self.clock.now(),
            request_id: "test".to_owned(),
            address: None,
            user_agent: None,
            actor: Actor::System,
        }
    }

    /// The subject identifier of a person.
    pub async fn subject(&self, person: Person) -> Subject {
        let name = Username::parse(person.username).unwrap();
        self.store
            .user_by_name(&name)
            .await
            .unwrap()
            .unwrap()
            .subject
    }

    /// Disables a person.
    pub async fn disable_user(&self, person: Person) {
        let update = UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        };
        self.change_user(person, update).await;
    }

    /// Gives a person another password, by its hash.
    pub async fn set_password_hash(&self, person: Person, hash: &str) {
        let update = UserUpdate {
            password_hash: Some(Secret::new(hash.to_owned())),
            ..UserUpdate::default()
        };
        self.change_user(person, update).await;
    }

    /// The hash of a person's password.
    pub async fn password_hash(&self, person: Person) -> String {
        let name = Username::parse(person.username).unwrap();
        let user = self.store.login_user(&name).await.unwrap().unwrap();
        user.password.unwrap().hash.expose().clone()
    }

    /// How often an event was audited, up to 100.
    pub async fn audited(&self, event: AuditEvent) -> usize {
        let filter = AuditFilter {
            event: Some(event),
            ..AuditFilter::default()
        };
        let rows = self.store.audit(filter, StorePage::first(100)).await;
        rows.unwrap().items.len()
    }

    async fn change_user(&self, person: Person, update: UserUpdate) {
        let subject = self.subject(person).await;
        let change = UserChange {
            subject,
            update,
            cause: self.cause(),
        };
        assert!(self.store.change_user(change).await.unwrap());
    }

    /// Adds a client that the store owns, so that it can be disabled.
    pub async fn add_client(&self, metadata: ClientMetadata) {
        let client = Client::register(metadata, Owner::Store, self.clock.now()).unwrap();
        let command = PutClient {
            client,
            change: ClientChange::Add,
            cause: self.cause(),
        };
        assert!(self.store.put_client(command).await.unwrap());
    }

    /// Disables a client that the store owns, and lets the second go by for which a client may be remembered.
    pub async fn disable_client(&self, id: &str) {
        let id = ClientId::parse(id).unwrap();
        let disabled = ClientStatus::Disabled;
        let cause = self.cause();
        assert!(
            self.store
                .set_client_status(id, disabled, cause)
                .await
                .unwrap()
        );
        self.advance(SignedDuration::from_secs(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Browser,
        clients::SPA,
        flows::{Authorization, code_for},
    };

    async fn code(seed: u64) -> String {
        let server = TestServer::builder().seed(seed).start().await;
        let mut browser = Browser::new(&server);
        code_for(&mut browser, &Authorization::of(SPA), Person::ALICE).await
    }

    #[tokio::test]
    async fn a_seed_gives_the_same_code_again() {
        assert_eq!(code(1).await, code(1).await);
        assert_ne!(code(1).await, code(2).await);
    }
}
