//! Files that other users should not read.

use std::{os::unix::fs::MetadataExt as _, path::Path};

use cardea_server::{admin::types::Finding, config::Config};

/// A warning for a file that others may read.
pub(super) fn readable_by_others(subject: &str, path: &Path) -> Option<Finding> {
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

/// Warnings for the files of clients' secrets, and for the configuration file if it has a secret in clear. The group may read that one, for
/// a file of root's that the service's group reads.
pub(super) fn secrets(file: &Path, config: &Config) -> Vec<Finding> {
    let clients = config.clients.iter();
    let files = clients.filter_map(|client| client.client_secret_file.as_deref());
    let mut findings: Vec<Finding> = files
        .filter_map(|file| readable_by_others("client secret", Path::new(file)))
        .collect();
    let in_clear = config.clients.iter().any(|c| c.client_secret.is_some())
        || config.users.iter().any(|u| u.password.is_some())
        || config.keys.master_key.is_some();
    let mode = std::fs::metadata(file).map_or(0, |metadata| metadata.mode());
    if in_clear && mode & 0o007 != 0 {
        let path = file.display();
        let what = format!(
            "{path} has secrets, and can be read or written by other users of this machine (mode {:o})",
            mode & 0o777
        );
        findings.push(Finding::warning(
            "configuration",
            what,
            format!("chmod o= {path}"),
        ));
    }
    findings
}
