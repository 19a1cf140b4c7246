//! Request smuggling: two servers that read the same bytes differently, over raw sockets.

use crate::{
    behind::{named, wire},
    stage::{HOST, before, status},
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// What the upstream reads when a client sends this, and what the client reads.
async fn sent(bytes: &str) -> (String, String) {
    let (url, upstream) = wire(OK).await;
    let stage = before(&url).await;
    let answer = stage.raw(bytes).await;
    (upstream.text(), answer)
}

#[tokio::test]
async fn cl_te_is_forwarded_with_one_framing() {
    // CL.TE: the length says 6 bytes more, of which a second request would begin.
    for lengths in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\n{lengths}\r\n\r\n0\r\n\r\nG");
        let (upstream, _) = sent(&request).await;
        let lower = upstream.to_lowercase();
        assert_eq!(
            lower.matches("content-length").count() + lower.matches("transfer-encoding").count(),
            1,
            "{upstream}"
        );
        assert!(!upstream.contains("\r\n\r\nG"), "{upstream}");
        assert_eq!(upstream.matches("HTTP/1.1").count(), 1, "{upstream}");
    }
}

#[tokio::test]
async fn a_request_inside_a_body_stays_a_body() {
    let inner = "GET /admin HTTP/1.1\r\nHost: app.test\r\n\r\n";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n",
        inner.len()
    );
    let (upstream, _) = sent(&request).await;
    let frame = format!("{:X}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    assert!(upstream.ends_with(&frame), "{upstream:?}");
    assert_eq!(
        upstream
            .to_lowercase()
            .matches("transfer-encoding: chunked")
            .count(),
        1
    );
}

#[tokio::test]
async fn ambiguous_lengths_and_encodings_are_refused() {
    for lines in [
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: 1, 2",
        "Content-Length: +1",
        "Content-Length: -1",
        "Content-Length: 0x1",
        "Content-Length: 1 ",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\u{b}chunked",
        " Transfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "Transfer_Encoding: chunked\r\nContent-Length: x",
    ] {
        let (url, upstream) = wire(OK).await;
        let stage = before(&url).await;
        let request = format!("POST / HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n\r\n0\r\n\r\n");
        let answer = stage.raw(&request).await;
        // A blank after the number is optional whitespace: it means nothing, and isn't passed on.
        if lines.ends_with("1 ") {
            assert!(!upstream.text().contains("1 \r\n"), "{lines:?}");
            continue;
        }
        assert!(answer.starts_with("HTTP/1.1 400"), "{lines:?}: {answer}");
        assert_eq!(upstream.text(), "", "{lines:?} reached the upstream");
    }
}

#[tokio::test]
async fn chunks_in_http_1_0_are_refused() {
    let stage = before(&named("app").await).await;
    let request =
        format!("POST / HTTP/1.0\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(status(&stage.raw(&request).await), 400);
}

#[tokio::test]
async fn ambiguous_chunks_end_the_connection() {
    for chunks in [
        "2\nab\r\n0\r\n\r\n",
        "2;\r\u{0}\r\nab\r\n0\r\n\r\n",
        "0x2\r\nab\r\n0\r\n\r\n",
        "-1\r\nab\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nab\r\n0\r\n\r\n",
        "2\r\nabc\r\n0\r\n\r\n",
    ] {
        let smuggled = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n";
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{smuggled}"
        );
        let (upstream, answer) = sent(&request).await;
        assert!(!upstream.contains("/smuggled"), "{chunks:?}: {upstream}");
        assert!(
            answer.matches("HTTP/1.1 200").count() < 2,
            "{chunks:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn g7_broken_chunks_are_a_malformed_request_and_a_body_that_ends_early_is_not() {
    for (chunks, expected) in [
        ("0x3\r\nabc\r\n0\r\n\r\n", "400"),
        ("3\nabc\n0\n\n", "400"),
        ("3;a=\nabc\r\n0\r\n\r\n", "400"),
        ("g\r\nabc\r\n0\r\n\r\n", "400"),
        ("3\r\nabcd\r\n0\r\n\r\n", "400"),
        ("fffffffffffffffff\r\nabc", "400"),
        ("3\r\nabc\r\n0\r\n\r\n", "200"),
    ] {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        );
        let (upstream, answer) = sent(&request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}")),
            "{chunks:?}: {answer}"
        );
        assert_eq!(
            upstream.is_empty(),
            expected == "400",
            "{chunks:?}: {upstream}"
        );
    }
}

#[tokio::test]
async fn a_pipelined_request_is_checked_like_the_first() {
    let (url, upstream) = wire(OK).await;
    let stage = before(&url).await;
    let two = format!(
        "GET /one HTTP/1.1\r\nHost: {HOST}\r\n\r\nGET /two HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"
    );
    let answer = stage.raw(&two).await;
    assert!(
        answer.contains("HTTP/1.1 200") && answer.contains("HTTP/1.1 421"),
        "{answer}"
    );
    assert!(!upstream.text().contains("/two"));
}

#[tokio::test]
async fn an_unrequested_response_is_never_delivered() {
    // The upstream sends two answers to each request.
    let twice = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let (url, _) = wire(twice).await;
    let stage = before(&url).await;
    for _ in 0..5 {
        assert_eq!(stage.get("/").await.text().await.unwrap(), "one");
    }
}

#[tokio::test]
async fn line_ends_in_headers_are_refused() {
    let (url, upstream) = wire(OK).await;
    let stage = before(&url).await;
    for lines in [
        "X: a\rX-Evil: 1",
        "X: a\u{0}b",
        "X\u{0}: a",
        "X Y: a",
        ": a",
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n\r\n");
        assert_eq!(status(&stage.raw(&request).await), 400, "{lines:?}");
    }
    assert_eq!(upstream.text(), "");
}

#[tokio::test]
async fn trailers_are_not_forwarded() {
    for announced in ["", "Trailer: X-Forwarded-For, Content-Length, Cookie\r\n"] {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {HOST}\r\nTE: trailers\r\nConnection: TE\r\n{announced}\
             Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Forwarded-For: evil\r\nContent-Length: 7\r\n\
             Cookie: sso=evil\r\n\r\n"
        );
        let (upstream, answer) = sent(&request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(
            upstream.ends_with("\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
            "{upstream}"
        );
        assert!(!upstream.contains("evil"), "{upstream}");
    }
}
