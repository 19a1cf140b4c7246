//! Twenty at once.

use std::future::Future;

use cardea_store::Page;
use cardea_testkit::{
    Answer, Browser, ISSUER, Person, TestClient, TestServer,
    clients::{SPA, STRICT, WEB},
    flows::{Authorization, code_for, is_active, redemption, refresh, tokens},
    jwt,
};
use serde_json::Value;
use tokio::task::JoinSet;

async fn twenty<F>(one: impl Fn() -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut all = JoinSet::new();
    for _ in 0..20 {
        all.spawn(one());
    }
    all.join_all().await
}

fn won(answers: &[Answer]) -> Vec<Value> {
    let won = answers.iter().filter(|a| a.status == 200);
    won.map(Answer::granted).collect()
}

async fn refreshed(server: &TestServer, client: TestClient) -> Vec<Answer> {
    let mut browser = Browser::new(server);
    let tokens = tokens(&mut browser, client, (Person::ALICE, "openid")).await;
    let token = tokens["refresh_token"].as_str().unwrap().to_owned();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
    ];
    twenty(|| server.post("/token").form(&fields).client(client).send()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_redemptions_one_succeeds_and_its_tokens_are_dead_afterwards() {
    let server = TestServer::start().await;
    for client in [SPA, WEB] {
        let mut browser = Browser::new(&server);
        let code = code_for(&mut browser, &Authorization::of(client), Person::ALICE).await;
        let fields = redemption(client, &code);
        let answers = twenty(|| server.post("/token").form(&fields).client(client).send()).await;
        let winners = won(&answers);
        assert_eq!(winners.len(), 1);
        for loser in answers.iter().filter(|a| a.status != 200) {
            loser.refused(400, "invalid_grant");
        }
        let access = winners[0]["access_token"].as_str().unwrap();
        let userinfo = server.get("/userinfo").bearer(access).send().await;
        userinfo.refused(401, "invalid_token");
        let next = refresh(
            &server,
            client,
            winners[0]["refresh_token"].as_str().unwrap(),
        )
        .await;
        next.refused(400, "invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_refreshes_get_one_successor_and_make_one_rotation() {
    let server = TestServer::start().await;
    for client in [SPA, WEB] {
        let winners = won(&refreshed(&server, client).await);
        assert_eq!(winners.len(), 20);
        let successor = winners[0]["refresh_token"].as_str().unwrap();
        assert!(winners.iter().all(|w| w["refresh_token"] == successor));
        let alice = server.subject(Person::ALICE).await;
        let now = cardea_web::clock::Clock::now(&*server.clock);
        let grants = server
            .store
            .grants_of(&alice, Page::first(100), now)
            .await
            .unwrap();
        let grant = grants
            .items
            .iter()
            .find(|g| g.grant.client_id.as_str() == client.id);
        assert_eq!(grant.unwrap().grant.refresh.as_ref().unwrap().generation, 1);
        refresh(&server, client, successor).await.granted();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_strict_refreshes_one_is_answered_and_the_grant_is_dead() {
    let server = TestServer::start().await;
    let answers = refreshed(&server, STRICT).await;
    let winners = won(&answers);
    assert_eq!(winners.len(), 1);
    for loser in answers.iter().filter(|a| a.status != 200) {
        loser.refused(400, "invalid_grant");
    }
    let successor = winners[0]["refresh_token"].as_str().unwrap();
    refresh(&server, STRICT, successor)
        .await
        .refused(400, "invalid_grant");
    let access = winners[0]["access_token"].as_str().unwrap();
    let userinfo = server.get("/userinfo").bearer(access).send().await;
    userinfo.refused(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_uses_of_one_assertion_one_is_let_in() {
    let server = TestServer::start().await;
    let assertion = jwt::assertion("signed", ISSUER);
    let ask = || {
        let call = server.post("/introspection").form(&[("token", "x")]);
        call.assertion(&assertion).send()
    };
    let answers = twenty(ask).await;
    assert_eq!(won(&answers).len(), 1);
    for loser in answers.iter().filter(|a| a.status != 200) {
        loser.refused(401, "invalid_client");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revocation_among_refreshes_leaves_nothing_alive() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, WEB, (Person::ALICE, "openid offline_access")).await;
    let token = first["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let mut all = JoinSet::new();
    for at in 0..20 {
        let call = if at == 10 {
            server.post("/revocation").form(&[("token", token)])
        } else {
            server.post("/token").form(&fields)
        };
        all.spawn(call.client(WEB).send());
    }
    for answer in all.join_all().await {
        if answer.status == 200 && !answer.body.is_empty() {
            let access = answer.json()["access_token"].as_str().unwrap().to_owned();
            assert!(!is_active(&server, WEB, &access).await);
        }
    }
    refresh(&server, WEB, token)
        .await
        .refused(400, "invalid_grant");
}
