//! `cardea dev` as its user sees it. curl stands in for programs and browsers.

mod apps;
mod browser;
mod documents;
mod own;
mod ports;
mod running;

use cardea_testkit::{block_until, free_port};

use self::running::Dev;
use crate::bench::{begin_post, until_closed};

#[test]
fn the_printed_curl_is_answered_200() {
    let dev = Dev::start(&[]);
    let answer = dev.shell(&format!("{} -i", dev.curl()));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"item\":\"Oak door\""), "{answer}");
}

#[test]
fn without_a_token_it_is_401_and_with_too_small_a_scope_403() {
    let dev = Dev::start(&[]);
    let api = dev.address("Orders API");
    let missing = dev.shell(&format!("curl -s -i {api}"));
    let small = dev.shell(&format!("{} -i -d '{{}}'", dev.curl()));
    for (answer, status, challenge) in [
        (missing, 401, "Bearer realm=\"api://orders\""),
        (small, 403, "error=\"insufficient_scope\""),
    ] {
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        let challenged = answer
            .lines()
            .any(|line| line.starts_with("www-authenticate: ") && line.contains(challenge));
        assert!(challenged, "{answer}");
        assert!(
            answer.contains("content-type: application/problem+json"),
            "{answer}"
        );
        assert!(answer.contains("\"correlation_id\""), "{answer}");
    }
}

#[test]
fn the_first_line_says_development_and_the_rest_is_short() {
    let dev = Dev::start(&[]);
    let said = dev.said();
    assert!(said.starts_with("DEVELOPMENT: "), "{said}");
    for what in [
        "alice ",
        "wonderland-7-doors",
        "bob ",
        "hinge-of-the-door-9",
        "Ctrl-C",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    assert!(said.lines().count() < 25, "{said}");
}

#[test]
fn ctrl_c_ends_it_and_takes_its_folder_along() {
    let dev = Dev::start(&[]);
    assert_eq!(dev.temporary_folders(), 1);
    let ended = dev.interrupt();
    assert!(
        ended.ok && ended.out.ends_with("cardea dev has ended.\n"),
        "{}{}",
        ended.out,
        ended.err
    );
    assert_eq!(ended.folders_left, 0);
}

#[test]
fn a_second_ctrl_c_ends_it_at_once() {
    let mut dev = Dev::start(&[]);
    // It would wait for this body.
    let _stream = begin_post(dev.port, 10);
    dev.signal_interrupt();
    until_closed(dev.port);
    block_until("the second Ctrl-C ends it", || {
        // Signals that come together are one.
        dev.signal_interrupt();
        dev.has_ended()
    });
    assert!(!dev.wait().ok);
}

#[test]
fn what_is_kept_with_data_is_there_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let dev = Dev::start(&["--data", path]);
    let port = dev.port.to_string();
    let keys = dev.shell(&format!(
        "curl -s {}/.well-known/jwks.json",
        dev.address("Provider")
    ));
    assert!(dev.interrupt().ok);
    let dev = Dev::start_at(&port, &["--data", path]);
    let again = dev.shell(&format!(
        "curl -s {}/.well-known/jwks.json",
        dev.address("Provider")
    ));
    assert_eq!(keys, again);
}

#[test]
fn behind_the_gateway_all_is_at_one_address_by_https() {
    let port = free_port();
    let dev = Dev::start_behind(port);
    let answer = dev.shell(&format!("{} -i", dev.curl()));
    assert!(answer.starts_with("HTTP/2 200"), "{answer}");
    for name in ["Provider", "Orders API", "Single-page app", "Webapp"] {
        let address = dev.address(name);
        assert!(
            address.starts_with(&format!("https://localhost:{port}/")),
            "{address}"
        );
        let answer = dev.shell(&format!("curl -s -i {} {address}", dev.trust()));
        // It would hold for every server on this machine.
        assert!(
            !answer.to_lowercase().contains("strict-transport-security"),
            "{answer}"
        );
    }
    assert!(dev.interrupt().ok);
}
