//! Where the store is: a file, or PostgreSQL.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::bail;
use cardea_server::config::{Config, ConfigProblem};
use cardea_store::postgres::{self, Address};
use cardea_web::config::SecretText;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::config::same_user;

/// The system's limit for the path of a socket is 104 to 108 bytes, and the socket is created under a name that is four bytes longer.
const MAX_SOCKET_PATH_BYTES: usize = 99;
/// A larger pool serves fewer requests: PostgreSQL has a process for each connection.
const MAX_CONNECTIONS: u16 = 500;

/// What `[store]` names.
pub(crate) enum Database {
    /// A file of SQLite, which one process owns.
    File(PathBuf),
    /// PostgreSQL, which all nodes and commands share.
    Postgres {
        /// Where it is.
        address: Box<Address>,
        /// The connections of this process.
        connections: u16,
    },
}

impl Database {
    /// The database of a configuration.
    pub(crate) fn of(config: &Config) -> Result<Self, ConfigProblem> {
        let located = |key: &str, what: String| config.places.locate(ConfigProblem::new(key, what));
        let store = &config.store;
        let url = store.url.expose();
        if !is_postgres(url) {
            let wrong = |what: &str| {
                // What has a user may have a password.
                let shown = if url.contains('@') { "the URL" } else { url };
                Err(located("store.url", format!("\"{shown}\": {what}")))
            };
            return match (path_of(url), &store.password_file) {
                (Err(what), _) => wrong(what),
                (Ok(path), _) if path.is_dir() => {
                    wrong("it is a folder; set the path of a file, such as sqlite:cardea.db")
                }
                (Ok(_), Some(_)) => Err(located(
                    "store.password_file",
                    "only PostgreSQL has a password, and store.url is a file".to_owned(),
                )),
                (Ok(path), None) => Ok(Self::File(path)),
            };
        }
        // The URL may have a password, so it is not repeated.
        let address: Result<Address, _> = url.parse();
        let mut address = address.map_err(|error| located("store.url", error.to_string()))?;
        if let Some(file) = &store.password_file {
            if address.has_password() {
                let what = "the password is in store.url, too; keep one of them";
                return Err(located("store.password_file", what.to_owned()));
            }
            let read = std::fs::read_to_string(file);
            let password =
                read.map_err(|e| located("store.password_file", format!("{file}: {e}")))?;
            address.set_password(password.trim_end_matches(['\r', '\n']));
        }
        if !(1..=MAX_CONNECTIONS).contains(&store.connections) {
            let what = format!("{}: use 1 to {MAX_CONNECTIONS}", store.connections);
            return Err(located("store.connections", what));
        }
        Ok(Self::Postgres {
            address: Box::new(address),
            connections: store.connections,
        })
    }

    /// The socket of the process that owns the file. PostgreSQL has none: commands work on the database beside the nodes.
    pub(crate) fn socket(&self) -> anyhow::Result<Option<PathBuf>> {
        match self {
            Self::File(path) => socket(path).map(Some),
            Self::Postgres { .. } => Ok(None),
        }
    }

    /// Whether it has no tables yet.
    pub(crate) async fn is_new(&self) -> Result<bool, postgres::OpenError> {
        match self {
            Self::File(path) => Ok(!path.exists()),
            Self::Postgres { address, .. } => postgres::is_new(address).await,
        }
    }

    /// Whether a password is known for it.
    pub(crate) fn has_password(&self) -> bool {
        matches!(self, Self::Postgres { address, .. } if address.has_password())
    }

    /// Only the provider's user may use its files.
    pub(crate) fn is_ours(&self) -> anyhow::Result<()> {
        match self {
            Self::File(path) => same_user(path),
            Self::Postgres { .. } => Ok(()),
        }
    }
}

/// The path, or the URL without the password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres { address, .. } => address.fmt(f),
        }
    }
}

/// Makes the path in a URL relative to this folder.
pub(crate) fn place(url: &mut SecretText, folder: &Path) {
    let placed = match path_of(url.expose()) {
        Ok(path) => Some(format!("sqlite:{}", folder.join(path).display())),
        Err(_) => place_authorities(url.expose(), folder),
    };
    if let Some(placed) = placed {
        *url = SecretText::new(placed);
    }
}

/// The same of `sslrootcert`.
fn place_authorities(url: &str, folder: &Path) -> Option<String> {
    const PARAMETER: &str = "sslrootcert=";
    let (before, rest) = url.split_once(PARAMETER).filter(|_| is_postgres(url))?;
    let (value, after) = rest.split_at(rest.find('&').unwrap_or(rest.len()));
    let path = folder.join(&*percent_decode_str(value).decode_utf8().ok()?);
    let path = utf8_percent_encode(path.to_str()?, NON_ALPHANUMERIC).to_string();
    Some(format!("{before}{PARAMETER}{path}{after}"))
}

fn is_postgres(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    ["postgres", "postgresql"]
        .iter()
        .any(|name| scheme.eq_ignore_ascii_case(name))
}

/// The path in a URL of a store, or what is wrong with it.
fn path_of(url: &str) -> Result<PathBuf, &'static str> {
    // In any of the spellings that SQLite and its wrappers know, for each of which another file would be created.
    let decoded = percent_decode_str(url).decode_utf8_lossy();
    let spelling = decoded.to_ascii_lowercase();
    let in_memory = [":memory:", "mode=memory", "vfs=memdb"];
    if in_memory.iter().any(|memory| spelling.contains(memory))
        || matches!(spelling.as_str(), "sqlite::memory" | "memory" | "memory:")
    {
        return Err(
            "a database in memory loses all users, grants and keys at the end of the process, and the commands cannot reach it; \
             set the path of a file, such as sqlite:cardea.db",
        );
    }
    let Some(path) = url.strip_prefix("sqlite:") else {
        return Err(
            "not sqlite: and the path of a file, such as sqlite:cardea.db, and not postgres://user@host/database",
        );
    };
    if spelling.starts_with("sqlite:file:") || path.contains('?') {
        return Err("a path has no parameters; write it like sqlite:cardea.db");
    }
    if path.starts_with("//") && !path.starts_with("///") {
        return Err(
            "write a relative path like sqlite:cardea.db, an absolute one like sqlite:/var/lib/cardea/cardea.db",
        );
    }
    let is_no_file = path.trim().is_empty()
        || path.trim() != path
        || path.ends_with('/')
        || path.contains(char::is_control);
    if is_no_file {
        return Err("not the path of a file; write it like sqlite:cardea.db");
    }
    Ok(PathBuf::from(path))
}

/// The administration's socket, beside the database.
fn socket(database: &Path) -> anyhow::Result<PathBuf> {
    let mut path = database.as_os_str().to_owned();
    path.push(".sock");
    if path.len() > MAX_SOCKET_PATH_BYTES {
        bail!(
            "store.url: the socket beside the database would be {}: a socket's path has at most {MAX_SOCKET_PATH_BYTES} \
             bytes; use a folder with a shorter path",
            Path::new(&path).display()
        );
    }
    Ok(path.into())
}
