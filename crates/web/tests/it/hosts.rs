//! The `Host` of a request.

use std::time::Duration;

use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    frames::{END_STREAM, HEADERS, Http2},
    serving::{exchange, impatient, read_all, start},
};

#[tokio::test]
async fn b9_a_request_without_exactly_one_valid_host_is_answered_400() {
    let server = start(impatient()).await;
    for hosts in [
        "",
        "host: a\r\nhost: a\r\n",
        "host: a\r\nHost: b\r\n",
        "host:\r\n",
        "host: a b\r\n",
        "host: a/b\r\n",
        "host: user@a\r\n",
        "host: a:99999\r\n",
        "host: [::1\r\n",
        "host: m\u{fc}nchen.de\r\n",
    ] {
        for line in [
            "GET / HTTP/1.1",
            "GET /nowhere HTTP/1.1",
            "POST /form HTTP/1.1",
        ] {
            let request = format!("{line}\r\n{hosts}connection: close\r\n\r\n");
            let answer = exchange(server.address, request.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 400"), "{request:?}: {answer}");
            assert!(answer.contains("correlation_id"));
        }
    }
    for good in ["host: a\r\n", "host: [::1]:80\r\n", "HOST:  a  \r\n"] {
        let request = format!("GET / HTTP/1.1\r\n{good}connection: close\r\n\r\n");
        let answer = exchange(server.address, request.as_bytes()).await;
        assert!(answer.ends_with("hello"), "{answer}");
    }
}

#[tokio::test]
async fn b9_an_absolute_target_needs_a_host_too() {
    let server = start(impatient()).await;
    let without = b"GET http://a/ HTTP/1.1\r\nconnection: close\r\n\r\n";
    assert!(
        exchange(server.address, without)
            .await
            .starts_with("HTTP/1.1 400")
    );
    let with = b"GET http://a/ HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n";
    assert!(exchange(server.address, with).await.ends_with("hello"));
}

#[tokio::test]
async fn b9_http_1_0_needs_no_host_and_may_not_have_two() {
    let server = start(impatient()).await;
    let answer = exchange(server.address, b"GET / HTTP/1.0\r\n\r\n").await;
    assert!(answer.ends_with("hello"), "{answer}");
    let answer = exchange(
        server.address,
        b"GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n",
    )
    .await;
    assert!(answer.contains(" 400 "), "{answer}");
}

#[tokio::test]
async fn b9_the_next_request_of_a_connection_is_checked_too() {
    let server = start(impatient()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let both = b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nconnection: close\r\n\r\n";
    stream.write_all(both).await.unwrap();
    let answers = read_all(&mut stream).await;
    assert!(
        answers.contains("hello") && answers.contains("HTTP/1.1 400"),
        "{answers}"
    );
}

#[tokio::test]
async fn b9_in_http2_a_host_must_agree_with_the_authority() {
    let server = start(impatient()).await;
    for (host, status) in [("a", 0x88_u8), ("A", 0x88), ("b", 0x8c), ("a b", 0x8c)] {
        let mut client = Http2::connect(server.address, 65_535).await;
        let fields = [
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", "a"),
            (":path", "/"),
            ("host", host),
        ];
        client.ask(1, END_STREAM, &fields).await;
        let head = client.next(Duration::from_secs(5)).await.unwrap();
        assert_eq!(head.kind, HEADERS);
        // RFC 7541, appendix A: 8 is status 200, 12 is status 400.
        assert_eq!(head.payload[0], status, "{host}");
    }
}
