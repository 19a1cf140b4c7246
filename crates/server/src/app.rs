//! Everything that a request can reach: built once at the start, shared by all.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use cardea_protocol::{
    metadata::Metadata,
    model::{Actor, Cause},
};
use cardea_seal::{Entropy, MacKey, MasterKey, Sealer};
use cardea_store::{Marks, Store, StoreError};
use cardea_web::{
    clock::Clock,
    inbound::{CookieNames, csrf::Csrf},
    outbound::JwksCache,
};
use ipnet::IpNet;
use jiff::Timestamp;

use crate::{
    backchannel_logout::BackchannelLogout,
    clients::ClientDirectory,
    config::{Config, ConfigProblem, Settings},
    keys::{KeyError, KeyRing},
    limits::Limits,
    pages::Assets,
    passwords::Passwords,
    start,
};

/// The epoch of the derived keys. Another one begins when they are to be changed (D14).
pub(crate) const EPOCH: u32 = 1;

/// What the process brings to the server.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Entropy,
    /// The master key.
    pub master_key: MasterKey,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigProblem),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The key ring.
    #[error("keys: {0}")]
    Keys(#[from] KeyError),
}

/// The provider.
pub struct App {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) clients: ClientDirectory,
    pub(crate) ring: KeyRing,
    pub(crate) seals: Seals,
    pub(crate) csrf: Csrf,
    pub(crate) refresh_mac: MacKey,
    pub(crate) device_mac: MacKey,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Limits,
    pub(crate) cookies: CookieNames,
    pub(crate) assets: Assets,
    pub(crate) jwks_cache: JwksCache,
    pub(crate) backchannel_logout: BackchannelLogout,
    metadata: ArcSwap<Bytes>,
}

/// One key for each thing that is sealed.
pub(crate) struct Seals {
    pub(crate) ticket: Sealer,
    pub(crate) logout: Sealer,
    pub(crate) access_token: Sealer,
    pub(crate) refresh_secret: Sealer,
}

impl Seals {
    fn new(master: &MasterKey, issuer: &str) -> Self {
        let sealer = |purpose| Sealer::new(master, purpose, issuer, EPOCH);
        Self {
            ticket: sealer("ticket"),
            logout: sealer("logout request"),
            access_token: sealer("opaque access token"),
            refresh_secret: sealer("refresh row secret"),
        }
    }
}

impl App {
    /// Checks the configuration against the store, applies it, and makes everything that is parsed once.
    ///
    /// # Errors
    /// Says which key of the configuration, which row or which key stands in the way.
    pub async fn start(config: Config, parts: Parts) -> Result<Arc<Self>, StartError> {
        let settings = Settings::check(&config)?;
        let issuer = settings.issuer.as_str();
        let cause = start_cause(parts.clock.now());
        start::marks(&*parts.store, &settings, &parts.master_key).await?;
        start::apply_clients(&*parts.store, &config, &cause).await?;
        start::seed_users(&parts, &config, &cause).await?;
        let clients =
            ClientDirectory::load(Arc::clone(&parts.store), Arc::clone(&parts.clock)).await?;
        let ring = KeyRing::open(&parts, issuer, &clients.algorithms(), &cause).await?;
        let mac = |purpose| MacKey::new(&parts.master_key, purpose, issuer, EPOCH);
        let app = Arc::new(Self {
            seals: Seals::new(&parts.master_key, issuer),
            csrf: Csrf::new(mac("csrf")),
            refresh_mac: mac("refresh token"),
            device_mac: mac("known device"),
            passwords: Passwords::new(&parts.entropy)?,
            limits: Limits::new(&config.limits, &parts.clock),
            cookies: settings.issuer.cookies(),
            assets: Assets::new(&settings.brand),
            jwks_cache: start::jwks_cache(&config, &parts.clock)?,
            backchannel_logout: BackchannelLogout::new(config.outbound.client()?),
            metadata: ArcSwap::from_pointee(Bytes::new()),
            clients,
            ring,
            settings,
            store: parts.store,
            clock: parts.clock,
            entropy: parts.entropy,
        });
        app.refresh_metadata();
        Ok(app)
    }

    /// Writes the discovery document anew, after the ring got or lost an algorithm.
    pub(crate) fn refresh_metadata(&self) {
        let algorithms = self.ring.current().algorithms();
        let metadata = Metadata::new(self.issuer(), &self.settings.resources, &algorithms);
        self.metadata.store(Arc::new(
            serde_json::to_vec(&metadata).unwrap_or_default().into(),
        ));
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The proxies whose word on the caller's address is believed.
    #[must_use]
    pub fn trusted_proxies(&self) -> &[IpNet] {
        &self.settings.trusted_proxies
    }

    /// The discovery document.
    pub(crate) fn metadata(&self) -> Bytes {
        Bytes::clone(&self.metadata.load())
    }

    /// The issuer's identifier.
    pub(crate) fn issuer(&self) -> &str {
        self.settings.issuer.as_str()
    }
}

/// What the start and the jobs do, they do in Cardea's own name.
pub(crate) fn start_cause(now: Timestamp) -> Cause {
    Cause {
        now,
        request_id: "start".to_owned(),
        address: None,
        user_agent: None,
        actor: Actor::System,
    }
}

/// What handlers ask for by `State<Shared>`.
pub(crate) type Shared = Arc<App>;

/// What marks a store as this server's.
pub(crate) fn expected_marks(settings: &Settings, master: &MasterKey) -> Marks {
    let issuer = settings.issuer.as_str();
    Marks {
        issuer: issuer.to_owned(),
        development: settings.development,
        master_key_check: master_key_check(issuer, master).to_vec(),
    }
}

/// Proves a master key without telling anything of it.
pub(crate) fn master_key_check(issuer: &str, master: &MasterKey) -> [u8; 32] {
    let mac = MacKey::new(master, "master key check", issuer, EPOCH);
    *mac.tag(&[b"cardea"]).as_bytes()
}
