//! Claims from userinfo: of the same user, or none.

use cardea_client::rp::RpError;
use cardea_protocol::verify::UserinfoError;
use cardea_seal::Secret;
use serde_json::{Value, json};

use super::{
    provider::Scripted,
    world::{ACCESS_TOKEN, World, world_with},
};

async fn world() -> World {
    let world = world_with(|_| {}).await;
    let mut metadata = world.provider.metadata();
    metadata["userinfo_endpoint"] = json!(format!("{}/userinfo", world.provider.url));
    world.provider.says_of_itself(&metadata);
    world
}

fn says(world: &World, claims: &Value) {
    world.provider.says("/userinfo", Scripted::json(claims));
}

fn says_signed(world: &World, claims: &Value) {
    let jwt = world.sign(claims);
    let answer = Scripted::new(200, "application/jwt; charset=utf-8", jwt);
    world.provider.says("/userinfo", answer);
}

#[tokio::test]
async fn a_login_knows_what_userinfo_knows_and_what_is_signed_wins() {
    let world = world().await;
    let claims = json!({"sub": "alice", "email": "alice@example.test", "name": "Mallory"});
    says(&world, &claims);
    let identity = world.log_in(|_| {}).await.unwrap().identity;
    assert_eq!(identity.text("email"), Some("alice@example.test"));
    assert_eq!(identity.text("name"), Some("Alice"));
    let asked = world.provider.asked("/userinfo").remove(0);
    assert_eq!(
        asked.headers["authorization"],
        format!("Bearer {ACCESS_TOKEN}")
    );
}

#[tokio::test]
async fn userinfo_of_another_person_ends_the_login() {
    let world = world().await;
    for other in [json!({"sub": "bob"}), json!({"sub": 1})] {
        says(&world, &other);
        let refused = world.log_in(|_| {}).await;
        assert_eq!(refused.err(), Some(RpError::Subject));
        says_signed(&world, &other);
        let refused = world.log_in(|_| {}).await;
        assert_eq!(refused.err(), Some(RpError::Subject));
    }
}

#[tokio::test]
async fn c6_userinfo_that_can_not_be_read_is_left_out() {
    let world = world().await;
    for (status, body) in [
        (200, "<html>"),
        (200, "[]"),
        (200, r#"{"name": "Mallory"}"#),
        (200, r#"{"sub": null, "name": "Mallory"}"#),
        (403, r#"{"error": "insufficient_scope"}"#),
    ] {
        let answer = Scripted::new(status, "application/json", body);
        world.provider.says("/userinfo", answer);
        let identity = world.log_in(|_| {}).await.unwrap().identity;
        assert_eq!(identity.text("name"), Some("Alice"), "{body}");
    }
}

#[tokio::test]
async fn a_signed_answer_is_verified() {
    let world = world().await;
    let good =
        json!({"iss": world.provider.url, "aud": "app", "sub": "alice", "email": "a@example.test"});
    says_signed(&world, &good);
    let identity = world.log_in(|_| {}).await.unwrap().identity;
    assert_eq!(identity.text("email"), Some("a@example.test"));
    let mut foreign = good.clone();
    foreign["aud"] = json!("other");
    says_signed(&world, &foreign);
    let refused = world.log_in(|_| {}).await.err();
    assert_eq!(refused, Some(RpError::Userinfo(UserinfoError::Parties)));
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.";
    let answer = Scripted::new(200, "application/jwt", unsigned);
    world.provider.says("/userinfo", answer);
    let refused = world.log_in(|_| {}).await.err();
    assert!(matches!(refused, Some(RpError::Userinfo(_))), "{refused:?}");
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_from_an_outage() {
    let world = world().await;
    let token = Secret::new(ACCESS_TOKEN.to_owned());
    let large = json!({"sub": "alice", "x": "x".repeat(65 * 1024)}).to_string();
    for (status, body) in [
        (401, String::new()),
        (200, "[]".to_owned()),
        (200, "<html>".to_owned()),
        (200, large),
    ] {
        let answer = Scripted::new(status, "application/json", body);
        world.provider.says("/userinfo", answer);
        let error = world.party.userinfo(&token, "alice").await.unwrap_err();
        assert!(matches!(error, RpError::Answer(_)), "{error:?}");
    }
    let down = Scripted::new(503, "text/html", "");
    world.provider.says("/userinfo", down);
    let error = world.party.userinfo(&token, "alice").await.unwrap_err();
    assert!(matches!(error, RpError::Unavailable(_)), "{error:?}");
}
