//! Other programs: where they are, what they print, whether they succeed.

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

/// The program of that name on the search path, or in the folders where a distribution puts servers.
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

/// Where cargo keeps what it has fetched and installed.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this tool has no configuration; where cargo's folder is, the shell says"
    )]
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    folder("CARGO_HOME")
        .or_else(|| Some(folder("HOME")?.join(".cargo")))
        .context("neither CARGO_HOME nor HOME is set")
}

/// A cargo that doesn't see what `cargo run` told this program about itself: build scripts would
/// take it for a change of their own surroundings, and compile again.
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

/// What a program prints; an error with its complaint when it fails.
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

/// Runs a program whose output goes straight through; true when it succeeded.
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
