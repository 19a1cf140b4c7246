use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use cardea_testkit::block_until;

use crate::bench::{Bench, begin_post, until_closed};

#[test]
fn a_second_process_is_refused_and_told_who_has_the_store() {
    let bench = Bench::new("");
    let serving = bench.serve();
    let owner = format!("process {}", serving.pid());
    for command in ["serve", "migrate"] {
        let refused = bench.run(&[command]).complaint();
        assert!(refused.contains(&owner), "{refused}");
        assert!(refused.contains("cardea.db is in use"), "{refused}");
    }
}

#[test]
fn a_provider_that_is_told_to_stop_closes_its_store_and_takes_its_socket_along() {
    let bench = Bench::new("");
    let said = bench.serve().terminate().fine();
    assert!(said.err.contains("cardea has stopped"), "{}", said.err);
    assert!(
        said.err.contains("cardea.db.sock"),
        "it says where the socket is"
    );
    assert!(!bench.path().join("cardea.db.sock").exists());
    // SQLite takes its log away when the last connection is closed in good order.
    assert!(!bench.path().join("cardea.db-wal").exists());
    bench.run(&["user", "list"]).fine();
}

#[test]
fn a_socket_that_a_killed_provider_left_behind_hinders_nobody() {
    let bench = Bench::new("");
    drop(bench.serve());
    assert!(bench.path().join("cardea.db.sock").exists());
    bench.run(&["client", "list"]).fine();
    let _serving = bench.serve();
    bench.run(&["client", "list"]).fine();
}

#[test]
fn commands_that_run_at_once_wait_for_one_another() {
    let bench = Bench::new("");
    std::thread::scope(|scope| {
        let runs = [(); 4].map(|()| scope.spawn(|| bench.run(&["key", "list", "--json"])));
        for run in runs {
            run.join().unwrap().fine().json();
        }
    });
}

#[test]
fn a_request_in_progress_is_finished_after_sigterm() {
    let bench = Bench::new("");
    let serving = bench.serve();
    let body = "grant_type=client_credentials&client_id=nobody&client_secret=nothing";
    let (first, rest) = body.split_at(10);
    let mut stream = begin_post(bench.port, body.len());
    stream.write_all(first.as_bytes()).unwrap();
    let stopping = std::thread::spawn(move || serving.terminate());
    until_closed(bench.port);
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    stopping.join().unwrap().fine();
}

#[test]
fn a_load_balancer_is_told_before_requests_are_refused() {
    let bench = Bench::new("");
    let config = std::fs::read_to_string(bench.path().join("cardea.toml")).unwrap();
    bench.write("cardea.toml", &format!("shutdown_delay = \"5s\"\n{config}"));
    let serving = bench.serve();
    assert!(bench.get("/health/ready").starts_with("HTTP/1.1 200"));
    let began = Instant::now();
    let stopping = std::thread::spawn(move || serving.terminate());
    block_until("it is not ready", || {
        bench.get("/health/ready").starts_with("HTTP/1.1 503")
    });
    assert!(bench.get("/health/live").starts_with("HTTP/1.1 200"));
    assert!(
        bench
            .get("/.well-known/openid-configuration")
            .starts_with("HTTP/1.1 200")
    );
    until_closed(bench.port);
    assert!(began.elapsed() >= Duration::from_secs(5));
    stopping.join().unwrap().fine();
}

#[test]
fn n7_a_configuration_that_cannot_be_served_does_not_touch_the_store() {
    for (wrong, place) in [
        (
            "[tokens]\ncode_ttl = \"1d\"\n",
            "tokens.code_ttl (cardea.toml:7)",
        ),
        (
            "[brand]\nlogo_file = \"none.svg\"\n",
            "brand.logo_file (cardea.toml:7)",
        ),
        (
            "[[clients]]\nclient_id = \"a\"\n",
            "clients \"a\" (cardea.toml:7)",
        ),
        (
            "[[users]]\nusername = \"a\"\npassword = \"short\"\n",
            "users \"a\" (cardea.toml:8)",
        ),
        (
            "[proxy]\ntrusted = [\"here\"]\n",
            "proxy.trusted (cardea.toml:7)",
        ),
    ] {
        let bench = Bench::new(wrong);
        let refused = bench.run(&["serve"]).complaint();
        assert!(refused.contains(place), "{refused}");
        assert!(!bench.path().join("cardea.db").exists(), "{wrong}");
    }
}

