//! What happens once, before the first request: the store belongs to this provider and agrees with its configuration.

use std::sync::{Arc, atomic::AtomicBool};

use arc_swap::ArcSwap;
use bytes::Bytes;
use cardea_protocol::model::{
    AccountState, Cause, IdError, LoginFailures, OrganizationId, Subject, User, UserStatus,
};
use cardea_seal::{Entropy, MacKey, MasterKey, Secret};
use cardea_store::{
    AddUser, ApplyFileClients, ApplyFileRoles, Marks, PutMember, Seeded, Store, StoreError,
};
use cardea_web::{clock::Clock, inbound::csrf::Csrf, outbound::JwksCache};
use tokio::sync::Semaphore;

use crate::{
    app::{App, Seals},
    backchannel_logout::places::BackchannelLogout,
    client_logo::cache::ClientLogos,
    clients::ClientDirectory,
    config::{
        Config, ConfigProblem, ConfigProblems, SeedUser, roles::FileRoles, settings::Settings,
    },
    federation::upstreams::Upstreams,
    i18n,
    keys::{KeyError, KeyRing},
    limits::Limits,
    mail::{mailer::Mailer, templates::Templates, transport::Transport},
    pages::Assets,
    parts::{EPOCH, Parts, start_cause},
    passwords::{self, Passwords},
    roles::RoleDirectory,
    webauthn::relying_party::RelyingParty,
};

/// How many requests of strangers are done after their answers at once.
const AFTER_ANSWERS: usize = 64;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(ConfigProblems),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The key ring.
    #[error("keys: {0}")]
    Keys(#[from] KeyError),
}

impl From<ConfigProblem> for StartError {
    fn from(problem: ConfigProblem) -> Self {
        Self::Config(problem.into())
    }
}

impl From<ConfigProblems> for StartError {
    fn from(problems: ConfigProblems) -> Self {
        Self::Config(problems)
    }
}

impl App {
    /// Checks the configuration against the store, applies it, and makes everything that is parsed once.
    ///
    /// # Errors
    /// Says which key of the configuration, which row or which key stands in the way.
    pub async fn start(config: Config, parts: Parts) -> Result<Arc<Self>, StartError> {
        // Boxed, because all parts of the provider are in it while it is built.
        Box::pin(Self::build(config, parts)).await
    }

    async fn build(config: Config, parts: Parts) -> Result<Arc<Self>, StartError> {
        let settings = Settings::check(&config)?;
        i18n::load();
        let issuer = settings.issuer.as_str();
        let cause = start_cause(parts.clock.now());
        if parts.applies_config {
            check_new_passwords(&*parts.store, &config).await?;
        }
        check_marks(&*parts.store, &settings, &parts.master_key).await?;
        for warning in config.warnings(cause.now) {
            tracing::warn!("{warning}");
        }
        if parts.applies_config {
            apply_clients(&*parts.store, &config, &cause).await?;
            apply_roles(&*parts.store, &config, &cause).await?;
            seed_users(&parts, &config, &cause).await?;
        }
        let clients =
            ClientDirectory::load(Arc::clone(&parts.store), Arc::clone(&parts.clock)).await?;
        let ring = KeyRing::open(&parts, issuer, &clients.algorithms(), &cause).await?;
        let roles = RoleDirectory::load(Arc::clone(&parts.store)).await?;
        let mac = |purpose| MacKey::new(&parts.master_key, purpose, issuer, EPOCH);
        let app = Arc::new(Self {
            seals: Seals::new(&parts.master_key, issuer),
            csrf: Csrf::new(mac("csrf")),
            refresh_mac: mac("refresh token"),
            device_mac: mac("known device"),
            backup_code_mac: mac("backup code"),
            passwords: Passwords::new(
                mac("password of an unknown user"),
                config.passwords.filter()?,
            )?,
            after_answers: Arc::new(Semaphore::new(AFTER_ANSWERS)),
            limits: Limits::new(&config.limits, &parts.clock),
            cookies: settings.issuer.cookies(),
            assets: Assets::new(&settings.brand),
            jwks_cache: jwks_cache(&config, &parts.clock)?,
            client_logos: ClientLogos::new(config.outbound.client()?),
            backchannel_logout: BackchannelLogout::new(config.outbound.client()?),
            mail: Mailer::new(
                &settings,
                &parts.master_key,
                transport(&config, &settings)?,
                templates(&config)?,
            ),
            upstreams: Upstreams::new(&config, &parts.clock, &parts.entropy)?,
            relying_party: RelyingParty::new(&settings),
            metadata: ArcSwap::from_pointee(Bytes::new()),
            node: parts.entropy.text(9),
            stopping: AtomicBool::new(false),
            clients,
            roles,
            ring,
            settings,
            store: parts.store,
            clock: parts.clock,
            entropy: parts.entropy,
        });
        app.refresh_metadata();
        app.refresh_password_costs().await?;
        Ok(app)
    }
}

