//! S6, S8: signals.

use std::process::{Child, Command, Stdio};

use cardea_testkit::{block_until, free_port};

use crate::bench::{Bench, begin_post, until_closed, until_listening};

fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(sent.success(), "{signal}");
}

const STRAY: [&str; 14] = [
    "-HUP", "-USR1", "-USR2", "-PIPE", "-ALRM", "-VTALRM", "-PROF", "-IO", "-PWR", "-STKFLT",
    "-XCPU", "-XFSZ", "-34", "-64",
];

#[test]
fn s6_no_stray_signal_ends_a_provider() {
    let bench = Bench::new("");
    let mut child = bench.spawn(&["serve"], Stdio::null());
    bench.until_served();
    for signal in STRAY {
        send(&child, signal);
    }
    assert!(bench.token("unknown", "wrong").starts_with("HTTP/1.1 401"));
    assert!(child.try_wait().unwrap().is_none());
    // SIGQUIT is a wish to end, and it ends in order.
    send(&child, "-QUIT");
    assert!(child.wait().unwrap().success());
    assert!(!bench.path().join("cardea.db-wal").exists());
}

#[test]
fn s6_no_stray_signal_ends_a_gateway() {
    let (bench, port) = (Bench::empty(), free_port());
    crate::gateway::configure(&bench, port, crate::gateway::named("one"));
    let mut child = bench.spawn(&["gateway"], Stdio::null());
    until_listening(port);
    for signal in STRAY {
        send(&child, signal);
    }
    assert!(crate::gateway::ask(port).ends_with("one"));
    send(&child, "-TERM");
    assert!(child.wait().unwrap().success());
}

#[test]
fn s8_two_signals_at_once_are_one() {
    let bench = Bench::new("");
    let mut child = bench.spawn(&["serve"], Stdio::null());
    bench.until_served();
    // A connection in the middle of a request keeps it from ending before the second signal.
    let stream = std::net::TcpStream::connect(("127.0.0.1", bench.port)).unwrap();
    use std::io::Write as _;
    (&stream).write_all(b"GET / HTTP/1.1\r\n").unwrap();
    send(&child, "-TERM");
    send(&child, "-TERM");
    send(&child, "-INT");
    drop(stream);
    assert!(child.wait().unwrap().success());
}

#[cfg(feature = "dev")]
mod dev {
    use super::*;

    fn start(folder: &Bench, port: u16) -> Child {
        let port_text = port.to_string();
        let child = folder.spawn(&["dev", "--port", &port_text], Stdio::null());
        until_listening(port);
        child
    }

    fn folders_left(bench: &Bench) -> usize {
        let entries = std::fs::read_dir(bench.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_string_lossy().starts_with("cardea-dev-"))
            .count()
    }

    #[test]
    fn s8_a_second_signal_removes_the_folder_of_dev_too() {
        let (bench, port) = (Bench::empty(), free_port());
        let mut child = start(&bench, port);
        assert_eq!(folders_left(&bench), 1);
        // It waits for the answer to this one until the second signal.
        let _stream = begin_post(port, 9);
        send(&child, "-TERM");
        until_closed(port);
        assert!(child.try_wait().unwrap().is_none());
        block_until("the second signal ends it", || {
            // Signals that come together are one.
            send(&child, "-TERM");
            child.try_wait().unwrap().is_some()
        });
        assert_eq!(folders_left(&bench), 0);
    }

    #[test]
    fn s6_a_closed_terminal_ends_dev_in_order() {
        let (bench, port) = (Bench::empty(), free_port());
        let mut child = start(&bench, port);
        for signal in ["-USR1", "-ALRM", "-34"] {
            send(&child, signal);
        }
        send(&child, "-HUP");
        assert!(child.wait().unwrap().success());
        assert_eq!(folders_left(&bench), 0);
    }
}
