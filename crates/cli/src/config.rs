//! The configuration file, read for the command line.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::bail;
use cardea_server::config::{Config, Places};
use cardea_web::config::{ConfigErrors, load};

/// The variables of the process.
pub(crate) type Environment = Vec<(String, String)>;

/// Reads a configuration. Paths in it are relative to the file, so that it means the same wherever one stands.
pub(crate) fn read(file: &Path, environment: Environment) -> Result<Config, ConfigErrors> {
    let mut config: Config = load(file, environment.into_iter())?;
    let text = std::fs::read_to_string(file).unwrap_or_default();
    config.places = Places::of(&file.display().to_string(), &text);
    if let Some(folder) = file.parent() {
        place(&mut config, folder);
    }
    Ok(config)
}

fn place(config: &mut Config, folder: &Path) {
    let within = |path: &mut String| *path = folder.join(&*path).display().to_string();
    if let Some(path) = config.store.url.strip_prefix("sqlite:")
        && !path.is_empty()
    {
        config.store.url = format!("sqlite:{}", folder.join(path).display());
    }
    if let Some(tls) = &mut config.tls {
        within(&mut tls.cert_file);
        within(&mut tls.key_file);
    }
    let files = [
        &mut config.keys.master_key_file,
        &mut config.outbound.ca_file,
        &mut config.brand.logo_file,
    ];
    files.into_iter().flatten().for_each(within);
}

/// The file of `store.url`.
pub(crate) fn database(config: &Config) -> anyhow::Result<PathBuf> {
    let url = &config.store.url;
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => bail!(
            "store.url: \"{url}\" is not sqlite: and the path of a file, such as sqlite:cardea.db"
        ),
    }
}

/// The system's bound for the path of a socket is 104 to 108 bytes, and it is made under a name that is four bytes longer.
const MAX_SOCKET_PATH_BYTES: usize = 99;

/// The administration's socket, beside the database.
pub(crate) fn socket(database: &Path) -> anyhow::Result<PathBuf> {
    let mut path = database.as_os_str().to_owned();
    path.push(".sock");
    if path.len() > MAX_SOCKET_PATH_BYTES {
        bail!(
            "store.url: the socket beside the database would be {}: a socket's path has at most {MAX_SOCKET_PATH_BYTES} \
             bytes; take a folder with a shorter path",
            Path::new(&path).display()
        );
    }
    Ok(path.into())
}

/// The files of a provider are its user's alone. What another user's command would make beside them (the log of the
/// database, its lock) the provider could not open any more.
pub(crate) fn same_user(path: &Path) -> anyhow::Result<()> {
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(());
    };
    let (owner, me) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != me {
        bail!(
            "{} belongs to user {owner}, and this is user {me}: run it as that user, such as: sudo -u '#{owner}' cardea …",
            path.display()
        );
    }
    Ok(())
}
