//! Connecting to the database: TLS, its schema, its owner.

use std::{path::Path, sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::{Client, Error, NoTls, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    Address, Options, PATIENCE, PostgresStore, QUEUE, SHORTEST_QUEUE, address::Tls, fault::describe,
};

/// How long a statement of a request may take.
const STATEMENT: Duration = Duration::from_secs(5);

mod embedded {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::unwrap_used,
        reason = "written by the macro"
    )]
    refinery::embed_migrations!("migrations/postgres");
}

/// Why a database was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It can't be reached, or refuses.
    #[error("{address}: {why}{}", hint.map(|hint| format!("; {hint}")).unwrap_or_default())]
    Refused {
        /// The address, without the password.
        address: String,
        /// What happened.
        why: String,
        /// What to do about it.
        hint: Option<&'static str>,
    },
    /// A newer Cardea wrote it.
    #[error(
        "{address} has schema {found}, and this version of Cardea knows {known}: use the version that wrote it or a newer one"
    )]
    Newer {
        /// The address.
        address: String,
        /// Its schema.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// It is not up to date, and migrations were not allowed.
    #[error("{address} needs {pending} migration(s): run `cardea migrate`")]
    Pending {
        /// The address.
        address: String,
        /// How many.
        pending: usize,
    },
    /// The certificate authorities can't be read.
    #[error("{path}: {why}")]
    Authorities {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
}

pub(super) async fn open(options: Options) -> Result<PostgresStore, OpenError> {
    let Options {
        address,
        migrate: may_migrate,
        connections,
    } = options;
    for name in migrate_if(&address, may_migrate).await? {
        tracing::info!(migration = name, "the store was migrated");
    }
    let mut config = address.config.clone();
    // PgBouncer in transaction mode takes no settings of a session: there the role has to have them. Without statistics PostgreSQL
    // overestimates a statement and compiles it, which takes 300 ms where it runs in one.
    if address.prepares {
        let (timeout, own) = (
            STATEMENT.as_millis(),
            config.get_options().unwrap_or_default(),
        );
        // Of two values of a setting the last one counts.
        let options = format!("-c statement_timeout={timeout} -c jit=off {own}");
        config.options(options);
    }
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = match connector(&address.tls)? {
        None => Manager::from_config(config, NoTls, recycling),
        Some(tls) => Manager::from_config(config, tls, recycling),
    };
    let pool = Pool::builder(manager)
        .max_size(connections)
        .timeouts(Timeouts {
            wait: Some(PATIENCE),
            create: Some(STATEMENT),
            recycle: Some(PATIENCE),
        })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|e| refused(&address, e.to_string(), None))?;
    Ok(PostgresStore {
        pool,
        prepares: address.prepares,
        // PostgreSQL ends a statement first; this is for a network that has lost it.
        patience: STATEMENT * 2,
        queue: (connections * QUEUE).max(SHORTEST_QUEUE),
        refuses_writes: Arc::default(),
    })
}

/// Whether no migration has been applied yet.
pub async fn is_new(address: &Address) -> Result<bool, OpenError> {
    let client = connect(address).await?;
    let applied = applied(&client).await.map_err(|e| failure(address, &e))?;
    Ok(applied.is_empty())
}

/// Applies pending migrations; returns their names.
pub async fn migrate(address: &Address) -> Result<Vec<String>, OpenError> {
    migrate_if(address, true).await
}

async fn migrate_if(address: &Address, apply: bool) -> Result<Vec<String>, OpenError> {
    let failed = |error: &Error| failure(address, error);
    let mut client = connect(address).await?;
    let runner = embedded::migrations::runner().set_grouped(true);
    let known: Vec<u32> = runner
        .get_migrations()
        .iter()
        .map(|m| u32::try_from(m.version()).unwrap_or(u32::MAX))
        .collect();
    let newest = known.iter().copied().max().unwrap_or(0);
    let applied = applied(&client).await.map_err(|e| failed(&e))?;
    let found = applied.iter().copied().max().unwrap_or(0);
    if found > newest {
        return Err(OpenError::Newer {
            address: address.to_string(),
            found,
            known: newest,
        });
    }
    let pending = known.iter().filter(|one| !applied.contains(one)).count();
    if pending == 0 {
        return Ok(Vec::new());
    }
    if !apply {
        let address = address.to_string();
        return Err(OpenError::Pending { address, pending });
    }
    // One node migrates, the others wait: a row that is locked as long as the connection that holds it lives.
    let turn = connect(address).await?;
    take_turn(&turn).await.map_err(|e| failed(&e))?;
    let report = runner.run_async(&mut client).await.map_err(|error| {
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
        cause.map_or_else(|| refused(address, error.to_string(), None), failed)
    })?;
    turn.batch_execute("COMMIT").await.map_err(|e| failed(&e))?;
    let names = report.applied_migrations().iter();
    Ok(names.map(ToString::to_string).collect())
}

