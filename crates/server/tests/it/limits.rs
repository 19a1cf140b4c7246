//! Rate limits: 429, when to come again, and nobody suffers for a neighbour.

use std::net::IpAddr;

use cardea_protocol::model::{LoginFailures, Username};
use cardea_server::config::LimitsConfig;
use cardea_testkit::{
    Answer, Browser, Call, Person, TestServer,
    clients::{SCRIPT, SPA, WEB},
    eventually,
    flows::{Authorization, log_in, tokens},
};
use cardea_web::clock::Clock;
use jiff::SignedDuration;

const ELSEWHERE: [u8; 4] = [198, 51, 100, 1];

async fn limited(change: impl FnOnce(&mut LimitsConfig)) -> TestServer {
    let builder = TestServer::builder().config(|config| {
        config.limits.enabled = true;
        change(&mut config.limits);
    });
    builder.start().await
}

fn too_many(answer: &Answer, limit: &str) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.header("ratelimit-limit"), Some(limit));
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    for name in ["ratelimit-reset", "retry-after"] {
        let seconds: u64 = answer.header(name).unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{name}: {seconds}");
    }
}

/// Two requests pass, the third doesn't; a minute later one does again.
async fn twice_a_minute(server: &TestServer, call: impl Fn() -> Call) {
    for _ in 0..2 {
        assert_ne!(call().send().await.status, 429);
    }
    too_many(&call().send().await, "2");
    let other = call().from(IpAddr::from(ELSEWHERE)).send().await;
    assert_ne!(other.status, 429, "another network");
    let neighbour = call().from(IpAddr::from([203, 0, 113, 200])).send().await;
    assert_eq!(neighbour.status, 429, "the same network");
    server.advance(SignedDuration::from_secs(60));
    assert_ne!(call().send().await.status, 429);
}

#[tokio::test]
async fn authorization_requests_are_limited_by_network() {
    let server = limited(|limits| limits.authorize_per_minute = 2).await;
    let request = Authorization::of(SPA);
    twice_a_minute(&server, || server.get("/authorize").query(&request.pairs())).await;
}

#[tokio::test]
async fn token_requests_are_limited_by_network() {
    let server = limited(|limits| limits.token_per_minute = 2).await;
    twice_a_minute(&server, || {
        server.post("/token").form(&[("grant_type", "x")])
    })
    .await;
    let call = || server.post("/token").form(&[("grant_type", "x")]);
    call().send().await;
    let answer = call().send().await;
    too_many(&answer, "2");
    answer.refused(429, "temporarily_unavailable");
}

#[tokio::test]
async fn userinfo_is_limited_by_network() {
    let server = limited(|limits| limits.other_per_minute = 2).await;
    twice_a_minute(&server, || server.get("/userinfo").bearer("x")).await;
}

#[tokio::test]
async fn account_and_logout_are_limited_by_network() {
    let server = limited(|limits| limits.other_per_minute = 2).await;
    twice_a_minute(&server, || server.get("/account")).await;
    server.advance(SignedDuration::from_secs(60));
    twice_a_minute(&server, || {
        server.post("/end_session").form(&[("state", "x")])
    })
    .await;
}

#[tokio::test]
async fn guesses_at_introspection_and_revocation_are_limited_by_network() {
    let server = limited(|limits| limits.token_per_minute = 2).await;
    let guess = |path: &str| {
        server
            .post(path)
            .basic("web", "guess")
            .form(&[("token", "x")])
    };
    twice_a_minute(&server, || guess("/introspection")).await;
    server.advance(SignedDuration::from_secs(60));
    twice_a_minute(&server, || guess("/revocation")).await;
}

#[tokio::test]
async fn an_answer_of_the_token_endpoint_says_how_much_is_left() {
    let server = limited(|limits| limits.token_per_client_per_minute = 10).await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "orders:read"),
    ];
    for left in ["9", "8"] {
        let answer = server
            .post("/token")
            .form(&fields)
            .client(SCRIPT)
            .send()
            .await;
        answer.granted();
        assert_eq!(answer.header("ratelimit-limit"), Some("10"));
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
        assert!(answer.header("ratelimit-reset").is_some());
        assert_eq!(answer.header("retry-after"), None);
    }
}

