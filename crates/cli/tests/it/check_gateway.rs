//! `cardea check` and the start of a gateway.

use cardea_testkit::free_port;

use crate::{bench::Bench, check::findings};

/// A gateway with one route.
const ROUTED: &str = "listen = [\"127.0.0.1:0\"]\nhosts = [\"a.test\"]\nSECTION\n[[upstreams]]\nname = \"app\"\nurl = \"http://127.0.0.1:1\"\n\
     [[routes]]\nprefix = \"/\"\nupstream = \"app\"\n";

#[test]
fn n13_the_file_of_a_gateway_is_checked_as_such() {
    let bench = Bench::empty();
    let good = "listen = [\"127.0.0.1:0\"]\nhosts = [\"localhost\"]\n[[upstreams]]\nname = \"app\"\n\
                url = \"http://127.0.0.1:1\"\n[[routes]]\nprefix = \"/\"\nupstream = \"app\"\n";
    bench.write("gateway.toml", good);
    let check = ["check", "--config", "gateway.toml"];
    let said = bench.run(&check).fine().out;
    assert!(
        said.contains("gateway.toml") && said.contains("No problems."),
        "{said}"
    );
    for (wrong, expected) in [
        (
            good.replace("upstream = \"app\"", "upstream = \"ap\""),
            "ap",
        ),
        (good.replace("prefix =", "prefx ="), "prefix"),
        (
            format!("{good}[tls]\ncert_file = \"none.pem\"\nkey_file = \"none.key\"\n"),
            "none.pem",
        ),
    ] {
        bench.write("gateway.toml", &wrong);
        let said = bench.run(&check);
        assert!(!said.ok && said.out.contains(expected), "{}", said.out);
    }
}

#[test]
fn n13_a_gateway_is_recognized_by_its_name_its_addresses_and_its_authority() {
    let bench = Bench::empty();
    for (name, text) in [
        ("gateway.toml", ""),
        ("gateway.toml", "[tls]\ncert_file = \"none.pem\"\n"),
        ("g.toml", "listen = [\"127.0.0.1:0\"]\n"),
        ("g.toml", "[tls]\nclient_ca_file = \"none.pem\"\n"),
    ] {
        bench.write(name, text);
        let said = bench.run(&["check", "--config", name]);
        assert!(
            !said.ok && said.out.contains("add at least one [[routes]]"),
            "{text}: {}",
            said.out
        );
    }
}

#[test]
fn n13_check_warns_of_an_upstream_that_is_the_gateway_itself() {
    let bench = Bench::empty();
    let port = free_port();
    let own = ROUTED
        .replace("SECTION", "")
        .replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    bench.write(
        "gateway.toml",
        &own.replace("127.0.0.1:1", &format!("127.0.0.1:{port}")),
    );
    let said = bench.run(&["check", "--config", "gateway.toml"]).fine().out;
    assert!(said.contains("leads back to this gateway"), "{said}");
}

#[test]
fn n13_check_warns_of_plain_http_to_a_provider_on_another_machine() {
    let bench = Bench::empty();
    let good = forward_auth(&bench);
    for (issuer, is_warned) in [
        ("http://10.0.0.1", true),
        ("http://id.example.com", true),
        ("http://127.0.0.1:9000", false),
        ("http://[::1]:9000", false),
        ("http://localhost:9000", false),
    ] {
        bench.write(
            "gateway.toml",
            &good.replace("https://id.example.com", issuer),
        );
        let said = bench.run(&["check", "--config", "gateway.toml"]);
        assert_eq!(
            said.out.contains("plain http to another machine"),
            is_warned,
            "{issuer}: {}",
            said.out
        );
    }
}

/// A gateway for one app behind another proxy. It has everything that it needs.
fn forward_auth(bench: &Bench) -> String {
    bench.write(
        "session.key",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    );
    "[forward_auth]\nlisten = \"127.0.0.1:0\"\nkey_file = \"session.key\"\n\
     [forward_auth.login]\nissuer = \"https://id.example.com\"\nclient_id = \"wiki\"\nscopes = [\"openid\"]\n\
     [[forward_auth.apps]]\norigin = \"https://wiki.example.com\"\n\
     [[forward_auth.apps.rules]]\nprefix = \"/admin\"\nroles = [\"admin\"]\n"
        .to_owned()
}