#[test]
fn n2_a_weak_password_is_refused_for_a_new_user_of_a_store_that_exists() {
    let bench = Bench::new("");
    bench.serve().terminate().fine();
    bench.configure("[[users]]\nusername = \"a\"\npassword = \"password1\"\n");
    let refused = bench.run(&["serve"]).complaint();
    assert!(refused.contains("users \"a\""), "{refused}");
}

#[test]
fn c9_users_that_differ_in_case_are_refused() {
    let bench = Bench::new("[[users]]\nusername = \"Alice\"\n[[users]]\nusername = \"alice\"\n");
    for command in ["serve", "check"] {
        let said = bench.run(&[command]);
        assert!(!said.ok);
        let told = format!("{}{}", said.out, said.err);
        assert!(told.contains("users \"alice\" (cardea.toml:9)"), "{told}");
        assert!(told.contains("\"Alice\" is the same user"), "{told}");
    }
}

#[test]
fn c9_a_store_that_is_no_file_is_refused_with_a_reason() {
    for (url, reason) in [
        ("sqlite::memory:", "in memory"),
        ("sqlite:file::memory:?cache=shared", "in memory"),
        ("sqlite:x.db?mode=memory", "in memory"),
        ("sqlite::MEMORY:", "in memory"),
        ("sqlite::Memory:", "in memory"),
        ("sqlite://:memory:", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:%3Amemory%3A", "in memory"),
        ("sqlite::memory:?cache=shared", "in memory"),
        ("sqlite:file::MEMORY:", "in memory"),
        ("sqlite:FILE:x.db?Mode=Memory", "in memory"),
        ("sqlite:file:/x?vfs=memdb", "in memory"),
        (":memory:", "in memory"),
        ("memory:", "in memory"),
        ("file::memory:", "in memory"),
        ("SQLITE::memory:", "in memory"),
        ("sqlite:FILE:x.db", "no parameters"),
        ("sqlite: ", "not the path"),
        ("sqlite:.", "a folder"),
        ("sqlite:cardea.db?mode=rwc", "no parameters"),
        ("sqlite://cardea.db", "relative path"),
        ("sqlite:", "not the path"),
        ("sqlite:data/", "not the path"),
        ("mysql://localhost/cardea", "not sqlite:"),
        ("postgres://localhost", "no database"),
    ] {
        let bench = Bench::new(&format!("[store]\nurl = \"{url}\"\n"));
        let before = std::fs::read_dir(bench.path()).unwrap().count();
        let found = bench.run(&["check"]).out;
        assert!(found.contains(reason), "{url}: {found}");
        for command in [&["serve"][..], &["user", "list"], &["migrate"]] {
            let refused = bench.run(command).complaint();
            assert!(refused.contains(reason), "{url}: {refused}");
            assert!(refused.contains("store.url (cardea.toml:7)"), "{refused}");
        }
        assert_eq!(std::fs::read_dir(bench.path()).unwrap().count(), before);
    }
}

#[test]
fn n14_a_provider_without_users_says_how_to_add_one() {
    let bench = Bench::new("");
    let said = bench.serve().terminate().fine();
    assert!(said.err.contains("cardea user add NAME"), "{}", said.err);
    let bench =
        Bench::new("[[users]]\nusername = \"alice\"\npassword = \"a-rabbit-hole-deep-7\"\n");
    let said = bench.serve().terminate().fine();
    assert!(!said.err.contains("cardea user add NAME"), "{}", said.err);
}

#[test]
fn a_provider_without_users_prints_a_link_to_the_first_account() {
    let bench = Bench::new(
        "[[roles]]\nname = \"owner\"\npermissions = [\"tenants:admin\"]\n[[organizations]]\nid = \"acme\"\nname = \"Acme\"\n",
    );
    let serve = || {
        let mut child = bench.spawn(&["serve"], Stdio::piped());
        bench.until_served();
        let stop = Command::new("kill").arg(child.id().to_string()).status();
        assert!(stop.unwrap().success());
        let mut said = (String::new(), String::new());
        let (out, err) = (child.stdout.take(), child.stderr.take());
        out.unwrap().read_to_string(&mut said.0).unwrap();
        err.unwrap().read_to_string(&mut said.1).unwrap();
        assert!(child.wait().unwrap().success());
        said
    };
    let (out, log) = serve();
    let (_, token) = out.split_once("/invitation?token=").unwrap();
    let token = token.lines().next().unwrap().to_owned();
    assert_eq!(token.len(), 43, "{out}");
    assert!(out.contains("It will administer: Acme."), "{out}");
    assert!(!log.contains(&token), "the log has no secret: {log}");
    let (again, _) = serve();
    assert!(again.contains("/invitation?token=") && !again.contains(&token));
    bench
        .tell(
            &["user", "add", "bob", "--password-stdin"],
            "a-lamp-in-the-window-3",
        )
        .fine();
    let (none, _) = serve();
    assert_eq!(none, "", "there is a user");
}

#[test]
fn n14_a_provider_whose_users_cannot_log_in_says_so() {
    let bench = Bench::new("[[users]]\nusername = \"alice\"\n");
    let said = bench.serve().terminate().fine();
    assert!(
        said.err.contains("cardea user password NAME"),
        "{}",
        said.err
    );
    bench
        .tell(
            &["user", "add", "bob", "--password-stdin"],
            "a-lamp-in-the-window-3",
        )
        .fine();
    let said = bench.serve().terminate().fine();
    assert!(!said.err.contains("no user can log in"), "{}", said.err);
    bench.run(&["user", "disable", "bob"]).fine();
    bench.run(&["user", "disable", "alice"]).fine();
    let said = bench.serve().terminate().fine();
    assert!(said.err.contains("cardea user enable NAME"), "{}", said.err);
}

#[test]
fn n7_a_taken_port_is_reported_before_the_store_is_touched() {
    let bench = Bench::new("");
    let _taken = std::net::TcpListener::bind(("127.0.0.1", bench.port)).unwrap();
    let said = bench.run(&["serve"]).complaint();
    let port = bench.port;
    assert!(said.contains(&format!("port {port} is taken")), "{said}");
    assert!(said.contains("listen (cardea.toml:2): "), "{said}");
    assert!(
        said.contains("set listen to another port, such as"),
        "{said}"
    );
    assert!(!bench.path().join("cardea.db").exists());
    bench.configure("");
    let elsewhere = bench.run(&["migrate"]).fine();
    assert!(elsewhere.out.starts_with("Made"), "{}", elsewhere.out);
    // An address that this machine does not have.
    let text = std::fs::read_to_string(bench.path().join("cardea.toml")).unwrap();
    let other = text.replace(
        &format!("listen = \"127.0.0.1:{port}\""),
        "listen = \"192.0.2.1:9000\"",
    );
    bench.write("cardea.toml", &other);
    let said = bench.run(&["serve"]).complaint();
    assert!(said.contains("does not have the address"), "{said}");
}

#[test]
fn n7_a_folder_without_a_configuration_says_what_to_do() {
    let bench = Bench::empty();
    for command in [&["serve"][..], &["migrate"], &["gateway"]] {
        let said = bench.run(command).complaint();
        assert!(
            said.contains("--config FILE") && said.contains("deploy/cardea.toml"),
            "{said}"
        );
    }
}

#[test]
fn a_folder_is_migrated_once() {
    let bench = Bench::new("");
    let first = bench.run(&["migrate"]).fine().out;
    assert!(first.starts_with("Made cardea.db, and applied "), "{first}");
    assert_eq!(
        bench.run(&["migrate"]).fine().out,
        "cardea.db is up to date.\n"
    );
    assert_eq!(
        bench.run(&["migrate", "--json"]).fine().json()["applied"],
        serde_json::json!([])
    );
}

#[test]
fn paths_are_relative_to_the_configuration_wherever_one_stands() {
    let bench = Bench::new("");
    let elsewhere = Bench::new("");
    let file = bench.path().join("cardea.toml");
    elsewhere
        .run(&["key", "list", "--config", file.to_str().unwrap()])
        .fine();
    assert!(bench.path().join("cardea.db").exists());
    assert!(!elsewhere.path().join("cardea.db").exists());
}
