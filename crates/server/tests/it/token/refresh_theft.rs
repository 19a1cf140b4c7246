//! The table of D11 over HTTP: an honest client is never logged out, a thief is caught.

use std::net::IpAddr;

use cardea_protocol::model::AuditEvent;
use cardea_testkit::{
    Answer, Browser, Person, TestClient, TestServer,
    clients::{SPA, STRICT, WEB},
    flows::{introspect, tokens},
};
use jiff::SignedDuration;
use serde_json::Value;

const HOME: ([u8; 4], &str) = ([203, 0, 113, 7], "Firefox");
const SAME_NETWORK: ([u8; 4], &str) = ([203, 0, 113, 99], "Firefox");
const ELSEWHERE: ([u8; 4], &str) = ([198, 51, 100, 1], "Firefox");
const OTHER_DEVICE: ([u8; 4], &str) = ([203, 0, 113, 7], "curl");

struct Refreshing<'a> {
    server: &'a TestServer,
    client: TestClient,
}

impl Refreshing<'_> {
    /// A grant that outlives the session, rotated once at home: the old token and its successor.
    async fn rotated(&self) -> (String, String) {
        let mut browser = Browser::new(self.server);
        let scope = (Person::ALICE, "openid offline_access");
        let first = token(&tokens(&mut browser, self.client, scope).await);
        let second = token(&self.present(&first, HOME).await.granted());
        assert_ne!(first, second);
        (first, second)
    }

    async fn present(&self, token: &str, (ip, user_agent): ([u8; 4], &str)) -> Answer {
        let call = self.server.post("/token").from(IpAddr::from(ip));
        call.header("user-agent", user_agent)
            .form(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .client(self.client)
            .send()
            .await
    }

    async fn gives(&self, old: &str, from: ([u8; 4], &str), successor: &str) {
        assert_eq!(token(&self.present(old, from).await.granted()), successor);
    }

    async fn is_theft(&self, (old, current): (&str, &str)) {
        self.present(old, HOME).await.refused(400, "invalid_grant");
        self.present(current, HOME)
            .await
            .refused(400, "invalid_grant");
        assert_eq!(self.server.audited(AuditEvent::RefreshReuse).await, 1);
    }
}

fn token(tokens: &Value) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn a_lost_response_and_two_tabs_get_the_same_successor() {
    let server = TestServer::start().await;
    let spa = Refreshing {
        server: &server,
        client: SPA,
    };
    let (old, new) = spa.rotated().await;
    for _ in 0..3 {
        spa.gives(&old, HOME, &new).await;
        spa.gives(&old, SAME_NETWORK, &new).await;
    }
    server.advance(seconds(10));
    spa.gives(&old, HOME, &new).await;
    assert_eq!(server.audited(AuditEvent::RefreshRetriedLate).await, 0);
    spa.present(&new, HOME).await.granted();
}

#[tokio::test]
async fn t2_retries_in_every_second_generation_are_audited_and_logged() {
    let (log, _guard) = cardea_testkit::Log::capture();
    let server = TestServer::start().await;
    let spa = Refreshing {
        server: &server,
        client: SPA,
    };
    let (mut old, mut new) = spa.rotated().await;
    for generation in 0..8 {
        if generation % 2 == 0 {
            spa.gives(&old, HOME, &new).await;
        }
        old = new;
        new = token(&spa.present(&old, HOME).await.granted());
    }
    assert_eq!(server.audited(AuditEvent::RefreshRetriedOften).await, 2);
    assert_eq!(server.audited(AuditEvent::RefreshReuse).await, 0);
    let text = log.text();
    assert_eq!(text.matches("are often presented again").count(), 2);
    assert!(text.contains("WARN") && !text.contains(&old) && !text.contains(&new));
}