/// What `check` and the start both say of a configuration that is wrong.
fn refused(bench: &Bench, wrong: &str, expected: &[&str]) {
    bench.write("gateway.toml", wrong);
    let checked = bench.run(&["check", "--config", "gateway.toml"]);
    let started = bench.run(&["gateway"]).complaint();
    for said in [&checked.out, &started] {
        let has_all = expected.iter().all(|part| said.contains(part));
        assert!(!checked.ok && has_all, "{expected:?}: {said}");
    }
    let problems = started
        .lines()
        .filter_map(|line| line.find("gateway.toml:").map(|at| &line[at..]));
    for problem in problems {
        assert!(checked.out.contains(problem), "{problem}: {}", checked.out);
    }
}

/// What is replaced by what, the place of the problem and a part of it.
const WRONG: [(&str, &str, &str, &str); 14] = [
    (
        "127.0.0.1:0",
        "nonsense",
        "2:1: forward_auth.listen: ",
        "\"nonsense\"",
    ),
    (
        "127.0.0.1:0",
        "127.0.0.1",
        "2:1: forward_auth.listen: ",
        "port",
    ),
    (
        "session.key",
        "none.key",
        "3:1: forward_auth.key_file: ",
        "none.key",
    ),
    (
        "session.key",
        "short.key",
        "3:1: forward_auth.key_file: ",
        "short.key",
    ),
    ("session.key", "", "3:1: forward_auth.key_file: ", "not set"),
    (
        "https://wiki",
        "wiki",
        "9:1: forward_auth.apps",
        ".origin: ",
    ),
    (
        "https://wiki",
        "http://wiki",
        "9:1: forward_auth.apps",
        ".origin: ",
    ),
    (
        ".com\"\n[[",
        ".com/x\"\n[[",
        "9:1: forward_auth.apps",
        ".origin: ",
    ),
    (
        "\"/admin\"",
        "\"admin\"",
        "11:1: forward_auth.apps",
        ".rules \"admin\".prefix: ",
    ),
    (
        "[\"admin\"]",
        "[]",
        "12:1: forward_auth.apps",
        ".rules \"/admin\".roles: ",
    ),
    (
        "https://id.example",
        "id",
        "5:1: forward_auth.login.issuer: ",
        "URL",
    ),
    (
        "\"wiki\"",
        "\"\"",
        "6:1: forward_auth.login.client_id: ",
        "missing",
    ),
    (
        "listen",
        "path = \"/a{b\"\nlisten",
        "2:1: forward_auth.path: ",
        "letters",
    ),
    (
        "listen",
        "trusted = [\"::1\", \"x\"]\nlisten",
        "2:19: forward_auth.trusted: ",
        "\"x\"",
    ),
];

#[test]
fn n13_n15_check_refuses_a_forward_auth_that_cannot_start_and_names_the_place() {
    let bench = Bench::empty();
    let good = forward_auth(&bench);
    bench.write("gateway.toml", &good);
    let said = bench.run(&["check", "--config", "gateway.toml"]).fine().out;
    assert!(said.contains("No problems."), "{said}");
    bench.write("short.key", "AAAA\n");
    for (from, to, place, what) in WRONG {
        let wrong = good.replacen(from, to, 1);
        assert_ne!(wrong, good);
        refused(&bench, &wrong, &[&format!("gateway.toml:{place}"), what]);
    }
}

