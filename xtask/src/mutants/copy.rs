//! A copy of the workspace to be changed, with a target folder of its own. It stays for the next run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::command::{cargo, listed, root};

/// One copy.
pub(super) struct Copy {
    /// The workspace.
    pub(super) sources: PathBuf,
    /// Where cargo compiles it.
    pub(super) target: PathBuf,
}

impl Copy {
    /// Copies all files, except those that `skipped` names: these are for [`Copy::write`].
    pub(super) fn make(name: &str, skipped: impl Fn(&Path) -> bool) -> Result<Self> {
        let folder = root().join("target/mutants");
        let copy = Self {
            sources: folder.join(name).join("workspace"),
            // The packages of the registry are the same for all copies.
            target: folder.join("target"),
        };
        for path in listed(root())? {
            let path = Path::new(&path);
            let from = root().join(path);
            if from.is_file() && !skipped(path) {
                let bytes = fs::read(&from);
                let bytes = bytes.with_context(|| format!("cannot read {}", path.display()))?;
                copy.write(path, &bytes)?;
            }
        }
        // Of an earlier copy: a migration with another name would be applied too.
        for path in files(&copy.sources.join("crates"))? {
            let before = path.strip_prefix(&copy.sources)?;
            if !root().join(before).exists() {
                fs::remove_file(path)?;
            }
        }
        Ok(copy)
    }

    /// Writes a file if it differs: cargo compiles again what is younger than its last build.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let to = self.sources.join(path);
        if fs::read(&to).is_ok_and(|before| before == bytes) {
            return Ok(());
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))
    }

    /// A cargo in the copy.
    pub(super) fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = cargo(arguments);
        self.compile_here(&mut command);
        command
    }

    /// Lets a program work on the copy. Debug information would take most of the time of a build.
    pub(super) fn compile_here(&self, command: &mut Command) {
        command
            .current_dir(&self.sources)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
    }
}

/// The files of a folder and of the folders in it, by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
