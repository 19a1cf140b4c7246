//! What a migration costs: reported before it begins and while it runs.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use rusqlite::Connection;

/// The migrations that copy the table of grants: a constraint can't be changed in place.
const COPIES: [u32; 2] = [2, 7];
/// A grant's columns of fixed length, with the row's header.
const ROW: u64 = 150;
/// A grant's entries in all indexes.
const ENTRIES: u64 = 170;
/// What copying a grant and building its index entries takes. Measured in `docs/how-to/upgrade.md`.
const PER_GRANT: Duration = Duration::from_micros(40);
/// Below this the need for space is not worth a refusal.
const SMALL: u64 = 8 << 20;
/// How often progress is reported.
const EVERY: Duration = Duration::from_secs(2);

/// What happens while pending migrations are applied to a store that is not new.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationReport {
    /// Nothing has been changed yet.
    Begins(MigrationCost),
    /// So much is in the log.
    Progress {
        /// The bytes written.
        written: u64,
        /// About how many there will be.
        expected: u64,
    },
    /// All is committed.
    Done {
        /// How long it took.
        took: Duration,
    },
}

/// What pending migrations will take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationCost {
    /// The database.
    pub path: PathBuf,
    /// How many migrations are pending.
    pub migrations: usize,
    /// How many grants are copied.
    pub grants: u64,
    /// About how long it takes.
    pub time: Duration,
    /// How many bytes the log grows by.
    pub log: u64,
    /// How much free space is needed.
    pub needed: u64,
    /// How much there is, if the system says so.
    pub free: Option<u64>,
}

impl MigrationCost {
    /// `None` when no pending migration copies a table, or the store is new.
    pub(super) fn of(
        db: &Connection,
        path: &Path,
        pending: &[u32],
    ) -> rusqlite::Result<Option<Self>> {
        let copies = pending.iter().filter(|version| COPIES.contains(version));
        let copies = copies.count() as u64;
        let exists = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'grants'";
        if copies == 0 || number(db, exists)? == 0 {
            return Ok(None);
        }
        let grants = number(db, "SELECT count(*) FROM grants")?;
        let row = ROW + number(db, TEXT)?;
        // The copy is written to the log, and the file grows by it before the old table is dropped. The indexes use the room
        // of the old table.
        let log = copies * grants * (row + ENTRIES);
        let needed = log + grants * row;
        let millis = copies.saturating_mul(grants) * PER_GRANT.as_micros() as u64 / 1000;
        Ok(Some(Self {
            path: path.to_owned(),
            migrations: pending.len(),
            grants,
            time: Duration::from_millis(millis),
            log,
            needed: needed + needed / 8,
            free: free_space(path),
        }))
    }

    /// Whether the disk surely has too little room.
    pub(super) fn is_too_large(&self) -> bool {
        self.needed > SMALL && self.free.is_some_and(|free| free < self.needed)
    }
}

/// The average length of a grant's columns of variable length, of the newest thousand.
const TEXT: &str = "
    SELECT coalesce(cast(avg(octet_length(redirect_uri) + octet_length(scope) + octet_length(resources)
        + octet_length(claims) + octet_length(acr) + octet_length(amr) + coalesce(octet_length(code_challenge), 0)
        + coalesce(octet_length(nonce), 0) + coalesce(octet_length(refresh_sealed_secret), 0)
        + coalesce(octet_length(last_address), 0) + coalesce(octet_length(last_user_agent), 0)) AS INTEGER), 0)
    FROM (SELECT * FROM grants ORDER BY grant_key DESC LIMIT 1000)";

fn number(db: &Connection, sql: &str) -> rusqlite::Result<u64> {
    let number: i64 = db.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(number).unwrap_or(0))
}

/// The bytes that this process may write to the disk of a file.
#[cfg(unix)]
fn free_space(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> Option<u64> {
    None
}

/// Runs a migration, and reports meanwhile how much it has written.
pub(super) fn watched<T>(
    cost: &MigrationCost,
    report: &mut (dyn FnMut(MigrationReport) + Send),
    run: impl FnOnce() -> T,
) -> T {
    let began = Instant::now();
    let mut log = cost.path.as_os_str().to_owned();
    log.push("-wal");
    let (done, is_done) = mpsc::channel::<()>();
    let outcome = std::thread::scope(|scope| {
        let report = &mut *report;
        scope.spawn(move || {
            while is_done.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let written = fs::metadata(&log).map_or(0, |log| log.len());
                let expected = cost.log.max(written);
                report(MigrationReport::Progress { written, expected });
            }
        });
        let outcome = run();
        drop(done);
        outcome
    });
    report(MigrationReport::Done {
        took: began.elapsed(),
    });
    outcome
}

impl fmt::Display for MigrationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begins(cost) => cost.fmt(f),
            Self::Progress { written, expected } => write!(
                f,
                "The migration has written {} of about {}.",
                Bytes(*written),
                Bytes(*expected)
            ),
            Self::Done { took } => write!(f, "The migration took {} s.", took.as_secs()),
        }
    }
}

impl fmt::Display for MigrationCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} migration(s) of {} copy {} grants. This takes about {} s and needs {} of free space",
            self.migrations,
            self.path.display(),
            self.grants,
            self.time.as_secs().max(1),
            Bytes(self.needed)
        )?;
        if let Some(free) = self.free {
            write!(f, "; {} are free", Bytes(free))?;
        }
        write!(f, ". If it is interrupted, the store stays as it is.")
    }
}

/// A size, to read.
pub(super) struct Bytes(pub(super) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: u64 = 1 << 20;
        match self.0 {
            // Rounded up, so that nothing that is needed is told as 0.
            bytes if bytes < 10_240 * MIB => write!(f, "{} MiB", bytes.div_ceil(MIB)),
            bytes => write!(f, "{} GiB", bytes / (1024 * MIB)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn cost() -> MigrationCost {
        MigrationCost {
            path: "cardea.db".into(),
            migrations: 2,
            grants: 1_000_000,
            time: Duration::from_secs(40),
            log: 700 << 20,
            needed: 1 << 30,
            free: Some(20 << 30),
        }
    }

    #[test]
    fn a_report_is_one_line_to_read() {
        assert_eq!(
            MigrationReport::Begins(cost()).to_string(),
            "2 migration(s) of cardea.db copy 1000000 grants. This takes about 40 s and needs 1024 MiB of free space; \
             20 GiB are free. If it is interrupted, the store stays as it is."
        );
        let (written, expected) = (1, 700 << 20);
        assert_eq!(
            MigrationReport::Progress { written, expected }.to_string(),
            "The migration has written 1 MiB of about 700 MiB."
        );
    }

    #[test]
    fn too_little_space_is_known_before() {
        let with = |free| MigrationCost { free, ..cost() };
        assert!(with(Some((1 << 30) - 1)).is_too_large());
        assert!(!with(Some(1 << 30)).is_too_large());
        assert!(!with(None).is_too_large(), "the system does not say");
        let small = MigrationCost {
            needed: 4096,
            ..with(Some(0))
        };
        assert!(!small.is_too_large());
    }

    #[test]
    fn the_free_space_is_known() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(free_space(folder.path()).is_some(), cfg!(unix));
    }
}