/// D23, D13: a store belongs to one issuer, one master key, and is a development store or not.
async fn check_marks(
    store: &dyn Store,
    settings: &Settings,
    master: &MasterKey,
) -> Result<(), StartError> {
    let ours = expected_marks(settings, master);
    let theirs = store.marks(ours.clone()).await?;
    let problem = |key: &str, what: String| Err(ConfigProblem::new(key, what).into());
    if theirs.development != ours.development {
        let what = if theirs.development {
            "this store was made by cardea dev, with public keys and passwords; set store.url to another file"
        } else {
            "this is the store of a real provider, which cardea dev does not use; choose another folder with --data"
        };
        return problem("store.url", what.to_owned());
    }
    if theirs.issuer != ours.issuer {
        return problem(
            "issuer",
            format!(
                "this store belongs to {}; tokens and subjects are bound to it, so the issuer can't change",
                theirs.issuer
            ),
        );
    }
    if theirs.master_key_check != ours.master_key_check {
        return problem(
            "keys",
            "this master key is not the one that the store was created with".to_owned(),
        );
    }
    Ok(())
}

/// D19: the clients of the file.
async fn apply_clients(
    store: &dyn Store,
    config: &Config,
    cause: &Cause,
) -> Result<(), StartError> {
    let (mut clients, mut problems) = (Vec::new(), Vec::new());
    for index in 0..config.clients.len() {
        match config.file_client(index, cause.now) {
            Ok(client) => clients.push(client),
            Err(found) => problems.extend(found),
        }
    }
    ConfigProblems::none_of(problems)?;
    store
        .apply_file_clients(ApplyFileClients {
            clients,
            cause: cause.clone(),
        })
        .await?;
    Ok(())
}

/// D19: the roles, groups and organizations of the file.
async fn apply_roles(store: &dyn Store, config: &Config, cause: &Cause) -> Result<(), StartError> {
    let file = config
        .file_roles()
        .or_else(|problems| ConfigProblems::none_of(problems).map(|()| FileRoles::default()))?;
    store
        .apply_file_roles(ApplyFileRoles {
            roles: file.roles,
            groups: file.groups,
            organizations: file.organizations,
            cause: cause.clone(),
        })
        .await?;
    Ok(())
}

/// Before anything is written. Users who exist keep the password that they have.
async fn check_new_passwords(store: &dyn Store, config: &Config) -> Result<(), StartError> {
    let mut problems = Vec::new();
    for (index, seed) in config.users.iter().enumerate() {
        if store.user_by_name(&seed.check()?).await?.is_none() {
            let weak = seed.check_password().err();
            problems.extend(weak.map(|what| config.at_user(index, "password", what)));
        }
    }
    Ok(ConfigProblems::none_of(problems)?)
}

