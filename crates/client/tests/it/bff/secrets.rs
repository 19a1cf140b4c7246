//! Tokens stay on the server: never in an answer, never in clear in a file.

use std::sync::Arc;

use cardea_client::session::SqliteStore;
use cardea_testkit::Log;
use http::StatusCode;

use super::world::{SECOND_ACCESS_TOKEN, SECOND_REFRESH_TOKEN, SECRET, Site, site_with};
use crate::rp::world::{ACCESS_TOKEN, CODE, REFRESH_TOKEN};

/// Everything a page can do, and some that it should not.
async fn walk(site: &Site) {
    let mut browser = site.logged_in().await;
    browser.get("/bff/user").await;
    browser.get("/api/orders").await;
    browser.get("/api/missing").await;
    browser.get("/api/../x").await;
    browser.post("/api/orders", &[], "").await;
    for page in [
        "/public", "/account", "/admin", "/report", "/members", "/nowhere",
    ] {
        browser.get(page).await;
    }
    site.passes(580);
    site.renews();
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    assert_eq!(site.refreshes(), 1);
    browser.get("/bff/user").await;
    let mut other = browser.clone();
    let login = site.begin(&mut other, "/").await;
    other
        .get(&format!(
            "/bff/callback?error=access_denied&state={}",
            login["state"]
        ))
        .await;
    other.get("/bff/callback?code=x&state=y").await;
    other.get("/bff/login?return_to=//evil.test").await;
    browser.post("/bff/backchannel-logout", &[], "").await;
    browser.post("/bff/logout", &[("x-csrf", "1")], "").await;
    browser.get("/api/orders").await;
}

fn verifiers(site: &Site) -> Vec<String> {
    let asked = site.world.provider.asked("/token");
    asked
        .iter()
        .filter_map(|one| one.form.get("code_verifier").cloned())
        .collect()
}

async fn in_a_file(folder: &std::path::Path) -> Site {
    let store = SqliteStore::open(&folder.join("sessions.db")).unwrap();
    site_with(Arc::new(store), |_| {}).await
}

#[tokio::test]
async fn no_answer_ever_holds_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let site = in_a_file(folder.path()).await;
    walk(&site).await;
    let transcript = site.transcript.lock().unwrap().clone();
    assert!(transcript.len() > 20, "the walk was walked");
    let mut secrets = verifiers(&site);
    assert_eq!(secrets.len(), 1);
    secrets.extend(
        [
            ACCESS_TOKEN,
            REFRESH_TOKEN,
            SECOND_ACCESS_TOKEN,
            SECOND_REFRESH_TOKEN,
            SECRET,
        ]
        .map(str::to_owned),
    );
    for answer in &transcript {
        for secret in &secrets {
            assert!(!answer.contains(secret), "{secret} in {answer}");
        }
    }
    // The ID token is the hint in the logout address, and nowhere else.
    let with_jwt: Vec<_> = transcript
        .iter()
        // Header and claims; three random letters of a token are no JWT.
        .filter(|answer| answer.contains(".eyJ"))
        .collect();
    assert_eq!(with_jwt.len(), 1, "{with_jwt:?}");
    assert!(with_jwt[0].contains("id_token_hint=eyJ"));
}

#[tokio::test]
async fn no_log_line_holds_a_token_a_cookie_or_a_code() {
    let (log, _guard) = Log::capture();
    let folder = tempfile::tempdir().unwrap();
    let site = in_a_file(folder.path()).await;
    walk(&site).await;
    let log = log.text();
    assert!(log.contains("a login failed"), "the log is there: {log}");
    let mut secrets = verifiers(&site);
    let tokens = [
        ACCESS_TOKEN,
        REFRESH_TOKEN,
        SECOND_ACCESS_TOKEN,
        CODE,
        SECRET,
    ];
    secrets.extend(tokens.map(str::to_owned));
    for answer in site.transcript.lock().unwrap().iter() {
        let values = answer.split("__Host-cardea_app").skip(1);
        let values = values.filter_map(|rest| rest.split(['=', ';']).nth(1));
        secrets.extend(values.filter(|value| !value.is_empty()).map(str::to_owned));
    }
    assert!(secrets.len() > 8, "cookies were set");
    for secret in &secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn no_file_holds_a_token_or_a_name_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let site = in_a_file(folder.path()).await;
    let browser = site.logged_in().await;
    let mut under_way = site.browser();
    let login = site.begin(&mut under_way, "/secret-page").await;
    let mut secrets = verifiers(&site);
    secrets.extend(
        [
            ACCESS_TOKEN,
            REFRESH_TOKEN,
            "alice",
            "Alice",
            "/secret-page",
            "eyJ",
        ]
        .map(str::to_owned),
    );
    secrets.extend([login["state"].clone(), login["nonce"].clone()]);
    secrets.extend(browser.jar.values().cloned());
    let mut bytes = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        bytes += content.len();
        for secret in &secrets {
            let found = content
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
    assert!(bytes > 4096, "there is something in the file");
}
