//! Files that other users should not read.

use std::{os::unix::fs::MetadataExt as _, path::Path};

use cardea_server::{admin::types::Finding, config::Config};
use cardea_web::config::lines_of_keys;

use crate::database::Database;

/// A warning for a file that others may read.
pub(crate) fn readable_by_others(subject: &str, path: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(path).ok()?.mode();
    if mode & 0o077 == 0 {
        return None;
    }
    let path = path.display();
    Some(Finding::warning(
        subject,
        format!(
            "{path} can be read or written by other users of this machine (mode {:o})",
            mode & 0o777
        ),
        format!("chmod 600 {path}"),
    ))
}

/// A warning for a configuration file with a secret in clear. The group may read it, for a file of root's that the service's group
/// reads.
pub(crate) fn secret_in_clear(file: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(file).ok()?.mode();
    if mode & 0o007 == 0 {
        return None;
    }
    let path = file.display();
    let what = format!(
        "{path} has secrets, and can be read or written by other users of this machine (mode {:o})",
        mode & 0o777
    );
    let advice = format!("chmod o= {path}");
    Some(Finding::warning("configuration", what, advice))
}

/// Whether a key is set in the file, and not only by a variable.
pub(crate) fn is_in_file(file: &Path, key: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    lines_of_keys(&text).iter().any(|(name, _)| name == key)
}

/// Warnings for all files with secrets of a provider.
pub(crate) fn secrets(file: &Path, config: &Config) -> Vec<Finding> {
    let clients = config.clients.iter();
    let clients = clients.filter_map(|client| client.client_secret_file.as_deref());
    let files = clients.map(|file| ("client secret", file));
    let upstreams = config.upstreams.iter();
    let upstreams = upstreams.filter_map(|upstream| upstream.client_secret_file.as_deref());
    let mail = config.mail.password_file.as_deref();
    let store = config.store.password_file.as_deref();
    let files = files
        .chain(upstreams.map(|file| ("upstream secret", file)))
        .chain(mail.map(|file| ("mail password", file)))
        .chain(store.map(|file| ("store password", file)));
    let tls = config.tls.iter().map(|tls| ("tls", &*tls.key_file));
    let master_key = config.keys.master_key_file.as_deref();
    let master_key = master_key.map(|file| ("master key", file));
    let mut findings: Vec<Finding> = files
        .chain(tls)
        .chain(master_key)
        .filter_map(|(subject, file)| readable_by_others(subject, Path::new(file)))
        .collect();
    let database = Database::of(config);
    if let Ok(Database::File(store)) = &database {
        findings.extend(readable_by_others("store", store));
    }
    let in_url = config.store.password_file.is_none() && database.is_ok_and(|d| d.has_password());
    let in_clear = config.clients.iter().any(|c| c.client_secret.is_some())
        || (in_url && is_in_file(file, "store.url"))
        || config.users.iter().any(|u| u.password.is_some())
        || is_in_file(file, "keys.master_key");
    if in_clear {
        findings.extend(secret_in_clear(file));
    }
    findings
}

/// Logs warnings at a start.
pub(crate) fn warn(findings: &[Finding]) {
    for finding in findings {
        let advice = finding.advice.as_deref();
        tracing::warn!(subject = finding.subject, advice, "{}", finding.what);
    }
}
