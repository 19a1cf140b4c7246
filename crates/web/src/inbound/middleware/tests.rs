use axum::routing::{get, post};
use cardea_testkit::Log;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

async fn panics() -> &'static str {
    panic!("on purpose")
}

async fn hangs() {
    std::future::pending::<()>().await;
}

fn app() -> Router {
    let router = Router::new()
        .route("/id", get(|id: RequestId| async move { id.to_string() }))
        .route(
            "/who",
            get(|who: ClientAddress| async move { who.ip.to_string() }),
        )
        .route("/panic", get(panics))
        .route("/slow", get(hangs))
        .route("/json", post(|_: axum::Json<String>| async { "read" }))
        .route(
            "/problem/{id}",
            get(|| async { Problem::new(StatusCode::NOT_FOUND, "No") }),
        );
    let mut inbound = Inbound::new(true, 42);
    inbound.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    inbound.request_timeout = Duration::from_millis(50);
    inbound.wrap(router)
}

async fn ask(request: http::request::Builder) -> (http::response::Parts, String) {
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = app().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn get_path(path: &str) -> (http::response::Parts, String) {
    ask(Request::builder().uri(path)).await
}

#[tokio::test]
async fn the_id_in_the_header_is_the_one_the_handler_saw() {
    let (parts, body) = get_path("/id").await;
    assert_eq!(parts.headers[HEADER], body);
    assert_eq!(body.len(), 12);
}

#[tokio::test]
async fn the_request_id_of_a_client_is_ignored() {
    let (parts, _) = ask(Request::builder().uri("/id").header(HEADER, "chosen-by-me")).await;
    assert_ne!(parts.headers[HEADER], "chosen-by-me");
}

#[tokio::test]
async fn only_a_trusted_proxy_assigns_the_request_id() {
    for (from, taken) in [("127.0.0.1:1", true), ("203.0.113.5:1", false)] {
        let peer = Peer::Tcp {
            address: from.parse().unwrap(),
            tls: false,
        };
        let request = Request::builder().uri("/id").extension(peer);
        let (parts, _) = ask(request.header(HEADER, "0123456789ab")).await;
        assert_eq!(parts.headers[HEADER] == "0123456789ab", taken, "{from}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_gives_the_client_address() {
    let request = Request::builder()
        .uri("/who")
        .header("x-forwarded-for", "203.0.113.5");
    assert_eq!(ask(request).await.1, "203.0.113.5");
}

#[tokio::test]
async fn a_panic_is_answered_500_with_the_id_and_without_its_text() {
    let (parts, body) = get_path("/panic").await;
    assert_eq!(parts.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(body.contains(parts.headers[HEADER].to_str().unwrap()));
    assert!(!body.contains("on purpose"));
    assert_eq!(parts.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_handler_that_hangs_times_out() {
    let (parts, body) = get_path("/slow").await;
    assert_eq!(parts.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(parts.headers["retry-after"], "1");
    assert!(body.contains("correlation_id"));
}

#[tokio::test]
async fn json_bodies_are_bounded_like_forms() {
    for (length, expected) in [
        (60_000, StatusCode::OK),
        (70_000, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let body = format!("\"{}\"", "x".repeat(length));
        let request = Request::builder()
            .method("POST")
            .uri("/json")
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        assert_eq!(app().oneshot(request).await.unwrap().status(), expected);
    }
}

#[tokio::test]
async fn a_problem_carries_the_id_and_its_true_length() {
    let (parts, body) = get_path("/problem/7").await;
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        json["correlation_id"],
        parts.headers[HEADER].to_str().unwrap()
    );
    assert_eq!(parts.headers[CONTENT_LENGTH], body.len().to_string());
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_get_the_security_headers() {
    for request in [
        Request::builder().uri("/nowhere"),
        Request::builder().uri("/id").method("DELETE"),
    ] {
        let (parts, _) = ask(request).await;
        assert!(parts.status.is_client_error());
        assert!(parts.headers.contains_key(HEADER));
        assert!(parts.headers.contains_key("strict-transport-security"));
    }
}

#[tokio::test]
async fn what_a_handler_logs_has_the_fields_of_its_request() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .json()
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let logs = || async {
        tokio::task::yield_now().await;
        tracing::info!("from the handler");
    };
    let router = Router::new().route("/logs/{id}", get(logs));
    let router = Inbound::new(true, 42).wrap(router);
    let request = Request::builder().uri("/logs/7").body(Body::empty());
    let response = router.oneshot(request.unwrap()).await.unwrap();
    let text = log.text();
    let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(line["fields"]["message"], "from the handler");
    assert_eq!(line["span"]["route"], "/logs/{id}");
    assert_eq!(line["span"]["method"], "GET");
    let id = response.headers()[HEADER].to_str().unwrap();
    assert_eq!(line["span"]["request_id"], id);
}

#[tokio::test]
async fn the_log_line_has_the_route_and_no_text_of_the_client() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .json()
        .finish();
    let (parts, _) = {
        let _guard = tracing::subscriber::set_default(subscriber);
        let request = Request::builder()
            .uri("/problem/s3cret-path?code=s3cret-code")
            .header("authorization", "Bearer s3cret-token")
            .header("cookie", "session=s3cret-cookie");
        ask(request).await
    };
    let text = log.text();
    assert!(!text.contains("s3cret"), "{text}");
    let line: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let fields = &line["fields"];
    assert_eq!(fields["route"], "/problem/{id}");
    assert_eq!(fields["status"], 404);
    assert_eq!(
        fields["request_id"],
        parts.headers[HEADER].to_str().unwrap()
    );
}
