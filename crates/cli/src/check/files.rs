//! Files that nobody else should read.

use std::{os::unix::fs::MetadataExt as _, path::Path};

use cardea_server::admin::Finding;

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
