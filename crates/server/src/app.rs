//! Everything that a request can reach: built once by [`App::start`](crate::App::start), shared by all requests.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use cardea_protocol::metadata::Metadata;
use cardea_seal::{Entropy, MacKey, MasterKey, Sealer};
use cardea_store::{Store, StoreError};
use cardea_web::{
    clock::Clock,
    inbound::{CookieNames, csrf::Csrf},
    outbound::JwksCache,
};
use ipnet::IpNet;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::{
    backchannel_logout::places::BackchannelLogout,
    client_logo::cache::ClientLogos,
    clients::ClientDirectory,
    config::settings::Settings,
    federation::upstreams::Upstreams,
    keys::KeyRing,
    limits::Limits,
    mail::mailer::Mailer,
    pages::Assets,
    parts::EPOCH,
    passwords::{Costs, Passwords},
    roles::RoleDirectory,
    webauthn::relying_party::RelyingParty,
};

/// The provider.
pub struct App {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) clients: ClientDirectory,
    pub(crate) roles: RoleDirectory,
    pub(crate) ring: KeyRing,
    pub(crate) seals: Seals,
    pub(crate) csrf: Csrf,
    pub(crate) refresh_mac: MacKey,
    pub(crate) device_mac: MacKey,
    pub(crate) backup_code_mac: MacKey,
    pub(crate) passwords: Passwords,
    /// What strangers asked for and is done after its answer.
    pub(crate) after_answers: Arc<Semaphore>,
    pub(crate) limits: Limits,
    pub(crate) cookies: CookieNames,
    pub(crate) assets: Assets,
    pub(crate) jwks_cache: JwksCache,
    pub(crate) client_logos: ClientLogos,
    pub(crate) backchannel_logout: BackchannelLogout,
    pub(crate) mail: Mailer,
    pub(crate) upstreams: Upstreams,
    /// For passkeys; none below an IP address.
    pub(crate) relying_party: Option<RelyingParty>,
    pub(crate) metadata: ArcSwap<Bytes>,
    /// The name of this node for the others.
    pub(crate) node: String,
    /// Whether this node is about to stop.
    pub(crate) stopping: AtomicBool,
}

/// One key for each thing that is sealed.
pub(crate) struct Seals {
    pub(crate) ticket: Sealer,
    pub(crate) logout: Sealer,
    pub(crate) access_token: Sealer,
    pub(crate) refresh_secret: Sealer,
    /// The secret of an authenticator app that is being set up, in the form that proves it.
    pub(crate) enrolment: Sealer,
    /// The same, stored.
    pub(crate) totp: Sealer,
    pub(crate) federation: Sealer,
    /// A sign-up that waits for the confirmation of its address.
    pub(crate) sign_up: Sealer,
    /// The challenge for a passkey, in the form that answers it.
    pub(crate) passkey: Sealer,
}

impl Seals {
    pub(crate) fn new(master: &MasterKey, issuer: &str) -> Self {
        let sealer = |purpose| Sealer::new(master, purpose, issuer, EPOCH);
        Self {
            ticket: sealer("ticket"),
            logout: sealer("logout request"),
            access_token: sealer("opaque access token"),
            refresh_secret: sealer("refresh row secret"),
            enrolment: sealer("totp enrolment"),
            totp: sealer("totp secret"),
            federation: sealer("sign-in at another provider"),
            sign_up: sealer("sign-up"),
            passkey: sealer("passkey challenge"),
        }
    }
}

impl App {
    /// Tells load balancers, by `/health/ready`, that this node is about to stop.
    pub fn announce_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Writes the discovery document again, after the ring got or lost an algorithm.
    pub(crate) fn refresh_metadata(&self) {
        let algorithms = self.ring.current().algorithms();
        let metadata = Metadata::new(
            self.issuer(),
            &self.settings.resources,
            &algorithms,
            self.settings.mfa.supported(),
            self.settings.sign_up.is_open(),
        );
        self.metadata.store(Arc::new(
            serde_json::to_vec(&metadata).unwrap_or_default().into(),
        ));
    }

    /// Reads what the password hashes of the users cost, so that unknown names cost the same. Called by the jobs, and at once by
    /// whatever changes a password on this node.
    pub(crate) async fn refresh_password_costs(&self) -> Result<(), StoreError> {
        let costs = self.store.password_costs().await?;
        self.passwords.set_costs(Costs::of(&costs));
        Ok(())
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The proxies whose `X-Forwarded-For` is believed.
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

/// What handlers ask for by `State<Shared>`.
pub(crate) type Shared = Arc<App>;
