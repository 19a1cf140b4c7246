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
use cardea_store::sqlite::{OpenError, Options, SqliteStore};
use jiff::Timestamp;

use crate::{
    admin::{self, Admin},
    config::{database, same_user, socket},
};

/// Whether a provider runs on the store.
pub(super) async fn is_served(config: &Config) -> anyhow::Result<bool> {
    admin::is_served(&socket(&database(config)?)?).await
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
    let path = match database(config) {
        Ok(path) => path,
        Err(error) => {
            findings.push(Finding::problem("store", error.to_string()));
            return findings;
        }
    };
    let status = match served {
        Ok(true) => ask(&path).await,
        Ok(false) => open(&path, master_key.as_ref(), now).await,
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

async fn ask(path: &Path) -> Result<Status, Finding> {
    let socket = socket(path).map_err(|e| Finding::problem("store", e.to_string()))?;
    let place = socket.display().to_string();
    let failed = |error: String| Finding::problem("store", format!("{place}: {error}"));
    let answer = Admin::Running(socket).get("/status").await;
    let mut status: Status = answer.map_err(|e| failed(format!("{e:#}")))?;
    let running = Finding::ok("store", format!("a provider runs; it listens on {place}"));
    status.findings.insert(0, running);
    Ok(status)
}

async fn open(
    path: &Path,
    master_key: Option<&MasterKey>,
    now: Timestamp,
) -> Result<Status, Finding> {
    if !path.exists() {
        return Err(absent(path));
    }
    same_user(path).map_err(|e| Finding::problem("store", e.to_string()))?;
    let options = Options {
        path: path.to_owned(),
        migrate: false,
    };
    let store = SqliteStore::open(options).map_err(|error| {
        let finding = Finding::problem("store", error.to_string());
        match error {
            OpenError::Pending { .. } => Finding::warning(
                "store",
                error.to_string(),
                "run cardea migrate, or start the provider, which migrates too",
            ),
            OpenError::InUse { .. } => finding.advice(
                "another command uses it, or a provider starts or stops: run the check again",
            ),
            _ => finding,
        }
    })?;
    let place = path.display();
    let mut status = inspect(&store, master_key, now)
        .await
        .map_err(|e| Finding::problem("store", e.to_string()))?;
    let opened = Finding::ok(
        "store",
        format!("{place} can be opened; no provider runs on it"),
    );
    status.findings.insert(0, opened);
    Ok(status)
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
