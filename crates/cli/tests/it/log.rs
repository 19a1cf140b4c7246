//! S5: nothing depends on the reader of the log.

use std::{
    fs::OpenOptions,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use cardea_testkit::{block_until, free_port};

use crate::bench::Bench;

/// More than a pipe and the queue hold.
const MANY: usize = 1500;

/// Requests that are refused, each of which is a line of the log.
fn refuse(bench: &Bench, times: usize) {
    for _ in 0..times {
        let answer = bench.token("unknown", "wrong");
        assert!(
            answer.starts_with("HTTP/1.1 401") || answer.starts_with("HTTP/1.1 429"),
            "{answer}"
        );
    }
}

/// Ends it as a service manager does; it must end in order and soon.
fn terminate(child: &mut Child) {
    let pid = child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(told.success());
    block_until("it ends", || child.try_wait().unwrap().is_some());
    assert!(child.wait().unwrap().success());
}

#[test]
fn s5_a_closed_pipe_costs_no_answer() {
    let bench = Bench::new("");
    let mut child = bench.spawn(&["serve"], Stdio::piped());
    bench.until_served();
    drop(child.stderr.take());
    refuse(&bench, 50);
    terminate(&mut child);
    assert!(!bench.path().join("cardea.db-wal").exists());
}

#[test]
fn s5_a_reader_that_stalls_costs_no_answer_and_no_signal() {
    let bench = Bench::new("[metrics]\nallow = [\"127.0.0.1\"]\n");
    let mut child = bench.spawn(&["serve", "--log", "debug"], Stdio::piped());
    bench.until_served();
    refuse(&bench, MANY);
    assert!(
        bench
            .get("/metrics")
            .contains("cardea_log_lines_dropped_total")
    );
    terminate(&mut child);
}

#[test]
fn s5_a_full_device_stops_no_start() {
    let bench = Bench::new("");
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = bench.spawn(&["serve"], full().into());
    bench.until_served();
    refuse(&bench, 20);
    terminate(&mut child);
    // What cannot start fails, and does not panic.
    let bench = Bench::new("[tokens]\ncode_ttl = \"5h\"\n");
    let mut child = bench.spawn(&["serve"], full().into());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn s5_an_error_at_the_start_reaches_standard_error_whole() {
    let bench = Bench::new("[tokens]\ncode_ttl = \"5h\"\n");
    let told = bench.run(&["serve"]).complaint();
    assert!(
        told.starts_with("error: tokens.code_ttl (cardea.toml:7): "),
        "{told}"
    );
}

#[test]
fn s5_a_gateway_without_a_reader_answers_and_ends() {
    let (bench, port) = (Bench::empty(), free_port());
    crate::gateway::configure(&bench, port, crate::gateway::named("one"));
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = bench.spawn(&["gateway"], full.into());
    crate::bench::until_listening(port);
    assert!(crate::gateway::ask(port).ends_with("one"));
    terminate(&mut child);
}

#[cfg(feature = "dev")]
#[test]
fn s5_dev_goes_on_when_nobody_reads_its_greeting() {
    let bench = Bench::empty();
    let port = free_port().to_string();
    let arguments = ["dev", "--port", &port];
    let mut child = bench.spawn(&arguments, Stdio::piped());
    // As `cardea dev | head -1` does.
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    drop((stdout, child.stderr.take()));
    crate::bench::until_listening(port.parse().unwrap());
    terminate(&mut child);
}
