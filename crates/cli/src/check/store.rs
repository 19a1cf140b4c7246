//! The store and the master key: the running provider is asked, otherwise the file is inspected.

use std::path::{Path, PathBuf};

use cardea_seal::MasterKey;
use cardea_server::{
    admin::{
        inspect,
        types::{Finding, Status, StoreOwner},
    },
    config::Config,
};
use cardea_store::{postgres, sqlite};
use jiff::Timestamp;

use crate::{
    admin::{self, Admin},
    database::Database,
    provider::{Opened, is_in_use},
};

/// Whether a provider owns the store, and is to be asked.
pub(super) async fn is_served(config: &Config) -> anyhow::Result<bool> {
    match Database::of(config)?.socket()? {
        Some(socket) => admin::is_served(&socket).await,
        None => Ok(false),
    }
}

/// Everything about store, master key, keys, clients and time.
pub(super) async fn look(
    config: &Config,
    served: anyhow::Result<bool>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let master_key = match config.keys.read() {
        Ok(key) => Some(key),
        Err(problem) => {
            let problem = config.places.locate(problem);
            findings.push(Finding::problem("master key", problem.to_string()));
            None
        }
    };
    let database = match Database::of(config) {
        Ok(database) => database,
        Err(error) => {
            findings.push(Finding::problem("store", error.to_string()));
            return findings;
        }
    };
    let status = match served {
        Ok(true) => ask(&database).await,
        Ok(false) => open(database, master_key.as_ref(), now).await,
        Err(error) => Err(Finding::problem("store", format!("{error:#}"))),
    };
    match status {
        Err(finding) => {
            if master_key.is_some() {
                findings.push(Finding::ok("master key", "it is well-formed"));
            }
            findings.push(finding);
        }
        Ok(status) => {
            match &status.owner {
                Some(owner) => findings.extend(agreement(config, owner, master_key.as_ref())),
                None if master_key.is_some() => findings.push(Finding::ok(
                    "master key",
                    "it is well-formed; the first start binds the store to it",
                )),
                None => {}
            }
            findings.extend(status.findings);
        }
    }
    findings
}

async fn ask(database: &Database) -> Result<Status, Finding> {
    let problem = |what: String| Finding::problem("store", what);
    let socket = database.socket().map_err(|e| problem(e.to_string()))?;
    let socket = socket.ok_or_else(|| problem("it has no socket".to_owned()))?;
    let place = socket.display().to_string();
    let answer = Admin::Running(socket).get("/status").await;
    let mut status: Status = answer.map_err(|e| problem(format!("{place}: {e:#}")))?;
    let running = Finding::ok("store", format!("a provider runs; it listens on {place}"));
    status.findings.insert(0, running);
    Ok(status)
}

async fn open(
    database: Database,
    master_key: Option<&MasterKey>,
    now: Timestamp,
) -> Result<Status, Finding> {
    if let Database::File(path) = &database
        && !path.exists()
    {
        return Err(absent(path));
    }
    if let Database::Postgres { address, .. } = &database
        && postgres::is_new(address)
            .await
            .map_err(|e| refused(e.to_string()))?
    {
        return Err(Finding::ok(
            "store",
            format!("{address} is empty; the first start makes its tables"),
        ));
    }
    database.is_ours().map_err(|e| refused(e.to_string()))?;
    let opened = match &database {
        Database::File(path) => format!("{} can be opened; no provider runs on it", path.display()),
        Database::Postgres { address, .. } => format!("{address} can be used"),
    };
    let store = Opened::open(database, false).await;
    let store = store.map_err(|e| unopened(&e))?;
    let mut status = inspect(&*store.store(), master_key, now)
        .await
        .map_err(|e| refused(e.to_string()))?;
    status.findings.insert(0, Finding::ok("store", opened));
    Ok(status)
}

fn refused(what: String) -> Finding {
    Finding::problem("store", what)
}

fn unopened(error: &anyhow::Error) -> Finding {
    let pending = matches!(
        error.downcast_ref(),
        Some(sqlite::OpenError::Pending { .. })
    ) || matches!(
        error.downcast_ref(),
        Some(postgres::OpenError::Pending { .. })
    );
    if pending {
        return Finding::warning(
            "store",
            error.to_string(),
            "run cardea migrate, or start the provider, which migrates too",
        );
    }
    let finding = refused(error.to_string());
    match is_in_use(error) {
        true => finding
            .advice("another command uses it, or a provider starts or stops: run the check again"),
        false => finding,
    }
}

fn absent(path: &Path) -> Finding {
    let parent = path.parent().map(Path::to_owned).unwrap_or_default();
    let folder = match parent.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => parent,
    };
    let place = path.display();
    match folder.is_dir() {
        true => Finding::ok(
            "store",
            format!("{place} does not exist yet; the first start creates it"),
        ),
        false => Finding::problem("store", format!("{} is not a folder", folder.display()))
            .advice("create the folder, or set store.url to another one"),
    }
}

/// D23, D13: whether the store belongs to this configuration.
fn agreement(config: &Config, owner: &StoreOwner, master_key: Option<&MasterKey>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if owner.development {
        findings.push(
            Finding::problem(
                "store",
                "it was made by cardea dev, with public keys and passwords: serve refuses it",
            )
            .advice("set store.url to another file"),
        );
    }
    if owner.issuer != config.issuer {
        findings.push(
            Finding::problem(
                "issuer",
                format!(
                    "the store belongs to {}; tokens and subjects are bound to that issuer",
                    owner.issuer
                ),
            )
            .advice("set issuer to that URL again, or store.url to another file"),
        );
    }
    if let Some(key) = master_key {
        findings.push(match owner.has_key(key) {
            true => Finding::ok("master key", "it is the key of the store"),
            false => Finding::problem(
                "master key",
                "it is not the one that the store was created with",
            )
            .advice("restore that key: without it the keys in the store cannot be opened"),
        });
    }
    findings
}