#[test]
fn n13_n15_check_refuses_a_gateway_that_cannot_start_and_names_the_place() {
    let bench = Bench::empty();
    bench.write(
        "ca.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let good = ROUTED.replace("SECTION", "");
    let tls = "[tls]\ncert_file = \"none.pem\"";
    let with_authority = format!("{tls}\nkey_file = \"none.key\"\nclient_ca_file = \"ca.pem\"");
    let sections = [
        (
            "[redirect]\nlisten = \"127.0.0.1:0\"",
            "4:1: redirect.listen: ",
            "[tls]",
        ),
        (tls, "3:2: tls.key_file: ", "not set"),
        (&with_authority, "4:1: tls.cert_file: ", "none.pem"),
        (&with_authority, "6:1: tls.client_ca_file: ", "ca.pem"),
    ];
    for (section, place, what) in sections {
        let wrong = ROUTED.replace("SECTION", section);
        refused(&bench, &wrong, &[&format!("gateway.toml:{place}"), what]);
    }
    let twice = "127.0.0.1:4999\", \"0.0.0.0:4999";
    for (from, to, place, what) in [
        (
            "127.0.0.1:0",
            "localhost:80",
            "1:11: listen: ",
            "localhost:80",
        ),
        ("127.0.0.1:0", twice, "1:29: listen: ", "already"),
        ("a.test", "a.test/x", "2:10: hosts: ", "a.test/x"),
        ("http://", "", "6:1: upstreams \"app\".url: ", "URL"),
        (
            "prefix = \"/\"",
            "prefix = \"x\"",
            "8:1: routes \"x\".prefix: ",
            "slash",
        ),
        (
            "upstream = \"app\"",
            "upstream = \"b\"",
            "9:1: routes \"/\".upstream: ",
            "app",
        ),
    ] {
        let wrong = good.replacen(from, to, 1);
        assert_ne!(wrong, good);
        refused(&bench, &wrong, &[&format!("gateway.toml:{place}"), what]);
    }
    let twice = format!("{good}[[upstreams]]\nname = \"app\"\nurl = \"http://127.0.0.1:2\"\n");
    refused(
        &bench,
        &twice,
        &["gateway.toml:11:1: upstreams \"app\".name: "],
    );
}

#[test]
fn n13_check_reports_all_problems_of_a_gateway_at_once() {
    let bench = Bench::empty();
    let wrong = forward_auth(&bench)
        .replace("127.0.0.1:0", "nonsense")
        .replace("session.key", "none.key")
        .replace("https://wiki", "wiki")
        .replace("\"/admin\"", "\"admin\"");
    bench.write("gateway.toml", &wrong);
    let report = bench.run(&["check", "--json", "--config", "gateway.toml"]);
    assert!(!report.ok);
    let told = findings(&report.json(), "problem");
    assert_eq!(told.len(), 4, "{told:#?}");
}

#[test]
fn n8_open_files_of_a_gateway_and_a_provider_are_warned_of_in_check_and_at_the_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new("");
    let port = free_port();
    let gateway = forward_auth(&bench).replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    bench.write("client.secret", "0123456789abcdef0123456789abcdef\n");
    let authentication = "[forward_auth.login.authentication]\nclient_secret_file = \"client.secret\"\n[[forward_auth.apps]]";
    let gateway = gateway.replace("[[forward_auth.apps]]", authentication);
    bench.write("gateway.toml", &gateway);
    let open = |name: &str, mode: u32| {
        let path = bench.path().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let check = ["check", "--config", "gateway.toml"];
    let files = ["session.key", "client.secret"];
    assert!(!bench.run(&check).fine().out.contains("chmod"));
    for mode in [0o640, 0o604, 0o602] {
        files.iter().for_each(|name| open(name, mode));
        let said = bench.run(&check).fine().out;
        for name in files {
            let advice = format!("chmod 600 {}", bench.path().join(name).display());
            assert!(
                said.contains(name) && (said.contains(&advice) || said.contains("chmod 600")),
                "{said}"
            );
        }
    }
    files.iter().for_each(|name| open(name, 0o600));
    let in_clear = gateway.replace(
        "client_secret_file = \"client.secret\"",
        "client_secret = \"0123456789abcdef\"",
    );
    bench.write("gateway.toml", &in_clear);
    assert!(!bench.run(&check).fine().out.contains("chmod"));
    open("gateway.toml", 0o644);
    let said = bench.run(&check).fine().out;
    assert!(
        said.contains("chmod o= ") && said.contains("gateway.toml"),
        "{said}"
    );
    bench.write("gateway.toml", &gateway);
    files.iter().for_each(|name| open(name, 0o602));
    let started = bench.gateway(port).terminate().fine().err;
    for name in files {
        let warned =
            |line: &str| line.contains("WARN") && line.contains(name) && line.contains("mode 602");
        assert!(started.lines().any(warned), "{started}");
    }
    open("master.key", 0o644);
    let started = bench.serve().terminate().fine().err;
    let warned = |line: &str| {
        line.contains("WARN") && line.contains("master.key") && line.contains("chmod 600")
    };
    assert!(started.lines().any(warned), "{started}");
}
