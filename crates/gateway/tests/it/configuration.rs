//! Errors of the configuration name the key and what is expected; the reference page is up to date.

use std::{path::Path, sync::Arc};

use cardea_client::Entropy;
use cardea_gateway::{Gateway, GatewayConfig, Prepared, UpstreamConfig};
use cardea_testkit::free_port;
use cardea_web::{
    clock::SystemClock,
    config::{parse, reference_markdown},
};
use tokio_util::sync::CancellationToken;

use crate::stage::{config, everything_to};

const HEAD: &str = "# Configuration of the gateway

<!-- Made from `crates/gateway/src/config.rs`. Don't edit it here: CARDEA_WRITE=1 cargo test -p cardea-gateway reference -->

The gateway reads one TOML file: `cardea gateway --config gateway.toml`. An unknown key or an invalid value stops the start, with
its line and the nearest existing name. [Put a gateway in front](../how-to/put-a-gateway-in-front.md) explains how to use it.

- The file is reloaded when it changes, and on SIGHUP. An invalid file is logged, and the old one stays in use.
  Changes of `listen`, `[tls]`, `[redirect]`, `[proxy]` and `[forward_auth]` require a restart; the files of `[tls]` are reloaded when they change.
- A **time** is a whole number and one of the units `s`, `m`, `h`, `d`: `\"30s\"`.
- An environment variable overrides a key of the file: `CARDEA__TLS__CERT_FILE=cert.pem` is `cert_file` of `[tls]`. Lists such as
  `[[routes]]` can only be set in the file.
- Relative paths are relative to the folder of the configuration file.

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
fn an_unknown_key_is_reported_with_its_position_and_the_nearest_name() {
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
        Ok(_) => panic!("it was accepted"),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn an_invalid_configuration_names_its_key() {
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
            "not one of the [[upstreams]]: app",
        ),
        (
            refused(config(&format!(
                "{good}[[routes]]\nprefix = \"/\"\nupstream = \"app\"\n"
            ))),
            "twice",
        ),
        (upstream("127.0.0.1:9000"), "upstreams \"app\".url:"),
        (upstream("http://127.0.0.1:9000/path"), "only a scheme"),
        (upstream("ftp://127.0.0.1"), "only http and https"),
        (upstream("http://:pw@127.0.0.1"), "only a scheme"),
        (upstream("http://127.0.0.1:0"), "only a scheme"),
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
    let told = refused(config(&everything_to(
        "http://127.0.0.1:1",
        "drop_headers = [\"X Y\"]",
    )));
    assert!(told.contains("routes \"/\".drop_headers:"), "{told}");
    for host in [
        "https://a.test",
        "a.test/path",
        "*.a.test",
        "a b",
        "u@a.test",
        "",
        "app.test:99999",
        "app.test:0",
        "app.test:",
        "app.test:x",
        "[::1",
    ] {
        let mut config = config(&good);
        config.hosts = vec![host.to_owned()];
        assert!(refused(config).starts_with("hosts:"), "{host}");
    }
}

#[test]
fn n13_a_host_may_have_any_port() {
    let good = everything_to("http://127.0.0.1:9000", "");
    let with = |hosts: &[&str]| {
        let mut config = config(&good);
        config.hosts = hosts.iter().map(|&host| host.to_owned()).collect();
        config
    };
    let stop = CancellationToken::new();
    let hosts = ["a.test", "a.test:65535", "[::1]:8443", "127.0.0.1:1"];
    let config = with(&hosts);
    Gateway::new(config, Arc::new(SystemClock), Entropy::seeded(1), stop).unwrap();
}

fn prepared(config: &GatewayConfig) -> Result<Prepared, String> {
    let stop = CancellationToken::new();
    let prepared = Prepared::new(config, Arc::new(SystemClock), Entropy::seeded(1), stop);
    prepared.map_err(|problems| problems.to_string())
}

