//! npm packages, in the folders of the tests that use them.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use super::is_current;
use crate::command::stream;

/// Installs exactly the packages of `package-lock.json`, if the folder has one and they are not installed yet.
pub(crate) fn install(folder: &Path) -> Result<()> {
    if !folder.join("package.json").exists() {
        return Ok(());
    }
    let lock = folder.join("package-lock.json");
    if !lock.exists() {
        bail!(
            "{} is missing: run `npm install` there once and commit it",
            lock.display()
        );
    }
    let stamp = folder.join("node_modules/.installed-lock.json");
    if is_current(&lock, &stamp) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    // No script of a package runs at installation, and no browser is fetched: the distribution's is used.
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    if !stream(npm.current_dir(folder))? {
        bail!("npm could not install the packages of {}", folder.display());
    }
    // npm leaves no folder behind for a package.json without dependencies.
    std::fs::create_dir_all(folder.join("node_modules"))?;
    std::fs::copy(&lock, &stamp)?;
    Ok(())
}
