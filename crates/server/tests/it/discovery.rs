//! The metadata at both places and the keys, for everybody.

use cardea_jose::{Algorithm, Expected, KeySet};
use cardea_testkit::{
    Browser, ISSUER, Person, TestServer,
    clients::SPA,
    flows::{Authorization, code_for, redeem, tokens},
    jwt,
};
use serde_json::{Value, json};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const JWKS: &str = "/.well-known/jwks.json";

#[tokio::test]
async fn both_places_have_the_same_document_and_everybody_may_read_and_keep_it() {
    let server = TestServer::start().await;
    let openid = server
        .get(OPENID)
        .header("origin", "https://anywhere.example")
        .send()
        .await;
    let oauth = server.get(OAUTH).send().await;
    assert_eq!(openid.body, oauth.body);
    for answer in [openid, oauth] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=900"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[tokio::test]
async fn every_url_is_built_from_the_issuer_and_never_from_the_host_header() {
    let server = TestServer::start().await;
    let call = server.get(OPENID).header("host", "evil.example.test");
    let call = call.header("x-forwarded-host", "evil.example.test");
    let answer = call.send().await;
    assert!(!answer.text().contains("evil"));
    let document = answer.json();
    assert_eq!(document["issuer"], ISSUER);
    for (name, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("userinfo_endpoint", "/userinfo"),
        ("introspection_endpoint", "/introspection"),
        ("revocation_endpoint", "/revocation"),
        ("end_session_endpoint", "/end_session"),
        ("jwks_uri", JWKS),
    ] {
        assert_eq!(document[name], server.url(path), "{name}");
        let status = server.get(path).send().await.status;
        assert_ne!(status, 404, "{name}");
    }
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(
        document["response_modes_supported"],
        json!(["query", "form_post"])
    );
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    let scopes = document["scopes_supported"].as_array().unwrap();
    assert!(scopes.contains(&"openid".into()) && scopes.contains(&"mail:send".into()));
    let page = server
        .get("/account")
        .header("host", "evil.example.test")
        .send()
        .await;
    assert_eq!(page.location(), server.url("/login"));
}

#[tokio::test]
async fn the_keys_verify_what_was_signed_and_have_nothing_private() {
    let server = TestServer::start().await;
    let answer = server.get(JWKS).send().await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/jwk-set+json")
    );
    assert_eq!(answer.header("cache-control"), Some("public, max-age=900"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let keys = answer.json();
    for key in keys["keys"].as_array().unwrap() {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
        assert!(key["kid"].is_string() && key["use"] == "sig", "{key}");
    }
    let keys = KeySet::parse(&answer.body).unwrap();
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    for (name, algorithm, typ) in [
        ("id_token", Algorithm::RS256, "JWT"),
        ("access_token", Algorithm::ES256, "at+jwt"),
    ] {
        let expected = Expected {
            algorithms: &[algorithm],
            typ: &[typ],
        };
        let token = tokens[name].as_str().unwrap();
        assert!(keys.verify(token, &expected).is_ok(), "{name}");
        assert!(
            keys.find(jwt::header(token)["kid"].as_str().unwrap())
                .is_some()
        );
    }
}

#[tokio::test]
async fn head_gives_the_headers_alone() {
    let server = TestServer::start().await;
    for path in [OPENID, OAUTH, JWKS, "/health/live"] {
        let get = server.get(path).send().await;
        let head = server.call("HEAD", path).send().await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(
            head.header("content-length"),
            get.header("content-length"),
            "{path}"
        );
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let server = TestServer::start().await;
    for path in [OPENID, OAUTH, JWKS] {
        for method in ["POST", "PUT", "DELETE"] {
            let answer = server.call(method, path).send().await;
            assert_eq!(answer.status, 405);
            assert!(answer.header("allow").unwrap().starts_with("GET,HEAD"));
        }
    }
}

#[tokio::test]
async fn an_issuer_with_a_path_answers_at_all_its_places() {
    let issuer = "https://host.example.test/auth";
    let server = TestServer::builder().issuer(issuer).start().await;
    let at = async |url: &str| server.get(url).send().await;
    let document = at(OPENID).await;
    let rfc8414 = "https://host.example.test/.well-known/oauth-authorization-server/auth";
    assert_eq!(at(rfc8414).await.body, document.body);
    assert_eq!(at(OAUTH).await.body, document.body);
    assert_eq!(document.json()["issuer"], issuer);
    assert_eq!(document.json()["token_endpoint"], format!("{issuer}/token"));
    for outside in [
        "/",
        "/login",
        "/authorize",
        "/.well-known/openid-configuration",
        "/authx",
    ] {
        let answer = at(&format!("https://host.example.test{outside}")).await;
        assert_eq!(answer.status, 404, "{outside}");
    }
}

#[tokio::test]
async fn a_whole_login_works_under_a_path() {
    let issuer = "https://host.example.test/auth";
    let server = TestServer::builder().issuer(issuer).start().await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&Authorization::of(SPA).url(&server)).await;
    assert_eq!(
        (login.path(), login.form().action.as_str()),
        ("/auth/login", "/auth/login")
    );
    assert!(login.text().contains("href=\"/auth/assets/"));
    let code = code_for(&mut browser, &Authorization::of(SPA), Person::ALICE).await;
    let tokens = redeem(&server, SPA, &code).await.granted();
    let claims: Value = jwt::claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["iss"], issuer);
    let access = tokens["access_token"].as_str().unwrap();
    server
        .get("/userinfo")
        .bearer(access)
        .send()
        .await
        .granted();
    let account = browser.open(&server.url("/account")).await;
    assert_eq!((account.status(), account.path()), (200, "/auth/account"));
    assert!(
        account
            .forms()
            .iter()
            .all(|form| form.action.starts_with("/auth/account"))
    );
    let root = browser.open_once(issuer).await;
    assert_eq!(root.answer.location(), format!("{issuer}/account"));
}