#[tokio::test]
async fn token_requests_are_limited_by_client_wherever_it_is() {
    let server = limited(|limits| limits.token_per_client_per_minute = 2).await;
    let call = |ip: [u8; 4]| {
        server
            .post("/token")
            .from(IpAddr::from(ip))
            .form(&[("grant_type", "x")])
    };
    for ip in [ELSEWHERE, [192, 0, 2, 1]] {
        call(ip)
            .client(WEB)
            .send()
            .await
            .refused(400, "unsupported_grant_type");
    }
    too_many(&call([203, 0, 113, 1]).client(WEB).send().await, "2");
    call([203, 0, 113, 1])
        .client(SPA)
        .send()
        .await
        .refused(400, "unsupported_grant_type");
    call([203, 0, 113, 1])
        .basic("web", "wrong")
        .send()
        .await
        .refused(401, "invalid_client");
}

#[tokio::test]
async fn introspection_and_revocation_are_limited_by_client() {
    let server = limited(|limits| limits.introspection_per_client_per_minute = 2).await;
    let call = |path: &str| server.post(path).form(&[("token", "x")]).client(WEB).send();
    for _ in 0..2 {
        assert_eq!(call("/introspection").await.status, 200);
        assert_eq!(call("/revocation").await.status, 200);
    }
    too_many(&call("/introspection").await, "2");
    too_many(&call("/revocation").await, "2");
}

async fn attempt(browser: &mut Browser<'_>, username: &str, password: &str) -> Answer {
    let page = browser.open(&browser.server().url("/login")).await;
    let fill = [("username", username), ("password", password)];
    browser.submit_once(&page, page.form(), &fill).await
}

#[tokio::test]
async fn attempts_to_log_in_are_limited_by_network() {
    let server = limited(|limits| limits.login_per_minute = 2).await;
    let mut browser = Browser::new(&server);
    for name in ["a-name", "b-name"] {
        assert_eq!(attempt(&mut browser, name, "x").await.status, 422);
    }
    let answer = attempt(&mut browser, "alice", Person::ALICE.password).await;
    too_many(&answer, "2");
    assert!(answer.text().contains("Too many attempts"));
    assert_eq!(answer.set_cookie("__Host-cardea_session"), None);
    let mut other = Browser::new(&server).at(ELSEWHERE);
    log_in(&mut other, Person::ALICE).await;
}

#[tokio::test]
async fn attempts_at_one_account_are_limited_from_everywhere_and_for_unknown_names_too() {
    let server = limited(|limits| limits.login_per_account_per_minute = 2).await;
    for name in ["alice", "nobody"] {
        for ip in [[192, 0, 2, 1], ELSEWHERE] {
            let mut browser = Browser::new(&server).at(ip);
            assert_eq!(attempt(&mut browser, name, "x").await.status, 422);
        }
        let mut browser = Browser::new(&server).at([203, 0, 113, 7]);
        too_many(&attempt(&mut browser, &name.to_uppercase(), "x").await, "2");
    }
    server.advance(SignedDuration::from_secs(60));
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
}

/// 10,000 guesses from 1,000 networks within ten minutes, at one account.
#[tokio::test]
async fn a_password_guessed_from_1000_networks_is_hardly_checked_and_its_owner_logs_in() {
    const ROUNDS: u32 = 10;
    let server = limited(|_| {}).await;
    let mut own = Browser::new(&server);
    log_in(&mut own, Person::BOB).await;
    let name = Username::parse("bob").unwrap();
    let failures = async || {
        let bob = server.store.user_by_name(&name).await.unwrap().unwrap();
        bob.failures
    };
    let counted_after = async |before: LoginFailures| {
        eventually("it is counted", async || {
            failures().await.count > before.count
        })
        .await;
    };
    let mut stranger = Browser::new(&server);
    let mut limited = 0;
    for _ in 0..ROUNDS {
        let page = stranger.open(&server.url("/login")).await;
        for network in 0..1000_u32 {
            let [.., high, low] = network.to_be_bytes();
            stranger = stranger.at([11 + high, low, 7, 1]);
            let fill = [("username", "bob"), ("password", "a-guess")];
            let before = failures().await;
            let answer = stranger.submit_once(&page, page.form(), &fill).await;
            match answer.status.as_u16() {
                422 if before.locked(server.clock.now()) => {}
                422 => counted_after(before).await,
                429 => limited += 1,
                other => panic!("{other}"),
            }
        }
        server.advance(SignedDuration::from_secs(60));
    }
    assert!(limited >= ROUNDS * 980, "20 a minute are heard");
    let most = LoginFailures::most_within(SignedDuration::from_secs(600));
    let through = failures().await;
    assert!(
        (5..=most).contains(&through.count),
        "{} of 10,000 were checked",
        through.count
    );
    // Once the wait is over, a stranger who fails and then has it has to wait; the owner does not.
    server.advance(SignedDuration::from_secs(300));
    attempt(&mut stranger, "bob", "a-guess").await;
    counted_after(through).await;
    assert_eq!(
        attempt(&mut stranger, "bob", Person::BOB.password)
            .await
            .status,
        422
    );
    assert_eq!(
        attempt(&mut own, "bob", Person::BOB.password).await.status,
        303
    );
}

