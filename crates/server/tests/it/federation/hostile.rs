//! An upstream that lies, or whose network does.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use cardea_jose::{Algorithm, SigningKey};
use cardea_testkit::{Browser, Person, Scripted};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::stage::{KEY, Sent, Stage, button, has_no_session, is_signed_in, request};

const FAILED: &str = "The sign-in did not work";

/// The token endpoint grants this text as ID token.
fn grants_text(stage: &Stage, id_token: &str) {
    let answer = json!({"access_token": "at", "token_type": "Bearer", "id_token": id_token});
    stage.up.says("/token", Scripted::json(&answer));
}

fn signed(key: &SigningKey, claims: &Value) -> String {
    key.sign("JWT", claims.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn tokens_that_the_upstream_did_not_sign_sign_nobody_in() {
    let stage = Stage::new().await;
    let stranger = SigningKey::generate(Algorithm::ES256).unwrap();
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    for what in [
        "alg none",
        "no signature",
        "another key",
        "half a token",
        "",
    ] {
        let mut browser = Browser::new(&stage.server);
        let sent = stage.press(&mut browser, &request()).await;
        let claims = stage.claims(&sent, "42", json!({"name": "Mallory"}));
        let good = signed(&KEY, &claims);
        let token = match what {
            "alg none" => format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims)),
            "no signature" => format!("{}.", good.rsplit_once('.').unwrap().0),
            "another key" => signed(&stranger, &claims),
            "half a token" => good.rsplit_once('.').unwrap().0.to_owned(),
            _ => String::new(),
        };
        grants_text(&stage, &token);
        let page = browser.open(&stage.back(&sent)).await;
        assert_eq!(page.heading(), FAILED, "{what}");
        assert!(has_no_session(&browser), "{what}");
    }
}

#[tokio::test]
async fn a_new_key_of_the_upstream_is_found() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let page = stage
        .sign_in(&mut browser, "42", json!({"name": "Dana"}))
        .await;
    assert!(is_signed_in(&page, "Dana"), "{}", page.text());
    let new = SigningKey::generate(Algorithm::ES256).unwrap();
    stage.up.publishes("/jwks", &[&new]);
    stage.server.advance(SignedDuration::from_mins(2));
    let mut other = Browser::new(&stage.server);
    let sent = stage.press(&mut other, &request()).await;
    let claims = stage.claims(&sent, "42", json!({}));
    grants_text(&stage, &signed(&new, &claims));
    let page = other.open(&stage.back(&sent)).await;
    assert!(is_signed_in(&page, "Dana"), "{}", page.text());
}

#[tokio::test]
async fn answers_of_10_mb_and_redirects_sign_nobody_in() {
    let stage = Stage::new().await;
    let elsewhere = format!("{}/elsewhere", stage.up.url);
    for (answer, heading) in [
        (
            Scripted::json(
                &json!({"access_token": "at", "token_type": "Bearer", "id_token": "x".repeat(10_000_000)}),
            ),
            "Example ID does not answer",
        ),
        (Scripted::redirect(&elsewhere), "Example ID does not answer"),
    ] {
        let mut browser = Browser::new(&stage.server);
        let sent = stage.press(&mut browser, &request()).await;
        stage.up.says("/token", answer);
        let page = browser.open(&stage.back(&sent)).await;
        assert_eq!((page.status(), page.heading().as_str()), (502, heading));
        assert!(has_no_session(&browser));
    }
    assert!(
        stage.up.asked("/elsewhere").is_empty(),
        "the code goes nowhere else"
    );
}

#[tokio::test]
async fn another_subject_does_not_confirm_a_sensitive_change() {
    let stage = Stage::new().await;
    // Alice has linked one identity; another one is Mallory's.
    let mut mallory = Browser::new(&stage.server);
    let page = stage
        .sign_in(&mut mallory, "13", json!({"name": "Mallory"}))
        .await;
    assert!(is_signed_in(&page, "Mallory"), "{}", page.text());
    let mut alice = Browser::new(&stage.server);
    let page = alice.open(&stage.server.url("/login")).await;
    let mut forms = page.forms().into_iter();
    let form = forms.find(|form| form.action.ends_with("/login")).unwrap();
    let fill = [
        ("username", Person::ALICE.username),
        ("password", Person::ALICE.password),
    ];
    alice.submit(&page, form, &fill).await;
    stage.server.advance(SignedDuration::from_mins(11));
    let links = "/account/security/links";
    let page = alice.open(&stage.server.url(links)).await;
    let mut forms = page.forms().into_iter();
    let has = |form: &cardea_testkit::Form| form.fields.iter().any(|(name, _)| name == "upstream");
    let form = forms.find(has).unwrap();
    let page = alice.submit(&page, form, &[]).await;
    assert!(page.path().ends_with("/login"), "{}", page.text());
    let sent = Sent::of(&alice.submit(&page, button(&page), &[]).await);
    assert_eq!(sent.one("prompt"), "login", "the user must be there");
    stage.grants(&stage.claims(&sent, "13", json!({})));
    let page = alice.open(&stage.back(&sent)).await;
    assert!(
        page.path().ends_with("/login"),
        "{} {}",
        page.url,
        page.text()
    );
    let page = alice.open(&stage.server.url(links)).await;
    assert!(
        page.text().contains("Signed in as <bdi>Alice A</bdi>"),
        "it is her session still: {}",
        page.text()
    );
    let mut forms = page.forms().into_iter();
    let form = forms.find(has).unwrap();
    let page = alice.submit(&page, form, &[]).await;
    assert!(page.path().ends_with("/login"), "{}", page.text());
}

#[tokio::test]
async fn an_upstream_that_becomes_another_issuer_is_not_asked() {
    let stage = Stage::new().await;
    let mut metadata = stage.up.metadata();
    metadata["issuer"] = json!("https://evil.example");
    metadata["authorization_endpoint"] = json!("https://evil.example/authorize");
    stage.up.says_of_itself(&metadata);
    let mut browser = Browser::new(&stage.server);
    let page = stage.pressed(&mut browser, &request()).await;
    assert_eq!(page.status(), 502, "{}", page.text());
    assert!(page.answer.header("location").is_none());
}

#[tokio::test]
async fn a_class_that_the_upstream_did_not_reach_is_not_reported() {
    let mfa = "urn:cardea:acr:mfa";
    for (trusted, acr, reached) in [
        (true, mfa, true),
        (true, "urn:cardea:acr:password", false),
        (false, mfa, false),
    ] {
        let stage = Stage::with(|up| up.trust_mfa = trusted).await;
        let mut browser = Browser::new(&stage.server);
        let asked = request().with("acr_values", mfa);
        let sent = stage.press(&mut browser, &asked).await;
        assert_eq!(sent.one("acr_values"), if trusted { mfa } else { "" });
        stage.grants(&stage.claims(&sent, "42", json!({"acr": acr, "name": "Dana"})));
        let page = browser.open(&stage.back(&sent)).await;
        // Without it, the second factor is this provider's to ask for.
        assert_eq!(
            page.path().ends_with("/second_factor"),
            !reached,
            "{acr} {trusted}: {} {}",
            page.url,
            page.text()
        );
        assert_eq!(is_signed_in(&page, "Dana"), reached, "{acr} {trusted}");
    }
}