/// D19: users of the file are seeds.
async fn seed_users(parts: &Parts, config: &Config, cause: &Cause) -> Result<(), StartError> {
    for (index, seed) in config.users.iter().enumerate() {
        let problem = |what: String| config.at_user(index, "", what);
        let username = seed.check()?;
        let refused = |known: bool| !config.development && known;
        if refused(seed.has_demo_password()) {
            return Err(problem(seed.everybody_knows()).into());
        }
        // A hash costs 15 ms and more: not for users who exist. The login refuses demo passwords of those.
        if parts.store.user_by_name(&username).await?.is_some() {
            continue;
        }
        if refused(seed.has_demo_hash()) {
            return Err(problem(seed.everybody_knows()).into());
        }
        let subject = new_subject(&parts.entropy).map_err(|e| problem(e.to_string()))?;
        let user = User {
            subject: subject.clone(),
            username,
            email: seed.email.clone(),
            email_verified: seed.email_verified,
            roles: seed.roles.clone(),
            claims: seed.claims.clone(),
            status: UserStatus::Enabled,
            failures: LoginFailures::default(),
            devices_since: None,
            account: AccountState::default(),
            created_at: cause.now,
            updated_at: cause.now,
        };
        if parts
            .store
            .seed_user(AddUser {
                user,
                password_hash: password_hash(parts, seed).map_err(problem)?,
                cause: cause.clone(),
            })
            .await?
            == Seeded::Added
        {
            tracing::info!(
                username = seed.username,
                "added a user of the configuration"
            );
            for (organization, roles) in &seed.organizations {
                let command = PutMember {
                    organization: OrganizationId::parse(organization)
                        .map_err(|e| problem(e.to_string()))?,
                    subject: subject.clone(),
                    roles: roles.clone(),
                    before: None,
                    cause: cause.clone(),
                };
                if !parts.store.put_member(command).await? {
                    let what = format!("organizations: {organization} does not exist");
                    return Err(problem(what).into());
                }
            }
        }
    }
    Ok(())
}

/// D19: a subject identifier is random.
pub(crate) fn new_subject(entropy: &Entropy) -> Result<Subject, IdError> {
    Subject::parse(&entropy.text(16))
}

fn password_hash(parts: &Parts, seed: &SeedUser) -> Result<Option<Secret<String>>, String> {
    match (&seed.password, &seed.password_hash) {
        (Some(password), _) => passwords::hash_new(password.expose(), &parts.entropy)
            .map(Some)
            .map_err(|e| e.to_string()),
        (None, Some(hash)) => passwords::accept_hash(hash.expose())
            .map(Some)
            .map_err(|e| e.to_string()),
        (None, None) => Ok(None),
    }
}

/// D20: the one guarded way out.
fn jwks_cache(config: &Config, clock: &Arc<dyn Clock>) -> Result<JwksCache, ConfigProblem> {
    let client = config.outbound.client()?;
    Ok(JwksCache::new(client, Arc::clone(clock)))
}

/// The mail server, if there is one.
fn transport(config: &Config, settings: &Settings) -> Result<Option<Transport>, ConfigProblem> {
    let Some(server) = settings.mail.clone() else {
        return Ok(None);
    };
    let authorities = config.outbound.authorities()?;
    Transport::new(server, settings.issuer.host(), authorities.as_deref()).map(Some)
}

/// The files that replace templates of mails.
fn templates(config: &Config) -> Result<Templates, ConfigProblems> {
    Templates::of(&config.mail).or_else(|problems| {
        ConfigProblems::none_of(problems)?;
        Ok(Templates::default())
    })
}

/// What marks a store as this server's.
fn expected_marks(settings: &Settings, master: &MasterKey) -> Marks {
    let issuer = settings.issuer.as_str();
    Marks {
        issuer: issuer.to_owned(),
        development: settings.development,
        master_key_check: master_key_check(issuer, master).to_vec(),
    }
}

/// Proves a master key without revealing anything about it.
pub(crate) fn master_key_check(issuer: &str, master: &MasterKey) -> [u8; 32] {
    let mac = MacKey::new(master, "master key check", issuer, EPOCH);
    *mac.tag(&[b"cardea"]).as_bytes()
}
