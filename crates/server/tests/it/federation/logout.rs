use cardea_testkit::Browser;
use cardea_web::clock::Clock as _;
use serde_json::{Value, json};

use super::stage::{KEY, Stage, is_signed_in, request};

async fn logs_out(stage: &Stage, claims: &Value) -> u16 {
    let jwt = KEY
        .sign("logout+jwt", claims.to_string().as_bytes())
        .unwrap();
    let call = stage.server.post("/federation/up/backchannel_logout");
    call.form(&[("logout_token", &jwt)])
        .send()
        .await
        .status
        .as_u16()
}

fn token(stage: &Stage, jti: &str, more: Value) -> Value {
    let now = stage.server.clock.now().as_second();
    let mut claims = json!({
        "iss": stage.issuer, "aud": "cardea", "iat": now, "exp": now + 120, "jti": jti,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    let Value::Object(more) = more else {
        panic!("no object")
    };
    for (name, value) in more {
        claims[name] = value;
    }
    claims
}

async fn is_in(browser: &mut Browser<'_>, stage: &Stage) -> bool {
    let page = browser.open(&request().url(&stage.server)).await;
    !page.path().ends_with("/login")
}

#[tokio::test]
async fn a_logout_at_the_upstream_ends_the_session_here_once() {
    let stage = Stage::new().await;
    let (mut one, mut two) = (Browser::new(&stage.server), Browser::new(&stage.server));
    for (browser, sid) in [(&mut one, "s1"), (&mut two, "s2")] {
        let page = stage
            .sign_in(browser, "42", json!({"name": "Dana", "sid": sid}))
            .await;
        assert!(is_signed_in(&page, "Dana"), "{}", page.text());
    }
    let of_one = token(&stage, "j1", json!({"sid": "s1"}));
    assert_eq!(logs_out(&stage, &of_one).await, 200);
    assert!(!is_in(&mut one, &stage).await);
    assert!(is_in(&mut two, &stage).await);
    assert_eq!(logs_out(&stage, &of_one).await, 400, "a replay");
    for bad in [
        token(
            &stage,
            "j2",
            json!({"sid": "s2", "iss": "https://evil.example"}),
        ),
        token(&stage, "j3", json!({"sid": "s2", "aud": "other"})),
        token(&stage, "j4", json!({"sid": "s2", "nonce": "n"})),
        token(&stage, "j5", json!({"sid": "s2", "exp": 1})),
        token(&stage, "j6", json!({"sid": "s2", "events": {}})),
        token(&stage, "j7", json!({})),
    ] {
        assert_eq!(logs_out(&stage, &bad).await, 400, "{bad}");
    }
    assert!(is_in(&mut two, &stage).await);
    let of_all = token(&stage, "j8", json!({"sub": "42"}));
    assert_eq!(logs_out(&stage, &of_all).await, 200);
    assert!(!is_in(&mut two, &stage).await);
}

#[tokio::test]
async fn a_logout_request_without_a_token_or_upstream_is_refused() {
    let stage = Stage::new().await;
    let post = |path: &str| stage.server.post(path);
    let answer = post("/federation/up/backchannel_logout").form(&[("x", "y")]);
    assert_eq!(answer.send().await.status, 400);
    let answer = post("/federation/other/backchannel_logout").form(&[("logout_token", "x")]);
    assert_eq!(answer.send().await.status, 404);
}

#[tokio::test]
async fn a_logout_here_is_one_at_the_upstream_where_it_is_configured() {
    let stage = Stage::with(|up| up.logout = true).await;
    let mut browser = Browser::new(&stage.server);
    stage
        .sign_in(&mut browser, "42", json!({"name": "Dana"}))
        .await;
    let page = browser.open(&stage.server.url("/end_session")).await;
    let there = browser.submit(&page, page.form(), &[]).await;
    let sent = super::stage::Sent::of(&there);
    let location = there.answer.header("location").unwrap();
    assert!(
        location.starts_with(&format!("{}/end_session?", stage.up.url)),
        "{location}"
    );
    assert_eq!(sent.one("client_id"), "cardea");
    let back = sent.one("post_logout_redirect_uri");
    assert_eq!(back, "https://id.example.test/end_session/done");
    assert!(!is_in(&mut browser, &stage).await);
    let done = browser
        .open(&format!("{back}?state={}", sent.one("state")))
        .await;
    assert_eq!(done.status(), 200);
    let forged = browser.open(&format!("{back}?state=v1.AAAA")).await;
    assert_eq!(
        (forged.status(), forged.answer.header("location")),
        (200, None)
    );

    // Of a session that began here nothing is said there.
    let mut other = Browser::new(&stage.server);
    let page = other.open(&stage.server.url("/login")).await;
    let form = page
        .forms()
        .into_iter()
        .find(|form| form.action.ends_with("/login"));
    let alice = cardea_testkit::Person::ALICE;
    let fill = [("username", alice.username), ("password", alice.password)];
    other.submit(&page, form.unwrap(), &fill).await;
    let page = other.open(&stage.server.url("/end_session")).await;
    let done = other.submit(&page, page.form(), &[]).await;
    assert_eq!((done.status(), done.answer.header("location")), (200, None));
}

#[tokio::test]
async fn the_sign_out_of_the_account_leads_to_the_upstream_where_it_is_configured() {
    for configured in [true, false] {
        let stage = Stage::with(|up| up.logout = configured).await;
        let mut browser = Browser::new(&stage.server);
        stage
            .sign_in(&mut browser, "42", json!({"name": "Dana"}))
            .await;
        let page = browser.open(&stage.server.url("/account/profile")).await;
        let mut forms = page.forms().into_iter();
        let form = forms.find(|form| form.value("action") == "log_out");
        let done = browser.submit(&page, form.unwrap(), &[]).await;
        assert_eq!(done.status(), 200, "{}", done.text());
        assert!(!is_in(&mut browser, &stage).await);
        let there = done.answer.header("refresh");
        assert_eq!(there.is_some(), configured);
        let Some(there) = there else { continue };
        let url = there.strip_prefix("0; url=").unwrap();
        assert!(
            url.starts_with(&format!("{}/end_session?", stage.up.url)),
            "{url}"
        );
        assert!(
            done.text().contains("Sign out at"),
            "for who has no refresh: {}",
            done.text()
        );
        let state = url.split_once("state=").unwrap().1;
        let back = browser
            .open(
                &stage
                    .server
                    .url(&format!("/end_session/done?state={state}")),
            )
            .await;
        assert_eq!(back.status(), 200);
    }
}
