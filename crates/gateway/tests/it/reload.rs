//! Another configuration while the gateway serves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cardea_client::Entropy;
use cardea_gateway::{Gateway, GatewayConfig, watch::ConfigFile};
use cardea_testkit::{Log, eventually, until};
use cardea_web::clock::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::{
    behind::named,
    stage::{HOST, config, everything_to, start},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_under_traffic_loses_no_request() {
    let (one, two) = (named("one").await, named("two").await);
    let stage = start(config(&everything_to(&one, ""))).await;
    let done = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let (client, url) = (stage.client(), stage.url("/"));
            let (done, answered) = (Arc::clone(&done), Arc::clone(&answered));
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    let answer = client.get(&url).header("host", HOST).send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    let text = answer.text().await.unwrap();
                    assert!(text == "one" || text == "two", "{text}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 0..40 {
        let upstream = if round % 2 == 0 { &two } else { &one };
        stage
            .gateway
            .reload(config(&everything_to(upstream, "")))
            .unwrap();
        let before = answered.load(Ordering::Relaxed);
        let more = || answered.load(Ordering::Relaxed) > before + 3;
        until("answers", more).await;
    }
    done.store(true, Ordering::Relaxed);
    for task in asking {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn the_state_of_a_rate_limit_survives_a_reload() {
    let text = everything_to(&named("app").await, "requests_per_minute = 2");
    let stage = start(config(&text)).await;
    let ask = || async {
        let request = stage.client().get(stage.url("/")).header("host", HOST);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((ask().await, ask().await, ask().await), (200, 200, 429));
    stage.gateway.reload(config(&text)).unwrap();
    assert_eq!(ask().await, 429);
}

#[tokio::test]
async fn a_reload_that_requires_a_restart_is_refused() {
    let text = everything_to(&named("app").await, "");
    let stage = start(config(&text)).await;
    for (more, key) in [
        ("listen = [\"127.0.0.1:1\"]\n", "listen"),
        (
            "redirect = { listen = \"127.0.0.1:1\" }\n",
            "redirect.listen",
        ),
        (
            "forward_auth = { user_claim = \"email\" }\n",
            "forward_auth",
        ),
        ("tls = { cert_file = \"a\", key_file = \"b\" }\n", "tls"),
        ("proxy = { trusted = [\"10.0.0.1\"] }\n", "proxy.trusted"),
    ] {
        let error = stage
            .gateway
            .reload(config(&format!("{more}{text}")))
            .unwrap_err();
        let problem = &error.problems()[0];
        assert_eq!(problem.key, key);
        assert!(problem.problem.contains("restart"), "{error}");
    }
    let long = everything_to("http://127.0.0.1:1", "idle_timeout = \"2h\"");
    assert!(
        stage
            .gateway
            .reload(config(&long))
            .unwrap_err()
            .to_string()
            .contains("restart")
    );
}

/// Nothing of forward-auth is reloaded, so a change of any of its keys is refused and none is lost in silence.
#[tokio::test]
async fn g3_every_change_of_forward_auth_requires_a_restart() {
    let text = everything_to(&named("app").await, "");
    let with = |more: &str, authentication: &str| {
        let login = format!("issuer = \"https://id.test\", client_id = \"a\"{more}");
        config(&format!(
            "{text}[forward_auth]\nlogin = {{ {login}, authentication = {{ {authentication} }} }}\n"
        ))
    };
    let secret = "client_secret = \"one\"";
    let stage = start_gateway(with("", secret));
    stage.reload(with("", secret)).unwrap();
    for more in [
        "provider = \"github\"",
        "scopes = [\"openid\"]",
        "redirect_uri = \"https://a.test\"",
        "algorithms = [\"ES256\"]",
        "allowed_tenants = [\"a\"]",
        "trusted_audiences = [\"a\"]",
        "post_logout_redirect_uri = \"https://a.test\"",
        "authorization_parameters = { a = \"b\" }",
        "resource = \"https://a.test\"",
        "userinfo = false",
        "allow = [\"a.test:443\"]",
        "ca_file = \"a.pem\"",
    ] {
        let error = stage
            .reload(with(&format!(", {more}"), secret))
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("forward_auth: a change requires a restart"),
            "{more}: {error}"
        );
    }
    for authentication in [
        "client_secret = \"two\"",
        "client_secret_file = \"a\"",
        "method = \"none\"",
        "private_key_file = \"a\"",
        "algorithm = \"ES256\"",
    ] {
        let error = stage
            .reload(with("", authentication))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("restart") && !error.contains("two"),
            "{authentication}: {error}"
        );
    }
}

fn start_gateway(config: GatewayConfig) -> Gateway {
    let clock = Arc::new(SystemClock);
    Gateway::new(config, clock, Entropy::seeded(7), CancellationToken::new()).unwrap()
}

#[tokio::test]
async fn a_changed_file_is_reloaded_and_an_invalid_one_is_not() {
    let (log, _guard) = Log::capture();
    let (one, two) = (named("one").await, named("two").await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    let write = |upstream: &str| {
        let text = format!("hosts = [\"{HOST}\"]\n{}", everything_to(upstream, ""));
        std::fs::write(&path, text).unwrap();
    };
    write(&one);
    let file = ConfigFile::new(path.clone(), Vec::new());
    let stage = start(file.read().unwrap()).await;
    let stop = CancellationToken::new();
    let watch = file.watch(
        stage.gateway.clone(),
        Duration::from_millis(20),
        stop.clone(),
    );
    let watch = tokio::spawn(watch.unwrap());
    let ask = || async {
        let request = stage.client().get(stage.url("/")).header("host", HOST);
        request.send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(ask().await, "one");
    write(&two);
    eventually("the new file", async || ask().await == "two").await;
    for broken in ["hosts = [", "hosst = []", "hosts = [\"app.test\"]"] {
        let refused = || log.lines_with("configuration not reloaded").len();
        let before = refused();
        std::fs::write(&path, broken).unwrap();
        until("an error in the log", || refused() > before).await;
        assert_eq!(ask().await, "two");
    }
    write(&one);
    eventually("the repaired file", async || ask().await == "one").await;
    stop.cancel();
    watch.await.unwrap();
}
