//! The lock file: one process owns the database.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use super::open::OpenError;

/// The lock, held until this is dropped. The system releases it when the process dies.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock beside the database, or reports its owner.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let refused = |error: std::io::Error| OpenError::File {
            path: path.clone().into(),
            why: error.to_string(),
        };
        let mut file = private()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let read = file.take(32).read_to_string(&mut owner);
                let pid = read.ok().and_then(|_| owner.trim().parse().ok());
                return Err(OpenError::InUse {
                    path: database.to_owned(),
                    pid,
                });
            }
            Err(TryLockError::Error(error)) => return Err(refused(error)),
        }
        let write = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        write.map_err(refused)?;
        Ok(Self { _file: file })
    }
}

/// Options for a file that only its owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
