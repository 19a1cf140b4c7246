//! What upstream and client learn about each other.

use serde_json::Value;

use crate::{
    behind::{mirror, pages},
    stage::{HOST, before, config, everything_to, start},
};

#[tokio::test]
async fn forged_forwarding_headers_are_replaced() {
    let stage = before(&mirror().await).await;
    let mut request = stage.client().get(stage.url("/"));
    for name in [
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-client-cert",
        "forwarded",
        "x-real-ip",
        "client-cert",
        "client-cert-chain",
        "x-request-id",
        "remote-user",
        "remote-groups",
        "x_forwarded_for",
        "remote_user",
        "x-original-url",
        "true-client-ip",
    ] {
        request = request.header(name, "forged");
    }
    let text = request.send().await.unwrap().text().await.unwrap();
    assert!(!text.contains("forged"), "{text}");
    let seen: Value = serde_json::from_str(&text).unwrap();
    let headers = &seen["headers"];
    let host = format!("{HOST}:{}", stage.address.port());
    assert_eq!(headers["x-forwarded-for"], serde_json::json!(["127.0.0.1"]));
    assert_eq!(headers["x-forwarded-proto"], serde_json::json!(["http"]));
    assert_eq!(headers["x-forwarded-host"], serde_json::json!([host]));
    assert_eq!(
        headers["x-forwarded-port"],
        serde_json::json!([stage.address.port().to_string()])
    );
    let forwarded = format!("for=127.0.0.1;host=\"{host}\";proto=http");
    assert_eq!(headers["forwarded"], serde_json::json!([forwarded]));
    assert_eq!(headers["host"], serde_json::json!([host]));
}

#[tokio::test]
async fn forwarding_headers_of_a_trusted_proxy_are_used() {
    let text = format!(
        "[proxy]\ntrusted = [\"127.0.0.1\"]\n{}",
        everything_to(&mirror().await, "")
    );
    let stage = start(config(&text)).await;
    let request = stage
        .client()
        .get(stage.url("/"))
        .header("host", HOST)
        .header("x-forwarded-for", "1.1.1.1, 203.0.113.9")
        .header("x-forwarded-proto", "https");
    let answer = request.send().await.unwrap();
    assert!(answer.headers().contains_key("strict-transport-security"));
    let seen: Value = answer.json().await.unwrap();
    assert_eq!(
        seen["headers"]["x-forwarded-for"],
        serde_json::json!(["203.0.113.9"])
    );
    assert_eq!(
        seen["headers"]["x-forwarded-proto"],
        serde_json::json!(["https"])
    );
    assert_eq!(
        seen["headers"]["x-forwarded-port"],
        serde_json::json!(["443"])
    );
}

#[tokio::test]
async fn hop_by_hop_headers_are_removed() {
    let stage = before(&mirror().await).await;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close, X-Secret, Host, Content-Length\r\nX-Secret: hop\r\n\
         Keep-Alive: timeout=hop\r\nProxy-Authorization: hop\r\nTE: trailers\r\nTrailer: hop\r\nUpgrade: hop\r\n\
         HTTP2-Settings: hop\r\nProxy-Connection: hop\r\nX-Other: stays\r\n\r\n"
    );
    let answer = stage.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!answer.contains("\"hop\""), "{answer}");
    assert!(!answer.contains("trailers"), "{answer}");
    assert!(answer.contains("stays"), "{answer}");
}

#[tokio::test]
async fn an_h2c_upgrade_is_not_forwarded() {
    let stage = before(&mirror().await).await;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
    );
    let answer = stage.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        !answer.contains("h2c") && !answer.contains("settings"),
        "{answer}"
    );
}

#[tokio::test]
async fn upstream_and_client_get_the_request_id_of_the_gateway() {
    let stage = before(&mirror().await).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let request = stage
            .client()
            .get(stage.url("/"))
            .header("x-request-id", "0123456789ab");
        let answer = request.send().await.unwrap();
        let id = answer.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let seen: Value = answer.json().await.unwrap();
        assert_eq!(seen["headers"]["x-request-id"], serde_json::json!([id]));
        assert_eq!(id.len(), 12);
        ids.push(id);
    }
    ids.push("0123456789ab".to_owned());
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn an_upstream_without_security_headers_gets_them() {
    let stage = before(&pages().await).await;
    let answer = stage.get("/plain").await;
    let headers = answer.headers();
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["x-frame-options"], "SAMEORIGIN");
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("frame-ancestors 'self'")
    );
    assert!(headers.contains_key("referrer-policy") && headers.contains_key("permissions-policy"));
    // RFC 6797 §7.2: this gateway speaks plain http.
    assert!(!headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn security_headers_of_the_upstream_are_kept_and_server_headers_removed() {
    let stage = before(&pages().await).await;
    let answer = stage.get("/strict").await;
    let headers = answer.headers();
    assert_eq!(headers["content-security-policy"], "default-src 'none'");
    assert_eq!(headers["x-frame-options"], "DENY");
    for name in ["server", "x-powered-by", "x-inner", "connection"] {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_ne!(headers["x-request-id"], "theirs");
    assert_eq!(headers.get_all("x-request-id").iter().count(), 1);
}

#[tokio::test]
async fn g5_identities_from_outside_reach_no_upstream() {
    let stage = before(&mirror().await).await;
    let mut lines = String::new();
    for name in [
        "X-WebAuth-User",
        "X-Auth-Request-User",
        "x-AUTH-request-Email",
        "X-Forwarded-Preferred-Username",
        "X-Forwarded-Access-Token",
        "X-Client-Cert",
        "X-Client-DN",
        "X-Client-Verify",
        "X-SSL-Client-S-DN",
        "SSL-Client-Cert",
        "X-MS-Client-Principal-Name",
        "X-MS-Token-AAD-Id-Token",
        "X-Amzn-Mtls-Clientcert",
        "X-Amzn-Oidc-Data",
        "X-Goog-Authenticated-User-Email",
        "X-Goog-IAP-JWT-Assertion",
        "Cf-Access-Jwt-Assertion",
        "Tailscale-User-Login",
        "WL-Proxy-Client-IP",
        "X-ARR-ClientCert",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Remote-User",
        "Remote-User",
        "X_WebAuth_User",
        "X-Auth_Request-User",
        "REMOTE_USER",
        "SSL_CLIENT_VERIFY",
        "X-Email",
        "X-Groups",
        "X-Roles",
        "X-UserName",
        "X-User-Groups",
        "X-ID-Token",
        "X-Access-Token",
        "Impersonate-User",
        "Impersonate-Extra-Scopes",
        "X-Hasura-Role",
        "Fly-Client-IP",
        "Shib-Session-ID",
        "eppn",
        "X_Email",
        "Impersonate_User",
    ] {
        lines += &format!("{name}: forged\r\n");
    }
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{lines}X-Own: stays\r\n\r\n"
    );
    let answer = stage.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        !answer.contains("forged") && answer.contains("stays"),
        "{answer}"
    );
}

#[tokio::test]
async fn g5_a_route_drops_the_headers_that_its_upstream_believes() {
    let url = mirror().await;
    let text = everything_to(
        &url,
        "drop_headers = [\"X-Tenant\", \"Acme-*\", \"Cookie\"]",
    );
    let stage = start(config(&text)).await;
    let request = stage
        .client()
        .get(stage.url("/"))
        .header("x-tenant", "forged")
        .header("acme-user", "forged")
        .header("cookie", "forged=1")
        .header("x-tenants", "stays");
    let text = request.send().await.unwrap().text().await.unwrap();
    assert!(!text.contains("forged") && text.contains("stays"), "{text}");
}