#[tokio::test]
async fn t2_an_attacker_beside_the_client_is_found_at_the_third_rotation() {
    for wait in [0, 5, 10] {
        let server = TestServer::start().await;
        let spa = Refreshing {
            server: &server,
            client: SPA,
        };
        let (mut old, mut new) = spa.rotated().await;
        let mut shadowed = 0;
        for _ in 0..60 {
            server.advance(seconds(wait));
            let answer = spa.present(&old, SAME_NETWORK).await;
            if answer.status != 200 {
                answer.refused(400, "invalid_grant");
                break;
            }
            shadowed += 1;
            server.advance(seconds(600));
            let next = token(&spa.present(&new, HOME).await.granted());
            (old, new) = (new, next);
        }
        assert_eq!(shadowed, 2);
        assert_eq!(server.audited(AuditEvent::RefreshReuse).await, 1);
        spa.present(&new, HOME).await.refused(400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_laptop_that_slept_may_come_late_once_a_day_and_the_person_sees_it() {
    let server = TestServer::start().await;
    let spa = Refreshing {
        server: &server,
        client: SPA,
    };
    let (old, new) = spa.rotated().await;
    server.advance(seconds(11));
    spa.gives(&old, HOME, &new).await;
    assert_eq!(server.audited(AuditEvent::RefreshRetriedLate).await, 1);
    let mut browser = Browser::new(&server);
    cardea_testkit::flows::log_in(&mut browser, Person::ALICE).await;
    let apps = browser.open(&server.url("/account/apps")).await;
    assert!(apps.text().contains("used an older token"));
    server.advance(seconds(20));
    spa.is_theft((&old, &new)).await;
}

#[tokio::test]
async fn after_a_day_one_may_be_late_again() {
    let server = TestServer::start().await;
    let spa = Refreshing {
        server: &server,
        client: SPA,
    };
    let (old, new) = spa.rotated().await;
    spa.gives(&old, ELSEWHERE, &new).await;
    let next = token(&spa.present(&new, HOME).await.granted());
    server.advance(SignedDuration::from_hours(24));
    spa.gives(&new, ELSEWHERE, &next).await;
    assert_eq!(server.audited(AuditEvent::RefreshRetriedLate).await, 2);
}

#[tokio::test]
async fn from_another_network_or_device_a_prompt_retry_is_a_late_one() {
    for from in [ELSEWHERE, OTHER_DEVICE] {
        let server = TestServer::start().await;
        let spa = Refreshing {
            server: &server,
            client: SPA,
        };
        let (old, new) = spa.rotated().await;
        spa.gives(&old, from, &new).await;
        assert_eq!(server.audited(AuditEvent::RefreshRetriedLate).await, 1);
        spa.present(&old, from).await.refused(400, "invalid_grant");
        spa.present(&new, HOME).await.refused(400, "invalid_grant");
        assert_eq!(server.audited(AuditEvent::RefreshReuse).await, 1);
    }
}

#[tokio::test]
async fn a_token_whose_successor_was_used_is_theft() {
    for client in [SPA, WEB] {
        let server = TestServer::start().await;
        let sender = Refreshing {
            server: &server,
            client,
        };
        let (old, new) = sender.rotated().await;
        let newest = token(&sender.present(&new, HOME).await.granted());
        sender.is_theft((&old, &newest)).await;
    }
}

#[tokio::test]
async fn a_token_whose_successor_was_introspected_is_theft() {
    let server = TestServer::start().await;
    let web = Refreshing {
        server: &server,
        client: WEB,
    };
    let (old, new) = web.rotated().await;
    assert_eq!(introspect(&server, WEB, &old).await["active"], false);
    web.gives(&old, HOME, &new).await;
    assert_eq!(introspect(&server, WEB, &new).await["active"], true);
    web.is_theft((&old, &new)).await;
}

#[tokio::test]
async fn t2_a_confidential_client_may_retry_from_anywhere_for_sixty_seconds_and_then_once_a_day() {
    let server = TestServer::start().await;
    let web = Refreshing {
        server: &server,
        client: WEB,
    };
    let (old, new) = web.rotated().await;
    for from in [HOME, ELSEWHERE, OTHER_DEVICE] {
        server.advance(seconds(20));
        web.gives(&old, from, &new).await;
    }
    assert_eq!(server.audited(AuditEvent::RefreshRetriedLate).await, 0);
    server.advance(seconds(1));
    web.gives(&old, HOME, &new).await;
    assert_eq!(server.audited(AuditEvent::RefreshRetriedLate).await, 1);
    web.is_theft((&old, &new)).await;
}

#[tokio::test]
async fn with_strict_rotation_any_second_use_is_theft() {
    let server = TestServer::start().await;
    let strict = Refreshing {
        server: &server,
        client: STRICT,
    };
    let (old, new) = strict.rotated().await;
    strict.is_theft((&old, &new)).await;
}

#[tokio::test]
async fn a_retry_may_narrow_but_extends_nothing() {
    let server = TestServer::start().await;
    let web = Refreshing {
        server: &server,
        client: WEB,
    };
    let (old, new) = web.rotated().await;
    server.advance(SignedDuration::from_hours(24 * 29));
    web.gives(&old, HOME, &new).await;
    server.advance(SignedDuration::from_hours(24));
    web.present(&new, HOME).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_new_network_at_a_rotation_is_audited_once() {
    let server = TestServer::start().await;
    let spa = Refreshing {
        server: &server,
        client: SPA,
    };
    let (_, mut current) = spa.rotated().await;
    // The browser that redeemed the code named no user agent, so the first rotation was an anomaly already.
    let before = server.audited(AuditEvent::RefreshAnomaly).await;
    for from in [ELSEWHERE, HOME, ELSEWHERE] {
        current = token(&spa.present(&current, from).await.granted());
    }
    assert_eq!(
        (before, server.audited(AuditEvent::RefreshAnomaly).await),
        (1, 1)
    );
}

#[tokio::test]
async fn theft_ends_the_access_tokens_too() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, STRICT, (Person::ALICE, "openid")).await;
    let strict = Refreshing {
        server: &server,
        client: STRICT,
    };
    let second = strict.present(&token(&first), HOME).await.granted();
    strict
        .present(&token(&first), HOME)
        .await
        .refused(400, "invalid_grant");
    for tokens in [first, second] {
        let access = tokens["access_token"].as_str().unwrap();
        let userinfo = server.get("/userinfo").bearer(access).send().await;
        userinfo.refused(401, "invalid_token");
    }
}
