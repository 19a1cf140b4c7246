#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn hop_by_hop_fields_are_removed() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("connection", "close, X-Secret-Hop"),
        ("connection", "x-other"),
        ("x-secret-hop", "1"),
        ("x-other", "1"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("transfer-encoding", "chunked"),
        ("content-length", "3"),
        ("upgrade", "websocket"),
        ("proxy-authorization", "Basic x"),
        ("accept", "*/*"),
    ] {
        headers.append(name, value.parse().unwrap());
    }
    take_off_hop_by_hop(&mut headers);
    let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    assert_eq!(left, ["accept"]);
}

#[test]
fn b1_a_name_in_connection_that_is_not_ascii_does_not_protect_the_others() {
    let mut headers = HeaderMap::new();
    let named = b"X-Secret-Hop, \xfc, x-other";
    headers.append("connection", http::HeaderValue::from_bytes(named).unwrap());
    headers.append("x-secret-hop", "1".parse().unwrap());
    headers.append("x-other", "1".parse().unwrap());
    take_off_hop_by_hop(&mut headers);
    assert!(headers.is_empty());
}

#[test]
fn an_upstream_is_a_server_and_at_most_a_path() {
    for url in [
        "",
        "/api",
        "api.example.com",
        "ftp://api.example.com",
        "http://user@api.example.com",
        "http://api.example.com/?x=1",
    ] {
        let error = UpstreamClient::new(&UpstreamConfig::new(url)).err();
        assert_eq!(error, Some(UpstreamConfigError::Url(url.to_owned())));
    }
    for (url, base_path) in [
        ("http://127.0.0.1:4000", ""),
        ("http://127.0.0.1:4000/", ""),
        ("http://[::1]:4000/v1/", "/v1"),
    ] {
        let client = UpstreamClient::new(&UpstreamConfig::new(url)).unwrap();
        assert_eq!(&*client.base_path, base_path);
    }
}