#[tokio::test]
async fn forwarded_addresses_count_only_from_a_trusted_proxy() {
    let call = |server: &TestServer, by: [u8; 4], client: &str| {
        let call = server
            .post("/token")
            .from(IpAddr::from(by))
            .form(&[("grant_type", "x")]);
        call.header("x-forwarded-for", client).send()
    };
    let server = limited(|limits| limits.token_per_minute = 1).await;
    call(&server, ELSEWHERE, "192.0.2.1")
        .await
        .refused(401, "invalid_client");
    too_many(&call(&server, ELSEWHERE, "192.0.3.1").await, "1");

    let server = TestServer::builder()
        .config(|config| {
            config.limits.enabled = true;
            config.limits.token_per_minute = 1;
            config.proxy.trusted = vec!["198.51.100.0/24".to_owned()];
        })
        .start()
        .await;
    call(&server, ELSEWHERE, "192.0.2.1")
        .await
        .refused(401, "invalid_client");
    call(&server, ELSEWHERE, "192.0.3.1")
        .await
        .refused(401, "invalid_client");
    too_many(&call(&server, ELSEWHERE, "192.0.2.77").await, "1");
    too_many(&call(&server, ELSEWHERE, "10.9.9.9, 192.0.3.9").await, "1");
}

#[tokio::test]
async fn the_defaults_do_not_stand_in_the_way_of_a_person() {
    let server = limited(|_| {}).await;
    let mut browser = Browser::new(&server);
    for client in [SPA, WEB] {
        tokens(&mut browser, client, (Person::ALICE, "openid")).await;
    }
}

#[tokio::test]
async fn s1_the_limit_of_a_network_is_asked_before_a_body_is_read() {
    let paths = [
        "/authorize",
        "/login",
        "/consent",
        "/choose_account",
        "/account",
        "/end_session",
        "/end_session/confirm",
        "/token",
        "/introspection",
        "/revocation",
        "/userinfo",
    ];
    let large = format!("a={}", "x".repeat(70_000));
    for path in paths {
        let server = limited(|limits| {
            limits.authorize_per_minute = 1;
            limits.token_per_minute = 1;
            limits.other_per_minute = 1;
        })
        .await;
        let post = |body: &str| {
            let kind = "application/x-www-form-urlencoded";
            server.post(path).body(kind, body)
        };
        let first = post("a=b").send().await;
        assert!(
            ![413, 429].contains(&first.status.as_u16()),
            "{path}: {}",
            first.text()
        );
        let elsewhere = post(&large).from(IpAddr::from(ELSEWHERE)).send().await;
        assert_eq!(elsewhere.status, 413, "{path}");
        too_many(&post(&large).send().await, "1");
    }
}

#[tokio::test]
async fn s4_failures_use_up_the_quota_of_a_network_and_authenticated_clients_do_not() {
    let server = limited(|limits| limits.token_per_minute = 2).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", "x"),
        ("redirect_uri", "x"),
    ];
    for _ in 0..5 {
        // A stranger's random codes and tokens, brought by an authenticated backend.
        let answer = server.post("/token").form(&fields).client(WEB).send().await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        for path in ["/introspection", "/revocation"] {
            let call = server.post(path).form(&[("token", "x")]).client(WEB);
            assert_eq!(call.send().await.status, 200);
        }
    }
    // Each endpoint has its own quota.
    for path in ["/token", "/introspection", "/revocation"] {
        let guess = || {
            server
                .post(path)
                .basic("web", "guess")
                .form(&[("token", "x")])
        };
        for _ in 0..2 {
            assert_ne!(guess().send().await.status, 429, "{path}");
        }
        too_many(&guess().send().await, "2");
    }
}

#[tokio::test]
async fn s4_public_clients_and_malformed_requests_count_by_network() {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", "x"),
        ("client_id", "spa"),
    ];
    let server = limited(|limits| limits.token_per_minute = 2).await;
    for _ in 0..2 {
        let answer = server.post("/token").form(&fields).send().await;
        assert_ne!(answer.status, 429);
    }
    too_many(&server.post("/token").form(&fields).send().await, "2");
    let server = limited(|limits| limits.token_per_minute = 2).await;
    let twice = [("a", "1"), ("a", "2")];
    for _ in 0..2 {
        assert_eq!(server.post("/token").form(&twice).send().await.status, 400);
    }
    too_many(&server.post("/token").form(&twice).send().await, "2");
}
