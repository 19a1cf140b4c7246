//! What happens once, before the first request: the store is ours, and it agrees with the configuration.

use std::sync::Arc;

use cardea_protocol::model::{
    Cause, Client, LoginFailures, Owner, Subject, User, UserStatus, Username,
};
use cardea_seal::{MasterKey, Secret};
use cardea_store::{AddUser, ApplyFileClients, Seeded, Store};
use cardea_web::{
    clock::Clock,
    outbound::{GuardedClient, JwksCache},
};

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
    let mut clients: Vec<Client> = Vec::new();
    for metadata in &config.clients {
        let id = metadata.client_id.clone();
        let client = Client::register(metadata.clone(), Owner::File, cause.now)
            .map_err(|e| ConfigProblem::new(format!("clients \"{id}\""), e.to_string()))?;
        if clients.iter().any(|c| c.id() == client.id()) {
            return Err(ConfigProblem::new(
                format!("clients \"{id}\""),
                "the client_id is there twice",
            )
            .into());
        }
        clients.push(client);
    }
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
        let username = Username::parse(&seed.username).map_err(|e| problem(e.to_string()))?;
        // A hash costs 15 ms and more: not for somebody who is there.
        if parts.store.user_by_name(&username).await?.is_some() {
            continue;
        }
        let user = User {
            subject: new_subject(parts)?,
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

fn new_subject(parts: &Parts) -> Result<Subject, ConfigProblem> {
    Subject::parse(&parts.entropy.text(16)).map_err(|e| ConfigProblem::new("users", e.to_string()))
}

fn password_hash(parts: &Parts, seed: &SeedUser) -> Result<Option<Secret<String>>, String> {
    match (&seed.password, &seed.password_hash) {
        (Some(_), Some(_)) => Err("password and password_hash are both there; keep one".to_owned()),
        (Some(password), None) => passwords::hash_new(password.expose(), &parts.entropy)
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
    let problem = |what: String| ConfigProblem::new("outbound", what);
    let ca = match &config.outbound.ca_file {
        None => None,
        Some(file) => {
            Some(std::fs::read(file).map_err(|e| problem(format!("ca_file: {file}: {e}")))?)
        }
    };
    let client = GuardedClient::new(&config.outbound.allow, ca.as_deref())
        .map_err(|e| problem(e.to_string()))?;
    Ok(JwksCache::new(client, Arc::clone(clock)))
}
