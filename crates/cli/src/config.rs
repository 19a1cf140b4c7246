//! The configuration file, read for the command line.

use std::{
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::bail;
use cardea_server::config::{Config, ConfigProblem, ConfigProblems, Places};
use cardea_web::{
    config::{ConfigErrors, load},
    inbound::tls::Certificates,
};
use jiff::Timestamp;

use crate::{
    database::{self, Database},
    output::{Output, escaped},
};

/// The configuration file where none is named.
pub(crate) const DEFAULT_FILE: &str = "cardea.toml";

/// The variables of the process.
pub(crate) type Environment = Vec<(String, String)>;

/// What every command runs with.
pub(crate) struct Run {
    /// The file of `--config`.
    pub(crate) config: Option<PathBuf>,
    pub(crate) environment: Environment,
    pub(crate) out: Output,
}

impl Run {
    /// The file of `--config`, else this one.
    pub(crate) fn file_or(&self, default: &str) -> PathBuf {
        self.config.clone().unwrap_or_else(|| default.into())
    }
}

/// Reads a configuration. Paths in it are relative to the file, so that it means the same in every working directory.
pub(crate) fn read(file: &Path, environment: Environment) -> Result<Config, ConfigErrors> {
    let mut config: Config = load(file, environment.into_iter())?;
    let text = std::fs::read_to_string(file).unwrap_or_default();
    config.places = Places::of(&file.display().to_string(), &text);
    if let Some(folder) = file.parent() {
        place(&mut config, folder);
    }
    Ok(config)
}

/// The configuration file of a command. Where none was named and there is none here, that of the running `cardea dev` of this user,
/// which is said on standard error.
pub(crate) fn of_command(run: &Run) -> anyhow::Result<PathBuf> {
    let file = run.file_or(DEFAULT_FILE);
    if run.config.is_some() || file.exists() {
        return Ok(file);
    }
    let folders = std::fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten();
    let mut running: Vec<PathBuf> = folders
        .filter_map(Result::ok)
        .filter(|folder| folder.file_name().to_string_lossy().starts_with(DEV_FOLDER))
        .filter_map(|folder| running_dev(&folder.path()))
        .collect();
    running.sort();
    match running.as_slice() {
        [] => Ok(file),
        [dev] => {
            let line = format!(
                "no {DEFAULT_FILE} here: this uses the running cardea dev, --config {}",
                dev.display()
            );
            // Nothing depends on its reader.
            let _ = writeln!(std::io::stderr(), "{}", escaped(&line));
            Ok(dev.clone())
        }
        several => {
            let several = several
                .iter()
                .map(|dev| format!("\n  --config {}", dev.display()));
            bail!(
                "there is no {DEFAULT_FILE} here, and several cardea dev run; choose one:{}",
                several.collect::<String>()
            )
        }
    }
}

/// The configuration file in the folder of a `cardea dev` of this user that runs.
fn running_dev(folder: &Path) -> Option<PathBuf> {
    let (file, socket) = (folder.join(DEFAULT_FILE), folder.join("cardea.db.sock"));
    let mine = |path: &Path| path.exists() && same_user(path).is_ok();
    // A socket that no process listens on was left by one that was killed.
    let answers = || std::os::unix::net::UnixStream::connect(&socket).is_ok();
    (mine(folder) && mine(&file) && mine(&socket) && answers()).then_some(file)
}

/// How the temporary folders of `cardea dev` begin.
pub(crate) const DEV_FOLDER: &str = "cardea-dev-";

/// Checks everything that can be checked without the store. All problems are in the error, each with its place.
pub(crate) fn validate(config: &Config, now: Timestamp) -> Result<(), ConfigProblems> {
    let mut problems = config.problems(now);
    match Database::of(config) {
        // Those of users who exist are not used any more; the start reads the store and judges the others.
        Ok(Database::Postgres { .. }) => {}
        Ok(Database::File(file)) if file.exists() => {}
        Ok(Database::File(_)) => problems.extend(config.weak_passwords()),
        Err(problem) => problems.push(problem),
    }
    problems.extend(config.keys.read().err().map(|p| config.places.locate(p)));
    ConfigProblems::none_of(problems)
}

fn place(config: &mut Config, folder: &Path) {
    let within = |path: &mut String| *path = folder.join(&*path).display().to_string();
    database::place(&mut config.store.url, folder);
    if let Some(tls) = &mut config.tls {
        within(&mut tls.cert_file);
        within(&mut tls.key_file);
    }
    let files = [
        &mut config.store.password_file,
        &mut config.keys.master_key_file,
        &mut config.outbound.ca_file,
        &mut config.mail.password_file,
        &mut config.mail.templates,
        &mut config.brand.logo_file,
        &mut config.brand.logo_dark_file,
        &mut config.brand.icon_file,
        &mut config.passwords.breached_filter,
    ];
    let secrets = config.clients.iter_mut();
    let secrets = secrets.filter_map(|client| client.client_secret_file.as_mut());
    let upstreams = config.upstreams.iter_mut();
    let upstreams = upstreams.filter_map(|upstream| upstream.client_secret_file.as_mut());
    let files = files.into_iter().flatten().chain(secrets);
    files.chain(upstreams).for_each(within);
}

/// The certificate of `[tls]`.
pub(crate) fn certificates(config: &Config) -> Result<Option<Arc<Certificates>>, ConfigProblem> {
    let Some(files) = &config.tls else {
        return Ok(None);
    };
    let (cert, key) = (Path::new(&files.cert_file), Path::new(&files.key_file));
    let loaded = Certificates::load(cert, key).map_err(|error| {
        let is_key = error.file() == key;
        let key = if is_key {
            "tls.key_file"
        } else {
            "tls.cert_file"
        };
        config
            .places
            .locate(ConfigProblem::new(key, error.to_string()))
    });
    loaded.map(Some)
}

/// Only the provider's user may use its files. What a command of another user creates beside them (the log of the database, its
/// lock) the provider could not open.
pub(crate) fn same_user(path: &Path) -> anyhow::Result<()> {
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(());
    };
    let (owner, me) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != me {
        bail!(
            "{} belongs to user {owner}, and this process runs as user {me}: run it as that user, such as: sudo -u '#{owner}' cardea …",
            path.display()
        );
    }
    Ok(())
}
