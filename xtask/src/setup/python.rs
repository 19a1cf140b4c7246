//! PyPI packages, in a virtual environment under `target/`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::is_current;
use crate::{check::Metadata, command::stream};

/// Installs the packages of `requirements.txt`, if the folder has one and they are not installed yet.
pub(super) fn install(folder: &Path) -> Result<()> {
    let wanted = folder.join("requirements.txt");
    if !wanted.exists() {
        return Ok(());
    }
    let venv = environment(folder)?;
    let stamp = venv.join("installed-requirements.txt");
    if is_current(&wanted, &stamp) {
        return Ok(());
    }
    if !stream(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
    )? {
        bail!(
            "python3 could not make a virtual environment in {}",
            venv.display()
        );
    }
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ])
    .arg(&wanted);
    if !stream(&mut pip)? {
        bail!("pip could not install the packages of {}", wanted.display());
    }
    std::fs::copy(&wanted, &stamp)?;
    Ok(())
}

/// The python with the packages of this folder, if it has any.
pub(crate) fn interpreter(folder: &Path) -> Result<Option<PathBuf>> {
    if !folder.join("requirements.txt").exists() {
        return Ok(None);
    }
    Ok(Some(environment(folder)?.join("bin/python")))
}

fn environment(folder: &Path) -> Result<PathBuf> {
    let name = folder.file_name().context("a folder without a name")?;
    Ok(Metadata::read()?.target_directory.join("python").join(name))
}
