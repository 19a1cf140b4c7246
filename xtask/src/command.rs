//! Other programs: their paths, their output, their success.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The program of that name on the search path, or in the folders for servers of a distribution.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this tool has no configuration; the search path is the shell's"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The folder in which cargo keeps fetched and installed packages.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this tool has no configuration; the shell sets cargo's folder"
    )]
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    folder("CARGO_HOME")
        .or_else(|| Some(folder("HOME")?.join(".cargo")))
        .context("neither CARGO_HOME nor HOME is set")
}

/// A cargo without the variables that `cargo run` has set for this program: build scripts would take them for a change of
/// their own environment, and compile again.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    for name in [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "OUT_DIR",
    ] {
        command.env_remove(name);
    }
    for part in [
        "AUTHORS",
        "DESCRIPTION",
        "HOMEPAGE",
        "LICENSE",
        "LICENSE_FILE",
        "NAME",
        "README",
        "REPOSITORY",
        "RUST_VERSION",
    ] {
        command.env_remove(format!("CARGO_PKG_{part}"));
    }
    for part in ["", "_MAJOR", "_MINOR", "_PATCH", "_PRE"] {
        command.env_remove(format!("CARGO_PKG_VERSION{part}"));
    }
    command
}

/// The output of a program; an error with its messages when it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{shown}`"))?;
    if !output.status.success() {
        bail!(
            "`{shown}` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{shown}` printed something that is not text"))
}

/// The files of a folder that git knows or would add.
pub(crate) fn listed(folder: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ])
    .current_dir(folder);
    let paths = output(&mut git)?;
    Ok(paths.split_terminator('\0').map(str::to_owned).collect())
}

/// Runs a program with its output passed through; true when it succeeded.
pub(crate) fn stream(command: &mut Command) -> Result<bool> {
    let shown = shown(command);
    println!("$ {shown}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run `{shown}`"))?;
    Ok(status.success())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
