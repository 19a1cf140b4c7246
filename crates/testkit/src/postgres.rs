//! A PostgreSQL of its own for the tests of one process: in a temporary folder, reached by a socket in it, gone with the process.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);

/// What makes a server fast that no test depends on after a power cut, and able to serve many tests at once.
const SETTINGS: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=400",
    "shared_buffers=64MB",
    "autovacuum=off",
    "listen_addresses=",
];

/// A server, which trusts this machine but for members of the role `passwords`. When this process ends, however it does, the pipe that it holds closes, and the shell on the other side stops the server
/// and removes its folder.
pub struct Postgres {
    folder: PathBuf,
    free: Mutex<Vec<String>>,
    made: AtomicUsize,
    _shell: Child,
    _alive: ChildStdin,
}

/// A database of its own for one test. Afterwards another test gets it, made again.
pub struct Database {
    server: &'static Postgres,
    name: String,
    is_reused: bool,
}

impl Postgres {
    /// The server of this process, started for the first that asks.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub fn of_this_process() -> &'static Self {
        static ONE: OnceLock<Postgres> = OnceLock::new();
        ONE.get_or_init(Self::start)
    }

    fn start() -> Self {
        let folder = TempDir::with_prefix("cardea-pg-").unwrap().keep();
        // The server runs as another user where this process is root, which PostgreSQL refuses to be.
        let as_server = match is_root() {
            true => {
                "chown postgres \"$1\" && run='setpriv --reuid=postgres --regid=postgres --init-groups'"
            }
            false => "run=",
        };
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let settings: String = SETTINGS.iter().map(|s| format!(" -c {s}")).collect();
        let script = format!(
            "{as_server}
             cd \"$1\"
             $run \"$2/initdb\" --pgdata=\"$1/data\" --username=cardea --auth=trust --encoding=UTF8 --locale=C --no-sync >initdb.log 2>&1 || exit 1
             sed -i '1i local all +passwords scram-sha-256' data/pg_hba.conf
             $run \"$2/postgres\" -D \"$1/data\" -k \"$1\"{settings} >server.log 2>&1 &
             server=$!
             cat >/dev/null
             kill -QUIT $server
             wait $server
             rm -rf \"$1\""
        );
        let mut shell = Command::new("sh")
            .args(["-c", &script, "sh"])
            .arg(&folder)
            .arg(binaries())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let alive = shell.stdin.take().expect("its standard input");
        let server = Self {
            folder,
            free: Mutex::default(),
            made: AtomicUsize::new(0),
            _shell: shell,
            _alive: alive,
        };
        let began = Instant::now();
        while server.sql("postgres", "SELECT 1").is_err() {
            let log = |name: &str| fs::read_to_string(server.folder.join(name)).unwrap_or_default();
            assert!(
                began.elapsed() < START,
                "PostgreSQL does not start: {}{}",
                log("initdb.log"),
                log("server.log")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// A copy of a database, such as one that has been migrated.
    ///
    /// # Panics
    /// When the server can't copy it.
    pub fn copy_of(&'static self, template: &str) -> Database {
        let free = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let name = free.unwrap_or_else(|| {
            let number = self.made.fetch_add(1, Ordering::Relaxed);
            format!("test_{number}")
        });
        self.make(&name, template);
        Database {
            server: self,
            name,
            is_reused: true,
        }
    }

    /// A database with a name of its own, for what others are copies of. It is never given to another test.
    ///
    /// # Panics
    /// When the server can't make it.
    #[must_use]
    pub fn create(&'static self, name: &str, template: &str) -> Database {
        self.make(name, template);
        Database {
            server: self,
            name: name.to_owned(),
            is_reused: false,
        }
    }

    /// Makes a database, empty or as a template is.
    ///
    /// # Panics
    /// When the server can't make it.
    pub fn make(&self, name: &str, template: &str) {
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        self.sql("postgres", &drop).unwrap();
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        // One copies at a time: nobody else may use the template.
        static COPYING: Mutex<()> = Mutex::new(());
        let _turn = COPYING.lock().unwrap_or_else(PoisonError::into_inner);
        self.sql("postgres", &create).unwrap();
    }

    /// The URL of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let socket = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://cardea@{socket}/{database}")
    }

    /// Runs statements by psql; what they print.
    ///
    /// # Errors
    /// What psql says.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, String> {
        let output = Command::new(binaries().join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h"])
            .arg(&self.folder)
            .args(["-U", "cardea", "-d", database, "-c", statements])
            .output()
            .map_err(|e| e.to_string())?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

impl Database {
    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// A setting of all connections to come.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn set(&self, setting: &str) {
        let sql = format!("ALTER DATABASE {} SET {setting}", self.name);
        self.server.sql("postgres", &sql).unwrap();
    }

    /// From now on each statement that writes fails with this SQLSTATE; what only reads goes on.
    ///
    /// # Panics
    /// When PostgreSQL refuses that.
    pub fn fail_writes(&self, state: &str) {
        self.sql(&format!(
            "CREATE OR REPLACE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{state}'; END $$;
             DO $$ DECLARE name text; BEGIN
               FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
                 EXECUTE format('CREATE OR REPLACE TRIGGER trouble BEFORE INSERT OR UPDATE OR DELETE ON %I
                   FOR EACH STATEMENT EXECUTE FUNCTION trouble()', name);
               END LOOP; END $$"
        ));
    }

    /// All is well again.
    ///
    /// # Panics
    /// When PostgreSQL refuses that.
    pub fn mend(&self) {
        self.sql("DROP FUNCTION IF EXISTS trouble CASCADE");
    }

    /// Runs statements in it.
    ///
    /// # Panics
    /// When they fail.
    pub fn sql(&self, statements: &str) -> String {
        self.server.sql(&self.name, statements).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.is_reused {
            return;
        }
        let mut free = self
            .server
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        free.push(std::mem::take(&mut self.name));
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}

/// Where `initdb` and `postgres` are: Debian keeps them out of the search path.
fn binaries() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let mut folders: Vec<PathBuf> = versions
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .collect();
        folders.sort();
        folders.extend(["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
        let found = folders
            .into_iter()
            .find(|folder| folder.join("initdb").exists());
        found.expect("PostgreSQL is not installed; Debian's package is postgresql")
    })
}
