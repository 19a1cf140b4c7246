use cardea_web::config::Duration;
use serde_json::{Value, json};

use super::*;

fn new_link(delivery: &str) -> Value {
    json!({ "delivery": delivery, "valid_seconds": 900 })
}

const RESET: &str = "/users/alice/factors/reset";

#[tokio::test]
async fn an_administrator_hands_over_a_link_or_mails_it() {
    let server = with_mail().start().await;
    enrolled(&server, Person::ALICE).await;
    let answer = server.administer("POST", RESET, new_link("response")).await;
    let (201, link) = answer else {
        panic!("{answer:?}")
    };
    let url = link["url"].as_str().unwrap();
    assert!(url.starts_with(&server.url("/second_factor/reset?token=")));
    assert_eq!(link["mailed_to"], Value::Null);
    assert_eq!(mails(&server).await, [MailTemplate::FactorResetRequested]);
    let answer = server.administer("POST", RESET, new_link("mail")).await;
    let (201, mailed) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(mailed["url"], Value::Null, "the caller does not get it");
    assert_eq!(mailed["mailed_to"], "alice@example.test");
    assert_eq!(mails(&server).await, [MailTemplate::FactorReset]);
    let (_, view) = server
        .administer("GET", "/users/alice/factors", Value::Null)
        .await;
    assert_eq!(view["reset_link_expires_at"], mailed["expires_at"]);
    // The one that was mailed has replaced the other.
    Browser::new(&server).open(url).await.is_trouble(400, USED);
    assert_eq!(server.audited(AuditEvent::FactorResetRequested).await, 2);
    assert!(has_factors(&server, Person::ALICE).await);
}

#[tokio::test]
async fn a_link_that_would_be_of_no_use_is_not_made() {
    let server = TestServer::start().await;
    enrolled(&server, Person::ALICE).await;
    let (long, short) = (
        json!({ "delivery": "response", "valid_seconds": 604_801 }),
        json!({ "delivery": "response", "valid_seconds": 899 }),
    );
    for (path, body, expected) in [
        (RESET, new_link("mail"), 409),
        (RESET, long, 400),
        (RESET, short, 400),
        (RESET, new_link("pigeon"), 400),
        ("/users/bob/factors/reset", new_link("response"), 409),
        ("/users/eve/factors/reset", new_link("response"), 404),
    ] {
        let (status, said) = server.administer("POST", path, body).await;
        assert_eq!(status, expected, "{said}");
    }
    let (status, _) = server.administer("DELETE", RESET, Value::Null).await;
    assert_eq!(status, 409, "nothing is pending");
    server
        .administer("POST", "/users/alice/disable", Value::Null)
        .await;
    let (status, said) = server.administer("POST", RESET, new_link("response")).await;
    assert_eq!(status, 409);
    assert!(said["detail"].as_str().unwrap().contains("disabled"));
}

#[tokio::test]
async fn the_delay_of_the_policy_counts_for_every_reset_unless_it_is_said_not_to() {
    let server = with_mail().config(|config| {
        config.mfa.reset_delay = Some(Duration::from_secs(3600));
    });
    let server = server.start().await;
    enrolled(&server, Person::ALICE).await;
    const FACTORS: &str = "/users/alice/factors";
    let in_an_hour = (server.cause().now + SignedDuration::from_hours(1)).to_string();
    let (200, view) = server.administer("DELETE", FACTORS, Value::Null).await else {
        panic!("no reset")
    };
    assert_eq!(
        (&view["totp"], &view["reset_from"]),
        (&true.into(), &in_an_hour.as_str().into())
    );
    assert_eq!(mails(&server).await, [MailTemplate::FactorResetRequested]);
    let (status, view) = server.administer("DELETE", RESET, Value::Null).await;
    assert_eq!((status, &view["reset_from"]), (200, &Value::Null));
    server.advance(SignedDuration::from_hours(2));
    server.reset_due_factors().await;
    assert!(has_factors(&server, Person::ALICE).await, "cancelled");
    let (_, link) = server.administer("POST", RESET, new_link("response")).await;
    let mut browser = Browser::new(&server);
    let url = link["url"].as_str().unwrap();
    assert!(browser.open(url).await.forms().is_empty());
    server.advance(SignedDuration::from_hours(1));
    assert_eq!(browser.open(url).await.forms().len(), 1);
    let now = format!("{FACTORS}?now=true");
    let (status, view) = server.administer("DELETE", &now, Value::Null).await;
    assert_eq!((status, &view["totp"]), (200, &false.into()));
    assert_eq!(view["reset_from"], Value::Null);
    browser.open(url).await.is_trouble(400, USED);
}
