use cardea_testkit::{
    Answer, Browser, Person, TestServer,
    clients::{EXCUSED, OTHER_SPA, SPA, STRICT, WEB},
    flows::{refresh, tokens},
    jwt,
};
use jiff::SignedDuration;
use serde_json::Value;

fn token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
}

async fn narrowed(server: &TestServer, tokens: &Value, scope: &str) -> Answer {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token(tokens)),
        ("scope", scope),
    ];
    server.post("/token").form(&fields).client(WEB).send().await
}

async fn log_out(browser: &mut Browser<'_>) {
    let account = browser.open(&browser.server().url("/account")).await;
    let form = account.forms().remove(0);
    let page = browser
        .submit(&account, form, &[("action", "log_out")])
        .await;
    assert_eq!(page.heading(), "You are signed out");
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_for_the_same_login() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, SPA, (Person::ALICE, "openid orders:read")).await;
    server.advance(SignedDuration::from_mins(10));
    let answer = refresh(&server, SPA, token(&first)).await;
    let second = answer.granted();
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let members: Vec<_> = second.as_object().unwrap().keys().collect();
    let expected = [
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "id_token",
        "scope",
    ];
    assert_eq!(members, expected);
    assert_ne!(token(&first), token(&second));
    assert_eq!(second["scope"], "openid orders:read");
    let [one, two] = [&first, &second].map(|t| jwt::claims(t["id_token"].as_str().unwrap()));
    for same in ["iss", "sub", "aud", "auth_time", "sid", "acr", "amr"] {
        assert_eq!(one[same], two[same], "{same}");
    }
    // OpenID Core §12.2
    assert!(two.get("nonce").is_none());
    assert_eq!(
        two["iat"].as_i64().unwrap() - one["iat"].as_i64().unwrap(),
        600
    );
    let [one, two] = [&first, &second].map(|t| jwt::claims(t["access_token"].as_str().unwrap()));
    assert_ne!(one["jti"], two["jti"]);
    refresh(&server, SPA, token(&second)).await.granted();
}

#[tokio::test]
async fn a_refresh_may_narrow_the_scope_and_never_widens_it() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, WEB, (Person::ALICE, "openid orders:read")).await;
    for wider in [
        "openid orders:read orders:write",
        "orders:write",
        "offline_access",
    ] {
        narrowed(&server, &first, wider)
            .await
            .refused(400, "invalid_scope");
    }
    let narrow = narrowed(&server, &first, "orders:read").await.granted();
    assert_eq!(narrow["scope"], "orders:read");
    assert!(narrow.get("id_token").is_none());
    let whole = refresh(&server, WEB, token(&narrow)).await.granted();
    assert_eq!(whole["scope"], "openid orders:read", "the grant keeps all");
}

#[tokio::test]
async fn forged_refresh_tokens_are_all_the_same_answer_and_change_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let real = token(&first);
    let mut bodies = Vec::new();
    let last = if real.ends_with('A') { "B" } else { "A" };
    let long = "A".repeat(5000);
    let access = first["access_token"].as_str().unwrap();
    let mut flipped = real.to_owned();
    flipped.replace_range(30..31, if &real[30..31] == "x" { "y" } else { "x" });
    for forged in [
        "x",
        &real[..real.len() - 1],
        &format!("{}{last}", &real[..real.len() - 1]),
        &flipped,
        &long,
        access,
    ] {
        let answer = refresh(&server, SPA, forged).await;
        answer.refused(400, "invalid_grant");
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    let empty = refresh(&server, SPA, "").await;
    empty.refused(400, "invalid_request");
    refresh(&server, SPA, real).await.granted();
}

#[tokio::test]
async fn a_refresh_token_at_another_client_is_theft() {
    let server = TestServer::start().await;
    // The last one may not even refresh: theft is looked for before a request is weighed.
    for thief in [OTHER_SPA, WEB, EXCUSED] {
        let mut browser = Browser::new(&server);
        let tokens = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
        let stolen = refresh(&server, thief, token(&tokens)).await;
        stolen.refused(400, "invalid_grant");
        refresh(&server, SPA, token(&tokens))
            .await
            .refused(400, "invalid_grant");
    }
}

