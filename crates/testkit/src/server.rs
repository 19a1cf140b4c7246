use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, body::Body};
use cardea_protocol::model::{
    Actor, AuditEvent, Cause, Client, ClientId, ClientMetadata, ClientStatus, Owner, Subject,
    UserStatus, Username,
};
use cardea_seal::{Entropy, MasterKey, Secret};
use cardea_server::{App, FirstAccountLink, Parts, config::Config};
use cardea_store::{
    AuditFilter, ClientChange, Page as StorePage, PutClient, Store, UserChange, UserUpdate,
};
use cardea_web::clock::Clock;
use http::Request;
use jiff::SignedDuration;
use tower::{ServiceExt as _, service_fn};

use crate::{
    Call, Faults, Person, TestClock, clients, listen,
    store::{On, Place},
};

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
    /// One for each node.
    pub(crate) apps: Vec<Arc<App>>,
    router: Router,
    issuer: String,
    // Last, so that the store is closed before its folder goes.
    place: Arc<Place>,
}

/// How a [`TestServer`] is to be.
pub struct Builder {
    config: Config,
    seed: Option<u64>,
    on: On,
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

    /// Keeps the store in a file, whatever the other tests run on.
    #[must_use]
    pub fn in_file(mut self) -> Self {
        self.on = On::File;
        self
    }

    /// As many nodes on one database of PostgreSQL, behind a load balancer that gives each request to the next one.
    #[must_use]
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.on = On::nodes_of(nodes);
        self
    }

    /// One node on PostgreSQL with so many connections.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.on = On::Postgres {
            nodes: 1,
            connections,
        };
        self
    }

    /// Starts it.
    pub async fn start(self) -> TestServer {
        let started = self.config.issuer == ISSUER && !self.config.development;
        let place = Place::new(started, self.on).await;
        // Nodes with the same seed would draw the same values.
        let nodes = match self.seed {
            Some(_) => 1,
            None => self.on.nodes(),
        };
        let entropy = self.seed.map_or_else(Entropy::system, Entropy::seeded);
        let server = start(self.config, entropy, place, nodes).await;
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

/// The first start on a place. Making keys takes longer than most tests, so they share those of one.
pub(crate) async fn first_start(place: Arc<Place>) {
    drop(start(config(), Entropy::system(), place, 1).await);
}

async fn start(config: Config, entropy: Entropy, place: Arc<Place>, nodes: usize) -> TestServer {
    let clock = Arc::new(TestClock::new());
    let issuer = config.issuer.clone();
    let (mut apps, mut first) = (Vec::new(), None);
    for _ in 0..nodes {
        let (store, faults) = place.open().await;
        let parts = Parts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: entropy.clone(),
            master_key: MasterKey::parse(MASTER_KEY).expect("a key"),
            applies_config: true,
        };
        let app = App::start(config.clone(), parts).await.expect("a start");
        apps.push(app);
        first.get_or_insert((store, faults));
    }
    let (store, faults) = first.expect("a node");
    TestServer {
        clock,
        store,
        faults,
        router: balanced(apps.iter().map(cardea_server::router).collect()),
        apps,
        issuer,
        place,
    }
}

/// As a load balancer does it: each request goes to the next node.
fn balanced(mut nodes: Vec<Router>) -> Router {
    if nodes.len() == 1 {
        return nodes.remove(0);
    }
    let next = Arc::new(AtomicUsize::new(0));
    Router::new().fallback_service(service_fn(move |request: Request<Body>| {
        let node = nodes[next.fetch_add(1, Ordering::Relaxed) % nodes.len()].clone();
        node.oneshot(request)
    }))
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
            on: On::of_environment(),
        };
        builder.config(|config| config.limits.enabled = false)
    }

    /// What `cardea serve` prints when there are no users.
    pub async fn offer_first_account(&self) -> Option<FirstAccountLink> {
        self.apps[0].offer_first_account().await.expect("a store")
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
        self.place.tamper(sql);
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
