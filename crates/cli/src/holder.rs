//! Which program listens on a port, where the system shows it (Linux), and as far as it shows it to this user.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The state of a socket that listens, as the kernel writes it.
const LISTENS: &str = "0A";

/// A program that listens.
pub(crate) struct Holder {
    name: String,
    pid: u32,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

impl Holder {
    /// The program that listens on this port, on any address.
    pub(crate) fn of(port: u16) -> Option<Self> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let tables = tables
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok());
        let sockets: Vec<PathBuf> = tables
            .flat_map(|table| listening(&table, port))
            .map(|inode| PathBuf::from(format!("socket:[{inode}]")))
            .collect();
        let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
        processes.map(|process| process.path()).find_map(|process| {
            let pid = process.file_name()?.to_str()?.parse().ok()?;
            has_one(&process, &sockets).then_some(())?;
            let name = fs::read_to_string(process.join("comm")).ok()?;
            let name = name.trim().chars().filter(|c| !c.is_control()).collect();
            Some(Self { name, pid })
        })
    }
}

/// The inodes of the sockets of a table that listen on a port.
fn listening(table: &str, port: u16) -> Vec<String> {
    let rows = table.lines().skip(1).map(|row| row.split_whitespace());
    rows.filter_map(|mut row| {
        let (local, state) = (row.nth(1)?, row.nth(1)?);
        let (_, hex) = local.rsplit_once(':')?;
        let ours = u16::from_str_radix(hex, 16).ok()? == port && state == LISTENS;
        ours.then(|| row.nth(5).map(str::to_owned)).flatten()
    })
    .collect()
}

fn has_one(process: &Path, sockets: &[PathBuf]) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    let mut open = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    open.any(|target| sockets.contains(&target))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_kernels_table_are_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 0100007F:2328 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0
   2: broken
   3: 0100007F:0FA0 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 100 0 0 10 0";
        assert_eq!(listening(table, 9000), ["4711"]);
        assert_eq!(listening(table, 4000), ["4713"]);
        assert!(listening(table, 1).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_port_of_ours_is_known_as_ours() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(Holder::of(port).unwrap().pid, std::process::id());
        drop(listener);
        assert!(Holder::of(port).is_none());
    }
}
