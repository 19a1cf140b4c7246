//! Requests that change the same client or user at the same time: no change is lost, and nothing that was removed comes back.

use http::StatusCode;
use serde_json::{Value, json};

use super::tests::{Stage, stage};

const ROUNDS: usize = 15;
const JSON: &str = "application/json";

async fn add(stage: &Stage, path: &str, body: Value) -> Value {
    let (status, answer) = stage.post(path, JSON, body.to_string()).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer
}

async fn patch(stage: &Stage, path: &str, body: Value) -> Value {
    let (status, answer) = stage.patch(path, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

/// Sends all of them at once, from as many tasks.
async fn patch_at_once(stage: &Stage, path: &'static str, bodies: Vec<Value>) {
    let send = |body| {
        let stage = stage.clone();
        tokio::spawn(async move { patch(&stage, path, body).await })
    };
    let sent: Vec<_> = bodies.into_iter().map(send).collect();
    for task in sent {
        task.await.unwrap();
    }
}

async fn get(stage: &Stage, path: &str) -> Value {
    let (status, answer) = stage.get(path).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

async fn is_secret(stage: &Stage, secret: &str) -> bool {
    let body = format!("client_id=rs&client_secret={secret}&grant_type=client_credentials");
    let answer = stage.form_of("/token", body).await;
    answer.get("access_token").is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rotated_secret_does_not_come_back_with_a_change_made_at_the_same_time() {
    let stage = stage().await;
    let client = json!({
        "client_id": "rs",
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["client_credentials"],
    });
    let added = add(&stage, "/clients", client).await;
    let mut secret = added["client_secret"].as_str().unwrap().to_owned();
    for round in 0..ROUNDS {
        let rotate = stage.clone();
        let rotate =
            tokio::spawn(
                async move { rotate.post("/clients/rs/secret", JSON, String::new()).await },
            );
        let names = (0..4).map(|i| json!({ "client_name": format!("n{round}.{i}") }));
        patch_at_once(&stage, "/clients/rs", names.collect()).await;
        let (status, rotated) = rotate.await.unwrap();
        assert_eq!(status, StatusCode::OK, "{rotated}");
        let new = rotated["client_secret"].as_str().unwrap().to_owned();
        assert!(!is_secret(&stage, &secret).await, "round {round}");
        assert!(is_secret(&stage, &new).await, "round {round}");
        secret = new;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_parallel_rotations_of_a_secret_one_is_left() {
    let stage = stage().await;
    let client = json!({
        "client_id": "rs",
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["client_credentials"],
    });
    add(&stage, "/clients", client).await;
    let rotate = |_| {
        let stage = stage.clone();
        tokio::spawn(async move { stage.post("/clients/rs/secret", JSON, String::new()).await })
    };
    let sent: Vec<_> = (0..8).map(rotate).collect();
    let mut secrets = Vec::new();
    for task in sent {
        let (status, rotated) = task.await.unwrap();
        assert_eq!(status, StatusCode::OK, "{rotated}");
        secrets.push(rotated["client_secret"].as_str().unwrap().to_owned());
    }
    let mut accepted = 0;
    for secret in secrets {
        accepted += usize::from(is_secret(&stage, &secret).await);
    }
    assert_eq!(accepted, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_removed_redirect_uri_does_not_come_back_with_a_change_made_at_the_same_time() {
    let stage = stage().await;
    let (kept, removed) = ("https://rc.example/cb", "https://old.example/cb");
    let client = json!({
        "client_id": "rc",
        "token_endpoint_auth_method": "none",
        "redirect_uris": [kept],
    });
    add(&stage, "/clients", client).await;
    for round in 0..ROUNDS {
        let both = json!({ "redirect_uris": [kept, removed] });
        patch(&stage, "/clients/rc", both).await;
        let name = format!("n{round}");
        let changes = vec![
            json!({ "redirect_uris": [kept] }),
            json!({ "client_name": name }),
            json!({ "require_nonce": round % 2 == 0 }),
        ];
        patch_at_once(&stage, "/clients/rc", changes).await;
        let client = get(&stage, "/clients/rc").await;
        assert_eq!(client["redirect_uris"], json!([kept]), "round {round}");
        assert_eq!(client["client_name"], name, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_16_roles_that_are_added_at_the_same_time_all_are_kept() {
    let stage = stage().await;
    add(&stage, "/users", json!({ "username": "race" })).await;
    let adds = (0..16).map(|i| json!({ "add_roles": [format!("r{i}")] }));
    patch_at_once(&stage, "/users/race", adds.collect()).await;
    let user = get(&stage, "/users/race").await;
    assert_eq!(user["roles"].as_array().unwrap().len(), 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_removed_role_does_not_come_back_with_a_change_made_at_the_same_time() {
    let stage = stage().await;
    add(&stage, "/users", json!({ "username": "race" })).await;
    for round in 0..ROUNDS {
        patch(&stage, "/users/race", json!({ "roles": ["admin"] })).await;
        let changes = vec![
            json!({ "remove_roles": ["admin"] }),
            json!({ "add_roles": ["viewer"] }),
            json!({ "claims": { "quota": round } }),
        ];
        patch_at_once(&stage, "/users/race", changes).await;
        let user = get(&stage, "/users/race").await;
        assert_eq!(user["roles"], json!(["viewer"]), "round {round}");
        assert_eq!(user["claims"]["quota"], round);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_changed_address_does_not_come_back_with_its_verification_at_the_same_time() {
    let stage = stage().await;
    let (old, new) = ("old@x.example", "new@x.example");
    add(
        &stage,
        "/users",
        json!({ "username": "race", "email": old }),
    )
    .await;
    for round in 0..ROUNDS {
        patch(&stage, "/users/race", json!({ "email": old })).await;
        let changes = vec![json!({ "email": new }), json!({ "email_verified": true })];
        patch_at_once(&stage, "/users/race", changes).await;
        let user = get(&stage, "/users/race").await;
        assert_eq!(user["email"], new, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claims_added_at_the_same_time_or_one_after_another_stay_within_their_bounds() {
    let stage = stage().await;
    add(&stage, "/users", json!({ "username": "race" })).await;
    let many = |from: usize, length: usize| {
        let claims = (from..from + 30).map(|i| (format!("c{i}"), json!("v".repeat(length))));
        json!({ "claims": claims.collect::<serde_json::Map<_, _>>() })
    };
    let send = |k: usize| {
        let stage = stage.clone();
        tokio::spawn(async move {
            stage
                .patch("/users/race", many(k * 30, 20))
                .await
                .0
                .as_u16()
        })
    };
    let sent: Vec<_> = (0..8).map(send).collect();
    let mut taken = 0;
    for task in sent {
        let status = task.await.unwrap();
        assert!(matches!(status, 200 | 400), "{status}");
        taken += usize::from(status == 200);
    }
    assert_eq!(taken, 2, "60 of 64 claims");
    let claims = async || {
        let user = get(&stage, "/users/race").await;
        user["claims"].as_object().unwrap().clone()
    };
    assert_eq!(claims().await.len(), 60);

    let all: serde_json::Map<_, _> = claims()
        .await
        .into_iter()
        .map(|(k, _)| (k, Value::Null))
        .collect();
    patch(&stage, "/users/race", json!({ "claims": all })).await;
    patch(&stage, "/users/race", many(0, 500)).await;
    let (status, problem) = stage.patch("/users/race", many(30, 500)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("16384 bytes together with those that the user has"),
        "{detail}"
    );
    assert_eq!(claims().await.len(), 30);
    let one = json!({ "claims": { "c0": null, "c1": "short" } });
    patch(&stage, "/users/race", one).await;
    assert_eq!(claims().await.len(), 29);
}
