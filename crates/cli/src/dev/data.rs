//! The folder with keys and data.

use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use cardea_seal::{Entropy, MasterKey};

use crate::config::DEV_FOLDER;

/// How often the removal of a folder is tried.
const REMOVALS: usize = 20;

/// One that stays, or one that goes at the end.
pub(crate) enum Data {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Data {
    /// The folder with a master key in it. A store belongs to its issuer for good, so what is behind a gateway has one of its own.
    pub(crate) fn open(dir: Option<&Path>, behind_a_gateway: bool) -> anyhow::Result<Self> {
        let data = match dir {
            None => Self::Temporary(tempfile::Builder::new().prefix(DEV_FOLDER).tempdir()?),
            Some(dir) => {
                let dir = if behind_a_gateway {
                    dir.join("gateway")
                } else {
                    dir.to_owned()
                };
                let there = std::fs::create_dir_all(&dir);
                // Whole, so that what is printed is good in any folder.
                let whole = there.and_then(|()| dir.canonicalize());
                Self::Kept(whole.with_context(|| format!("--data: {}", dir.display()))?)
            }
        };
        let key = data.path().join("master.key");
        if !key.exists() {
            let text = MasterKey::generate(&Entropy::system()).to_text();
            write_private(&key, text.expose()).with_context(|| key.display().to_string())?;
        }
        Ok(data)
    }

    /// Removes a temporary folder when the process ends without dropping this.
    pub(crate) fn removal(&self) -> impl FnOnce() + Send + 'static {
        let temporary = match self {
            Self::Kept(_) => None,
            Self::Temporary(dir) => Some(dir.path().to_owned()),
        };
        move || {
            // A thread that still writes can make a file while the folder is emptied.
            let mut tries = 0..REMOVALS;
            while let Some(folder) = temporary.as_deref().filter(|folder| folder.exists())
                && tries.next().is_some()
            {
                let _ = std::fs::remove_dir_all(folder);
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}