#[tokio::test]
async fn theft_is_seen_though_the_thief_asks_for_too_much() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    let second = refresh(&server, WEB, token(&first)).await.granted();
    let third = refresh(&server, WEB, token(&second)).await.granted();
    narrowed(&server, &first, "orders:write")
        .await
        .refused(400, "invalid_grant");
    refresh(&server, WEB, token(&third))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn what_can_not_be_met_rotates_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, STRICT, (Person::ALICE, "openid")).await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token(&first)),
        ("scope", "orders:write"),
    ];
    for _ in 0..2 {
        let answer = server
            .post("/token")
            .form(&fields)
            .client(STRICT)
            .send()
            .await;
        answer.refused(400, "invalid_scope");
    }
    refresh(&server, STRICT, token(&first)).await.granted();
}

#[tokio::test]
async fn without_offline_access_a_refresh_token_dies_with_the_session() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let online = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let offline = tokens(&mut browser, WEB, (Person::ALICE, "openid offline_access")).await;
    log_out(&mut browser).await;
    refresh(&server, SPA, token(&online))
        .await
        .refused(400, "invalid_grant");
    let next = refresh(&server, WEB, token(&offline)).await.granted();
    let claims = jwt::claims(next["id_token"].as_str().unwrap());
    assert!(claims.get("sid").is_none(), "the session is over: {claims}");
    let access = online["access_token"].as_str().unwrap();
    let userinfo = server.get("/userinfo").bearer(access).send().await;
    userinfo.refused(401, "invalid_token");
    let access = offline["access_token"].as_str().unwrap();
    server
        .get("/userinfo")
        .bearer(access)
        .send()
        .await
        .granted();
}

#[tokio::test]
async fn a_refresh_keeps_the_session_awake_but_not_beyond_its_age() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let mut current = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    for _ in 0..16 {
        server.advance(SignedDuration::from_mins(29));
        current = refresh(&server, SPA, token(&current)).await.granted();
    }
    assert_eq!(
        browser.open(&server.url("/account")).await.path(),
        "/account"
    );
    server.advance(SignedDuration::from_mins(16));
    refresh(&server, SPA, token(&current))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn c5_an_idle_session_takes_its_refresh_tokens_along() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let current = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    server.advance(SignedDuration::from_mins(30));
    refresh(&server, SPA, token(&current))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn offline_access_ends_thirty_days_after_the_last_use_and_ninety_after_the_login() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let mut current = tokens(&mut browser, WEB, (Person::ALICE, "openid offline_access")).await;
    let idle = tokens(&mut browser, SPA, (Person::ALICE, "openid offline_access")).await;
    for _ in 0..3 {
        server.advance(days(29));
        current = refresh(&server, WEB, token(&current)).await.granted();
    }
    refresh(&server, SPA, token(&idle))
        .await
        .refused(400, "invalid_grant");
    server.advance(days(3));
    refresh(&server, WEB, token(&current))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_disabled_person_has_no_living_token() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let offline = tokens(&mut browser, SPA, (Person::ALICE, "openid offline_access")).await;
    server.disable_user(Person::ALICE).await;
    refresh(&server, SPA, token(&offline))
        .await
        .refused(400, "invalid_grant");
    let access = offline["access_token"].as_str().unwrap();
    let userinfo = server.get("/userinfo").bearer(access).send().await;
    userinfo.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_clock_that_goes_back_gives_no_panic_and_no_second_life() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, SPA, (Person::ALICE, "openid offline_access")).await;
    server.advance(SignedDuration::from_hours(-1));
    let second = refresh(&server, SPA, token(&first)).await.granted();
    refresh(&server, SPA, token(&second)).await.granted();
    refresh(&server, SPA, token(&first))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn an_access_token_does_not_outlive_its_grant() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let scope = (Person::ALICE, "openid offline_access");
    let mut current = tokens(&mut browser, WEB, scope).await;
    for _ in 0..3 {
        server.advance(SignedDuration::from_hours(24 * 29));
        current = refresh(&server, WEB, token(&current)).await.granted();
        assert_eq!(current["expires_in"], 900);
    }
    server.advance(SignedDuration::from_mins(60 * 24 * 3 - 5));
    let last = refresh(&server, WEB, token(&current)).await.granted();
    assert_eq!(last["expires_in"], 300);
    let claims = jwt::claims(last["access_token"].as_str().unwrap());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        300
    );
}
