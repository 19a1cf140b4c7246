//! The folder with keys and data.

use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use cardea_seal::{Entropy, MasterKey};

/// One that stays, or one that goes at the end.
pub(crate) enum Data {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Data {
    /// The folder with a master key in it. A store belongs to its issuer for good, so what is behind a gateway has one of its own.
    pub(crate) fn open(dir: Option<&Path>, behind_a_gateway: bool) -> anyhow::Result<Self> {
        let data = match dir {
            None => Self::Temporary(tempfile::Builder::new().prefix("cardea-dev-").tempdir()?),
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
