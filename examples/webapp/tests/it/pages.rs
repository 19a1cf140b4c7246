use cardea_client::rp::ClientConfig;
use cardea_webapp::{Config, router};
use http::{Request, StatusCode};

use crate::visitor::{ORIGIN, Visitor};

/// A provider that does not answer.
fn config() -> Config {
    let login = ClientConfig::cardea(
        "http://127.0.0.1:9",
        "webapp",
        &format!("{ORIGIN}/callback"),
    );
    Config {
        origin: ORIGIN.to_owned(),
        login,
        ..Config::default()
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_is_said_in_words_and_to_programs_as_a_problem() {
    let mut visitor = Visitor::new(&config());
    let page = visitor.get("/wp-admin.php").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(
        page.text.contains("There is no page at this address."),
        "{}",
        page.text
    );
    let id = page.headers["x-request-id"].to_str().unwrap().to_owned();
    assert!(
        page.text.contains(&id),
        "the number to ask for: {}",
        page.text
    );
    assert!(!page.text.contains("wp-admin"));

    let request = Request::get("/nowhere").header("accept", "application/json");
    let problem = visitor.send(request, String::new()).await;
    assert_eq!(problem.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_provider_that_is_down_is_no_page_of_errors_of_ours() {
    let mut visitor = Visitor::new(&config());
    assert_eq!(visitor.get("/").await.status, StatusCode::OK);
    let page = visitor.get("/login").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.headers.contains_key("retry-after"));
    assert!(!page.text.contains("127.0.0.1"), "{}", page.text);
}

#[tokio::test]
async fn pages_for_those_who_are_logged_in_lead_to_the_login() {
    let mut visitor = Visitor::new(&config());
    let to = visitor
        .get("/calculator?left=1&operation=add&right=2")
        .await
        .location();
    assert!(to.contains("/login?return_to="), "{to}");
}

#[tokio::test]
async fn developers_facts_are_off_unless_configured_and_for_this_machine_alone() {
    let mut visitor = Visitor::new(&config());
    assert_eq!(visitor.get("/debug").await.status, StatusCode::NOT_FOUND);
    let on = Config {
        debug: true,
        ..config()
    };
    let page = Visitor::new(&on).get("/debug").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("http://127.0.0.1:9"));
    let page = Visitor::new(&on).at([203, 0, 113, 7]).get("/debug").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    let forwarded = Request::get("/debug").header("x-forwarded-for", "127.0.0.1");
    let page = Visitor::new(&on).send(forwarded, String::new()).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_is_inline_and_nothing_from_elsewhere() {
    let notice = Some("TEST <b>".to_owned());
    let mut visitor = Visitor::new(&Config { notice, ..config() });
    let page = visitor.get("/").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';"),
        "{policy}"
    );
    assert!(page.text.contains("TEST &#60;b&#62;"), "{}", page.text);
    assert!(!page.text.contains("<script") && !page.text.contains("style="));
    assert_eq!(visitor.get("/style.css").await.status, StatusCode::OK);
}

#[test]
fn what_is_no_configuration_does_not_start() {
    let wrong = [
        Config {
            path: "app".to_owned(),
            ..config()
        },
        Config {
            origin: "http://app.example.com".to_owned(),
            ..config()
        },
        Config {
            login: ClientConfig::default(),
            ..config()
        },
    ];
    for config in wrong {
        assert!(router(&config).is_err());
    }
}
