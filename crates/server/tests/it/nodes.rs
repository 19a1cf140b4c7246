//! Three nodes on one database of PostgreSQL: each request goes to the next one.

use cardea_protocol::model::{AuditEvent, ClientMetadata, GrantType};
use cardea_seal::Secret;
use cardea_store::Node;
use cardea_testkit::{
    Browser, Person, TestServer,
    clients::{SCRIPT, WEB},
    flows::{Authorization, code_for, introspect, redemption, refresh, tokens},
    jwt,
};
use cardea_web::clock::Clock as _;
use jiff::SignedDuration;
use tokio::task::JoinSet;

const NODES: usize = 3;

async fn three_nodes() -> TestServer {
    TestServer::builder().nodes(NODES).start().await
}

#[tokio::test]
async fn a_login_that_starts_on_one_node_ends_on_another() {
    let server = three_nodes().await;
    let mut browser = Browser::new(&server);
    let mut tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    for _ in 0..2 * NODES {
        let access = tokens["access_token"].as_str().unwrap();
        let userinfo = server.get("/userinfo").bearer(access).send().await;
        userinfo.granted();
        assert_eq!(introspect(&server, WEB, access).await["active"], true);
        let token = tokens["refresh_token"].as_str().unwrap();
        tokens = refresh(&server, WEB, token).await.granted();
    }
    assert_eq!(server.audited(AuditEvent::Login).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_redemptions_on_three_nodes_one_succeeds() {
    let server = three_nodes().await;
    let mut browser = Browser::new(&server);
    let code = code_for(&mut browser, &Authorization::of(WEB), Person::ALICE).await;
    let fields = redemption(WEB, &code);
    let mut all = JoinSet::new();
    for _ in 0..20 {
        all.spawn(server.post("/token").form(&fields).client(WEB).send());
    }
    let answers = all.join_all().await;
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_refreshes_of_one_token_on_three_nodes_give_one_successor() {
    let server = three_nodes().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let mut all = JoinSet::new();
    for _ in 0..20 {
        all.spawn(server.post("/token").form(&fields).client(WEB).send());
    }
    let answers = all.join_all().await;
    let successors: Vec<_> = answers
        .iter()
        .map(|answer| answer.granted()["refresh_token"].clone())
        .collect();
    assert!(successors.iter().all(|one| *one == successors[0]));
    let successor = successors[0].as_str().unwrap();
    refresh(&server, WEB, successor).await.granted();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pool_of_one_connection_serves_128_clients() {
    let server = TestServer::builder().connections(1).start().await;
    let mut browser = Browser::new(&server);
    let mut calls = Vec::new();
    for _ in 0..32 {
        let tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let (access, refresh) = (token("access_token"), token("refresh_token"));
        let refreshing = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
        let call = |path: &str| server.post(path).client(WEB);
        calls.extend([
            call("/token").form(&refreshing),
            call("/introspection").form(&[("token", &access)]),
            call("/introspection").form(&[("token", &refresh)]),
            server.get("/userinfo").bearer(&access),
        ]);
    }
    assert_eq!(calls.len(), 128);
    let all: JoinSet<_> = calls.into_iter().map(|call| call.send()).collect();
    for answer in all.join_all().await {
        answer.granted();
    }
}

/// The key that each node signs with, and the documents of those that each node publishes.
async fn keys_of_each_node(server: &TestServer) -> (Vec<String>, Vec<String>) {
    let (mut signers, mut published) = (Vec::new(), Vec::new());
    for _ in 0..NODES {
        let fields = [
            ("grant_type", "client_credentials"),
            ("scope", "orders:read"),
        ];
        let call = server.post("/token").form(&fields).client(SCRIPT);
        let answer = call.send().await.granted();
        let token = answer["access_token"].as_str().unwrap();
        signers.push(jwt::header(token)["kid"].as_str().unwrap().to_owned());
    }
    for _ in 0..NODES {
        let keys = server.get("/.well-known/jwks.json").send().await;
        published.push(keys.text().to_owned());
    }
    (signers, published)
}

#[tokio::test]
async fn a_rotation_on_one_node_is_seen_by_all() {
    let server = three_nodes().await;
    let (before, _) = keys_of_each_node(&server).await;
    server.rotate_keys(true).await;
    server.see_changes().await;
    let (signers, published) = keys_of_each_node(&server).await;
    for (signer, keys) in signers.iter().zip(&published) {
        assert_eq!(*signer, signers[0]);
        assert_ne!(*signer, before[0]);
        assert!(keys.contains(signer) && keys.contains(&before[0]), "{keys}");
    }
}

#[tokio::test]
async fn a_new_key_signs_when_each_living_node_knows_it() {
    let server = three_nodes().await;
    let announce = async |keys: &[String], lives: SignedDuration| {
        let node = Node {
            id: "another".to_owned(),
            keys: keys.to_vec(),
            expires_at: server.clock.now() + lives,
        };
        server.store.announce_node(node).await.unwrap();
    };
    let kids = async || {
        let rows = server.store.keys().await.unwrap();
        rows.into_iter().map(|row| row.kid).collect::<Vec<_>>()
    };
    let signer = async || {
        server.turn_keys().await;
        let (signers, _) = keys_of_each_node(&server).await;
        assert!(signers.iter().all(|signer| *signer == signers[0]));
        signers[0].clone()
    };
    let (first, minute) = (signer().await, SignedDuration::from_mins(1));
    let old = kids().await;
    server.rotate_keys(false).await;
    server.see_changes().await;
    server.advance(30 * minute);
    announce(&old, minute).await;
    assert_eq!(signer().await, first, "it does not know the next key");
    announce(&kids().await, minute).await;
    let second = signer().await;
    assert_ne!(second, first);

    // One that died.
    let old = kids().await;
    server.rotate_keys(false).await;
    server.see_changes().await;
    server.advance(30 * minute);
    announce(&old, minute).await;
    assert_eq!(signer().await, second);
    server.advance(2 * minute);
    assert_ne!(signer().await, second);
}

#[tokio::test]
async fn a_client_that_is_disabled_on_one_node_is_refused_by_all_within_a_second() {
    let server = three_nodes().await;
    let secret = "shop-secret-of-at-least-32-bytes-000";
    server
        .add_client(ClientMetadata {
            client_id: "shop".to_owned(),
            client_secret: Some(Secret::new(secret.to_owned())),
            grant_types: vec![GrantType::ClientCredentials],
            scope: "orders:read".to_owned(),
            ..ClientMetadata::default()
        })
        .await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "orders:read"),
    ];
    let ask = || server.post("/token").form(&fields).basic("shop", secret);
    // Each node has it in memory now.
    for _ in 0..NODES {
        ask().send().await.granted();
    }
    server.disable_client("shop").await;
    for _ in 0..NODES {
        ask().send().await.refused(401, "invalid_client");
    }
}
