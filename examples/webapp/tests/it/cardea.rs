use cardea_client::{Clock as _, SystemClock, rp::ClientConfig};
use cardea_testkit::{Browser, Person, TestServer, clients, flows};
use cardea_webapp::Config;
use http::StatusCode;

use crate::visitor::{ORIGIN, Visitor};

/// Cardea, listening, with the app as a client.
async fn cardea(path: &str) -> (TestServer, Config) {
    let callback = format!("{ORIGIN}{path}/callback");
    let registered = callback.clone();
    let server = TestServer::builder()
        .client(clients::SPA.id, move |client| {
            client.redirect_uris = vec![registered];
            client.post_logout_redirect_uris = vec![format!("{ORIGIN}/")];
            client.scope = "openid profile email roles".to_owned();
        })
        .listen()
        .await;
    server
        .clock
        .advance(SystemClock.now().duration_since(server.clock.now()));
    let mut login = ClientConfig::cardea(server.issuer(), clients::SPA.id, &callback);
    login.scopes = ["openid", "profile", "email", "roles"]
        .map(str::to_owned)
        .to_vec();
    login.post_logout_redirect_uri = Some(format!("{ORIGIN}/"));
    let config = Config {
        origin: ORIGIN.to_owned(),
        path: path.to_owned(),
        login,
        ..Config::default()
    };
    (server, config)
}

/// Through the provider's pages and back.
async fn log_in(visitor: &mut Visitor, server: &TestServer, page: &str) -> String {
    let url = visitor.begin_login(page).await;
    let mut browser = Browser::new(server);
    let page = browser.open(url.as_str()).await;
    let page = flows::log_in_at(&mut browser, &page, Person::BOB).await;
    let page = flows::decide(&mut browser, &page, "allow").await;
    let back = page.answer.location().replace(ORIGIN, "");
    visitor.get(&back).await.location()
}

#[tokio::test]
async fn a_person_comes_back_to_the_page_that_was_asked_for_and_logs_out() {
    let (server, config) = cardea("").await;
    let mut visitor = Visitor::new(&config);
    let calculation = "/calculator?left=1&operation=add&right=2";
    let back = log_in(&mut visitor, &server, calculation).await;
    assert_eq!(back, format!("{ORIGIN}{calculation}"));
    assert!(visitor.get(calculation).await.text.contains("= 3"));
    let home = visitor.get("/").await;
    assert!(home.text.contains("bob of the tests"), "{}", home.text);
    assert!(home.text.contains("user, admin"), "{}", home.text);

    let nowhere = visitor.get("/nowhere").await;
    assert!(
        nowhere.text.contains("There is no page"),
        "{}",
        nowhere.text
    );
    assert!(nowhere.text.contains("Sign out"), "{}", nowhere.text);

    let forged = visitor.post("/logout", &[("csrf_token", "guess")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let farewell = visitor
        .post("/logout", &[("csrf_token", home.field("csrf_token"))])
        .await;
    assert!(farewell.location().starts_with(&server.url("/end_session")));
    assert!(visitor.get("/").await.text.contains("Sign in"));
}

#[tokio::test]
async fn it_works_under_a_path() {
    let (server, config) = cardea("/app").await;
    let mut visitor = Visitor::new(&config);
    let back = log_in(&mut visitor, &server, "/app/calculator").await;
    assert_eq!(back, format!("{ORIGIN}/app/calculator"));
    let home = visitor.get("/app/").await;
    assert!(
        home.text.contains("action=\"/app/logout\""),
        "{}",
        home.text
    );
    assert_eq!(visitor.get("/app").await.location(), "/app/");
    assert_eq!(visitor.get("/").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn tokens_are_on_no_page() {
    let (server, config) = cardea("").await;
    let mut visitor = Visitor::new(&Config {
        debug: true,
        ..config
    });
    log_in(&mut visitor, &server, "/calculator").await;
    let debug = visitor.get("/debug").await;
    assert!(debug.text.contains("preferred_username"), "{}", debug.text);
    for path in ["/", "/calculator", "/debug", "/user"] {
        let page = visitor.get(path).await;
        assert_eq!(page.status, StatusCode::OK);
        // The beginning of every JWT.
        assert!(
            !page.text.contains("eyJ") && !format!("{:?}", page.headers).contains("eyJ"),
            "{path}"
        );
    }
}
