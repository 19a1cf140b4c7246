//! The files of the repository.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::command::listed;

/// A text file that git tracks, or would with the next `git add`.
#[derive(Debug)]
pub(super) struct File {
    /// Relative to the folder of the workspace.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|extension| extension == "rs")
    }

    #[cfg(test)]
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }
}

/// All text files.
pub(super) fn tracked(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for path in listed(root)? {
        let full = root.join(&path);
        // A tracked file may be deleted in the working tree, or be a link to a folder.
        if !full.is_file() {
            continue;
        }
        let bytes = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path, text });
        }
    }
    Ok(files)
}
