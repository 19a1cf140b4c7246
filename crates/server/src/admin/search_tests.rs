//! Users are searched by their words, page by page.

use http::StatusCode;
use serde_json::json;

use super::tests::stage;

#[tokio::test]
async fn users_are_searched_and_a_cursor_belongs_to_its_list() {
    let stage = stage().await;
    for (name, full) in [
        ("zoe", "Zoë Müller"),
        ("alice", "Alice Liddell"),
        ("bob", "Alistair Bob"),
    ] {
        let user = json!({ "username": name, "claims": { "name": full } });
        let (status, body) = stage
            .post("/users", "application/json", user.to_string())
            .await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }
    let names = |body: &serde_json::Value| {
        let items = body["items"].as_array().unwrap();
        let names = items
            .iter()
            .map(|item| item["username"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let (_, body) = stage.get("/users?search=ali").await;
    assert_eq!(names(&body), ["alice", "bob"]);
    let (_, body) = stage.get("/users?search=m%C3%BCll+zo").await;
    assert_eq!(names(&body), ["zoe"]);
    let (_, first) = stage.get("/users?search=ali&limit=1").await;
    assert_eq!(names(&first), ["alice"]);
    let next = first["next"].as_str().unwrap();
    let (_, second) = stage
        .get(&format!("/users?search=ali&limit=1&after={next}"))
        .await;
    assert_eq!(names(&second), ["bob"]);
    assert_eq!(second["next"], json!(null));
    for (path, says) in [
        (format!("/users?after={next}"), "after: "),
        ("/users?search=".to_owned(), "search: has no letter"),
        ("/users?search=%40".to_owned(), "search: has no letter"),
        (
            format!("/users?search={}", "a".repeat(129)),
            "search: is longer",
        ),
        ("/users?search=a&limit=0".to_owned(), "limit: "),
        ("/users?search=a&query=b".to_owned(), "query"),
    ] {
        let (status, body) = stage.get(&path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{path}: {detail}");
    }
}
