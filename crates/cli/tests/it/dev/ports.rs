use std::net::TcpListener;

use cardea_testkit::{block_until, free_port};

use super::running::Dev;

#[test]
fn a_taken_port_is_named_with_who_has_it_and_another_is_offered() {
    let dev = Dev::start(&[]);
    let port = dev.port.to_string();
    let complaint = Dev::complaint(&["dev", "--port", &port]);
    assert!(
        complaint.contains(&format!("port {port} is taken")),
        "{complaint}"
    );
    #[cfg(target_os = "linux")]
    assert!(
        complaint.contains(&format!("by cardea (process {})", dev.pid())),
        "{complaint}"
    );
    let (_, offer) = complaint.split_once("--port ").unwrap();
    let offered = Dev::start_at(offer.trim(), &[]);
    assert_ne!(offered.port, dev.port);
}

#[test]
fn a_taken_port_of_the_gateway_is_named_too() {
    let port = free_port();
    let _dev = Dev::start_behind(port);
    let complaint = Dev::complaint(&["dev", &format!("--gateway={port}")]);
    assert!(
        complaint.contains(&format!("port {port} is taken")),
        "{complaint}"
    );
    assert!(
        complaint.contains("take the next free one: --gateway="),
        "{complaint}"
    );
}

#[test]
fn the_apps_move_when_their_ports_are_taken() {
    let _held = [4000, 5173, 5174].map(hold);
    let dev = Dev::start(&[]);
    for (port, name) in [
        (4000, "orders API"),
        (5173, "single-page app"),
        (5174, "webapp"),
    ] {
        assert!(
            dev.said().contains(&format!("Port {port} is taken")),
            "{}",
            dev.said()
        );
        assert!(
            dev.said().contains(&format!("the {name} is at ")),
            "{}",
            dev.said()
        );
    }
    let answer = dev.shell(&format!("{} -i", dev.curl()));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Takes a port. Another test's `cardea dev` may have it for a while.
fn hold(port: u16) -> TcpListener {
    let mut held = None;
    block_until("a port of the apps", || {
        held = TcpListener::bind(("127.0.0.1", port)).ok();
        held.is_some()
    });
    held.unwrap()
}
