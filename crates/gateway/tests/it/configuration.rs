//! Errors in the configuration say where, and what instead; the page of all keys is fresh.

use std::path::Path;
use std::sync::Arc;

use cardea_client::Entropy;
use cardea_gateway::{Gateway, GatewayConfig, UpstreamConfig};
use cardea_web::clock::SystemClock;
use cardea_web::config::{parse, reference_markdown};
use tokio_util::sync::CancellationToken;

use crate::stage::{config, everything_to};

const HEAD: &str = "# Configuration of the gateway

<!-- Made from `crates/gateway/src/config.rs`. Don't edit it here: CARDEA_WRITE=1 cargo test -p cardea-gateway reference -->

The gateway reads one TOML file: `cardea gateway --config gateway.toml`. An unknown key or a bad value stops the start, with its
line and the nearest name that exists. How to use it is told in [Put a gateway in front](../how-to/put-a-gateway-in-front.md).

- The file is read again when it changes, and on SIGHUP. A file that can't be is told in the log, and the old one stays in use.
  `listen`, `[tls]`, `[redirect]` and `[forward_auth]` take a restart; the files of `[tls]` are read again when they change.
- A **time** is a whole number and one of the units `s`, `m`, `h`, `d`: `\"30s\"`.
- A key can be set by a variable of the environment too, which wins over the file: `CARDEA__TLS__CERT_FILE=cert.pem` is
  `cert_file` of `[tls]`. Lists such as `[[routes]]` are in the file alone.
- A relative path counts from the folder of the configuration file.

";

#[test]
fn the_reference_page_is_fresh() {
    let page = format!("{HEAD}{}", reference_markdown::<GatewayConfig>());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/gateway.md");
    if option_env!("CARDEA_WRITE") == Some("1") {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/gateway.md is stale; CARDEA_WRITE=1 cargo test -p cardea-gateway reference"
    );
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_nearest_name() {
    let text = "hosts = [\"a.test\"]\n\n[[routes]]\nprefix = \"/\"\nupstraem = \"app\"\n";
    let errors = parse::<GatewayConfig>("gateway.toml", text, std::iter::empty()).err();
    let told = errors.unwrap().to_string();
    assert!(
        told.contains("gateway.toml:5:1") && told.contains("`upstream`"),
        "{told}"
    );
}

#[test]
fn the_examples_of_the_guide_are_configurations() {
    let guide = include_str!("../../../../docs/how-to/put-a-gateway-in-front.md");
    let examples: Vec<_> = guide
        .split("```toml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .filter(|block| block.starts_with("# gateway.toml"))
        .collect();
    assert_eq!(examples.len(), 2);
    for text in examples {
        let config = parse::<GatewayConfig>("the guide", text, std::iter::empty());
        let config = config.unwrap_or_else(|e| panic!("{e}"));
        assert!(!config.routes.is_empty() || config.forward_auth.is_some());
    }
}

fn refused(config: GatewayConfig) -> String {
    let stop = CancellationToken::new();
    match Gateway::new(config, Arc::new(SystemClock), Entropy::seeded(1), stop) {
        Ok(_) => panic!("it was taken"),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn a_configuration_that_cannot_be_names_its_key() {
    let good = everything_to("http://127.0.0.1:9000", "");
    let more = |text: &str| refused(config(&format!("{text}\n{good}")));
    let upstream = |url: &str| refused(config(&everything_to(url, "")));
    for (told, expected) in [
        (refused(config("")), "routes:"),
        (
            refused(config(&good.replace("prefix = \"/\"", "prefix = \"a\""))),
            "routes \"a\".prefix:",
        ),
        (
            refused(config(
                &good.replace("prefix = \"/\"", "prefix = \"/a/../b\""),
            )),
            ".prefix:",
        ),
        (
            refused(config(
                &good.replace("upstream = \"app\"", "upstream = \"ap\""),
            )),
            "none of the [[upstreams]]: app",
        ),
        (
            refused(config(&format!(
                "{good}[[routes]]\nprefix = \"/\"\nupstream = \"app\"\n"
            ))),
            "twice",
        ),
        (upstream("127.0.0.1:9000"), "upstreams \"app\".url:"),
        (upstream("http://127.0.0.1:9000/path"), "nothing else"),
        (upstream("ftp://127.0.0.1"), "only http and https"),
        (
            more("proxy = { trusted = [\"everyone\"] }"),
            "proxy.trusted:",
        ),
        (more("metrics = { allow = [\"10/8\"] }"), "metrics.allow:"),
        (
            more("headers = { referrer_policy = \"a\\nb\" }"),
            "headers.referrer_policy:",
        ),
    ] {
        assert!(told.contains(expected), "{told} has no {expected}");
    }
    for host in [
        "https://a.test",
        "a.test/path",
        "*.a.test",
        "a b",
        "u@a.test",
        "",
    ] {
        let mut config = config(&good);
        config.hosts = vec![host.to_owned()];
        assert!(refused(config).starts_with("hosts:"), "{host}");
    }
}

#[test]
fn certificates_are_for_https_and_go_together() {
    let with = |url: &str, change: fn(&mut UpstreamConfig)| {
        let mut config = config(&everything_to(url, ""));
        change(&mut config.upstreams[0]);
        refused(config)
    };
    let told = with("http://127.0.0.1:1", |one| {
        one.ca_file = Some("ca.pem".to_owned());
    });
    assert!(told.contains("certificates are for https"), "{told}");
    let told = with("https://127.0.0.1:1", |one| {
        one.client_cert_file = Some("c.pem".to_owned());
    });
    assert!(told.contains("go together"), "{told}");
    let told = with("https://127.0.0.1:1", |one| {
        one.ca_file = Some("/nonexistent/ca.pem".to_owned());
    });
    assert!(told.contains("/nonexistent/ca.pem"), "{told}");
}