#[test]
fn n13_a_forward_auth_that_can_never_work_is_refused() {
    let login = "login = { issuer = \"https://id.test\", client_id = \"\" }\n";
    let with = |more: &str, origin: &str| {
        let text = format!(
            "[forward_auth]\nlisten = \"127.0.0.1:0\"\n{more}\n{login}[[forward_auth.apps]]\norigin = \"{origin}\"\n"
        );
        prepared(&config(&text)).err().unwrap()
    };
    for (told, expected) in [
        (
            with("trusted = []", "https://a.test"),
            "forward_auth.trusted: not set",
        ),
        (
            with("user_claim = \"\"", "https://a.test"),
            "forward_auth.user_claim: not set",
        ),
        (with("", "https://*.test"), "not an origin"),
        // Without a key the rest is checked too.
        (with("", "https://a.test"), "forward_auth.login.client_id"),
    ] {
        assert!(
            told.contains(expected) && told.contains("forward_auth.key_file"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn n13_every_ipv4_address_and_every_ipv6_address_can_have_the_same_port() {
    if std::net::TcpListener::bind("[::]:0").is_err() {
        return; // No IPv6 here.
    }
    let good = everything_to("http://127.0.0.1:1", "");
    for ipv4 in ["0.0.0.0", "127.0.0.1"] {
        for swapped in [false, true] {
            let port = free_port();
            let mut listen = vec![format!("{ipv4}:{port}"), format!("[::]:{port}")];
            if swapped {
                listen.reverse();
            }
            let mut config = config(&good);
            config.listen.clone_from(&listen);
            let serving = prepared(&config).unwrap().bind().await.unwrap();
            assert_eq!(serving.addresses().len(), 2, "{listen:?}");
        }
    }
    for twice in [
        ["[::]:4999", "[::1]:4999"],
        ["[::ffff:127.0.0.1]:4999", "0.0.0.0:4999"],
        ["[::ffff:127.0.0.1]:4999", "127.0.0.1:4999"],
    ] {
        let mut config = config(&good);
        config.listen = twice.map(str::to_owned).to_vec();
        assert!(
            prepared(&config).err().unwrap().contains("already"),
            "{twice:?}"
        );
    }
}

#[test]
fn n13_an_upstream_that_is_the_gateway_itself_is_warned_of() {
    for (listen, url, is_loop) in [
        ("127.0.0.1:4999", "http://127.0.0.1:4999", true),
        ("0.0.0.0:4999", "http://localhost:4999", true),
        ("[::]:4999", "http://[::1]:4999", true),
        ("10.0.0.1:4999", "http://10.0.0.1:4999", true),
        ("127.0.0.1:4999", "http://127.0.0.1:4998", false),
        ("0.0.0.0:4999", "http://10.0.0.1:4999", false),
        ("0.0.0.0:4999", "http://app.internal:4999", false),
    ] {
        let mut config = config(&everything_to(url, ""));
        config.listen = vec![listen.to_owned()];
        let warnings = prepared(&config).unwrap().warnings();
        assert_eq!(
            warnings.len(),
            usize::from(is_loop),
            "{listen} {url}: {warnings:?}"
        );
    }
}

#[tokio::test]
async fn n13_an_ipv4_address_written_as_ipv6_is_the_same_proxy() {
    for trusted in ["::ffff:127.0.0.1", "::ffff:127.0.0.0/104"] {
        let text = everything_to(&crate::behind::mirror().await, "");
        let stage = crate::stage::start(config(&format!(
            "proxy = {{ trusted = [\"{trusted}\"] }}\n{text}"
        )))
        .await;
        let request = stage
            .client()
            .get(stage.url("/"))
            .header("x-forwarded-for", "203.0.113.9");
        let seen: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(
            seen["headers"]["x-forwarded-for"][0], "203.0.113.9",
            "{trusted}"
        );
    }
}

#[test]
fn certificates_require_https_and_each_other() {
    let with = |url: &str, change: fn(&mut UpstreamConfig)| {
        let mut config = config(&everything_to(url, ""));
        change(&mut config.upstreams[0]);
        refused(config)
    };
    let told = with("http://127.0.0.1:1", |one| {
        one.ca_file = Some("ca.pem".to_owned());
    });
    assert!(told.contains("certificates require https"), "{told}");
    let told = with("https://127.0.0.1:1", |one| {
        one.client_cert_file = Some("c.pem".to_owned());
    });
    assert!(told.contains("requires client_key_file"), "{told}");
    let told = with("https://127.0.0.1:1", |one| {
        one.ca_file = Some("/nonexistent/ca.pem".to_owned());
    });
    assert!(told.contains("/nonexistent/ca.pem"), "{told}");
}