/// Waits for the row that stands for the right to migrate, which this connection has until it commits.
async fn take_turn(turn: &Client) -> Result<(), Error> {
    let table =
        "CREATE TABLE IF NOT EXISTS migration_turn (one BIGINT PRIMARY KEY CHECK (one = 1))";
    match turn.batch_execute(table).await {
        // Of two nodes that create it at the same moment PostgreSQL fails one, which has it then, by the name of the table, of its row
        // type or of a row of the catalog.
        Err(error)
            if matches!(
                error.code(),
                Some(
                    &SqlState::UNIQUE_VIOLATION
                        | &SqlState::DUPLICATE_TABLE
                        | &SqlState::DUPLICATE_OBJECT
                )
            ) => {}
        made => made?,
    }
    turn.batch_execute("INSERT INTO migration_turn VALUES (1) ON CONFLICT DO NOTHING")
        .await?;
    turn.batch_execute("BEGIN; SELECT one FROM migration_turn FOR UPDATE")
        .await
}

/// The versions that were applied, none if the database is empty.
async fn applied(client: &Client) -> Result<Vec<u32>, Error> {
    let sql = "SELECT version FROM refinery_schema_history";
    match client.query(sql, &[]).await {
        Ok(rows) => Ok(rows
            .iter()
            .filter_map(|row| u32::try_from(row.get::<_, i32>(0)).ok())
            .collect()),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// A connection outside of the pool.
async fn connect(address: &Address) -> Result<Client, OpenError> {
    let failed = |error: Error| failure(address, &error);
    match connector(&address.tls)? {
        None => {
            let (client, connection) = address.config.connect(NoTls).await.map_err(failed)?;
            tokio::spawn(connection);
            Ok(client)
        }
        Some(tls) => {
            let (client, connection) = address.config.connect(tls).await.map_err(failed)?;
            tokio::spawn(connection);
            Ok(client)
        }
    }
}

fn connector(tls: &Tls) -> Result<Option<MakeRustlsConnect>, OpenError> {
    let Tls::Verified { authorities } = tls else {
        return Ok(None);
    };
    let path = authorities.as_deref();
    let failed = |why: String| OpenError::Authorities {
        path: path.map_or_else(|| "TLS".to_owned(), |path| path.display().to_string()),
        why,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(e.to_string()))?;
    let config = match path {
        None => builder
            .with_platform_verifier()
            .map_err(|e| failed(e.to_string()))?
            .with_no_client_auth(),
        Some(path) => builder
            .with_root_certificates(roots(path).map_err(failed)?)
            .with_no_client_auth(),
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn roots(path: &Path) -> Result<rustls::RootCertStore, String> {
    let mut roots = rustls::RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|e| e.to_string())?;
    for certificate in certificates {
        let certificate = certificate.map_err(|e| e.to_string())?;
        roots.add(certificate).map_err(|e| e.to_string())?;
    }
    match roots.is_empty() {
        true => Err("it has no PEM certificate".to_owned()),
        false => Ok(roots),
    }
}

fn refused(address: &Address, why: String, hint: Option<&'static str>) -> OpenError {
    OpenError::Refused {
        address: address.to_string(),
        why,
        hint,
    }
}

fn failure(address: &Address, error: &Error) -> OpenError {
    let why = describe(error);
    // What the driver says, as the server answered that it is a standby.
    let hint = match why.ends_with("database does not allow writes") {
        true => Some(STANDBY),
        false => error.code().and_then(hint),
    };
    refused(address, why, hint)
}

const STANDBY: &str = "this server is a standby: name the primary, or all servers, in the URL";

/// What an operator can do about an answer of PostgreSQL.
fn hint(code: &SqlState) -> Option<&'static str> {
    match *code {
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Some("the user name or the password is wrong")
        }
        SqlState::INVALID_CATALOG_NAME => Some("create it: createdb --owner cardea cardea"),
        SqlState::INSUFFICIENT_PRIVILEGE => {
            Some("the user must own the database, or have CREATE on its schema public")
        }
        SqlState::READ_ONLY_SQL_TRANSACTION => Some(STANDBY),
        SqlState::TOO_MANY_CONNECTIONS => {
            Some("raise max_connections, or lower [store] connections of each node")
        }
        SqlState::DISK_FULL => Some("the disk of the database is full"),
        _ => None,
    }
}
