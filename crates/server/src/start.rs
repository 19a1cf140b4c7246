//! What happens once, before the first request: the store is ours, and it agrees with the configuration.

use std::sync::Arc;

use cardea_protocol::model::{Cause, IdError, LoginFailures, Subject, User, UserStatus};
use cardea_seal::{Entropy, MasterKey, Secret};
use cardea_store::{AddUser, ApplyFileClients, Seeded, Store};
use cardea_web::{clock::Clock, outbound::JwksCache};

use crate::{
    app::{Parts, StartError, expected_marks},
    config::{Config, ConfigProblem, SeedUser, Settings},
    passwords,
};

/// D23, D13: a store belongs to one issuer, one master key, and is a development store or not.
pub(crate) async fn marks(
    store: &dyn Store,
    settings: &Settings,
    master: &MasterKey,
) -> Result<(), StartError> {
    let ours = expected_marks(settings, master);
    let theirs = store.marks(ours.clone()).await?;
    let problem = |key: &str, what: String| Err(StartError::Config(ConfigProblem::new(key, what)));
    if theirs.development != ours.development {
        let what = if theirs.development {
            "this store was made by cardea dev, with keys and passwords that everybody knows; use another"
        } else {
            "this is the store of a real provider; cardea dev doesn't touch it"
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
            "this master key is not the one that the store was made with".to_owned(),
        );
    }
    Ok(())
}

/// D19: the clients of the file.
pub(crate) async fn apply_clients(
    store: &dyn Store,
    config: &Config,
    cause: &Cause,
) -> Result<(), StartError> {
    let clients = config
        .file_clients(cause.now)
        .into_iter()
        .collect::<Result<_, _>>()?;
    store
        .apply_file_clients(ApplyFileClients {
            clients,
            cause: cause.clone(),
        })
        .await?;
    Ok(())
}

/// D19: people are seeds.
pub(crate) async fn seed_users(
    parts: &Parts,
    config: &Config,
    cause: &Cause,
) -> Result<(), StartError> {
    for seed in &config.users {
        let problem =
            |what: String| ConfigProblem::new(format!("users \"{}\"", seed.username), what);
        let username = seed.check()?;
        let refused = |known: bool| !config.development && known;
        if refused(seed.has_demo_password()) {
            return Err(seed.everybody_knows().into());
        }
        // A hash costs 15 ms and more: not for somebody who is there. The login knows the demo passwords of those.
        if parts.store.user_by_name(&username).await?.is_some() {
            continue;
        }
        if refused(seed.has_demo_hash()) {
            return Err(seed.everybody_knows().into());
        }
        let user = User {
            subject: new_subject(&parts.entropy).map_err(|e| problem(e.to_string()))?,
            username,
            email: seed.email.clone(),
            email_verified: seed.email_verified,
            password_hash: password_hash(parts, seed).map_err(problem)?,
            roles: seed.roles.clone(),
            claims: seed.claims.clone(),
            status: UserStatus::Enabled,
            failures: LoginFailures::default(),
            created_at: cause.now,
            updated_at: cause.now,
        };
        if parts
            .store
            .seed_user(AddUser {
                user,
                cause: cause.clone(),
            })
            .await?
            == Seeded::Added
        {
            tracing::info!(
                username = seed.username,
                "added a person of the configuration"
            );
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
pub(crate) fn jwks_cache(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<JwksCache, ConfigProblem> {
    let client = config.outbound.client()?;
    Ok(JwksCache::new(client, Arc::clone(clock)))
}
