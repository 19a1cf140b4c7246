//! What every configuration of `deploy/` must do.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Foreign, NAME};

impl Foreign {
    /// What every configuration of `deploy/` must do.
    pub(crate) async fn does_what_the_gateway_does(&self) {
        self.private_cookies_reach_only_their_owner().await;
        self.g5_forged_headers_are_removed().await;
        self.mutual_tls_with_the_api_works().await;
        self.ambiguous_paths_are_refused().await;
        self.missing_security_headers_are_added().await;
        self.a_websocket_is_forwarded().await;
        self.other_hosts_are_refused().await;
    }

    async fn private_cookies_reach_only_their_owner(&self) {
        let cookies =
            "a=1; __Host-cardea_session=s; b=2; __Host-cardea_browser=b; __Host-cardea_device=d";
        for (path, expected) in [
            ("/auth/authorize?x=%2F", true),
            ("/auth", true),
            ("/page", false),
            ("/authority", false),
        ] {
            let request = self.client().get(self.url(path)).header("cookie", cookies);
            let seen = self.seen(request).await;
            assert_eq!(seen["target"], path);
            let got = seen["headers"]["cookie"][0].as_str().unwrap();
            assert_eq!(got.contains("cardea"), expected, "{path}: {got}");
            assert!(got.contains("a=1") && got.contains("b=2"), "{path}: {got}");
        }
        for cookies in [
            "__Host-cardea_session=s",
            "__Host-cardea_session=s; c=3",
            "c=3; __Host-cardea_device=s",
        ] {
            let request = self.client().get(self.url("/")).header("cookie", cookies);
            let seen = self.seen(request).await["headers"]["cookie"].to_string();
            assert!(!seen.contains("cardea"), "{seen}");
            assert_eq!(seen.contains("c=3"), cookies.contains("c=3"), "{seen}");
        }
    }

    async fn g5_forged_headers_are_removed(&self) {
        let mut request = self.client().get(self.url("/auth/x"));
        for name in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "forwarded",
            "x-real-ip",
            "client-cert",
            "remote-user",
            "remote-groups",
            "x-request-id",
            "x_forwarded_for",
            "remote_user",
            "x-client-ip",
            "true-client-ip",
            "x-original-url",
            "x-rewrite-url",
            "proxy",
            "x-webauth-user",
            "x-auth-request-user",
            "x-forwarded-user",
            "x-client-cert",
            "x-ssl-client-verify",
            "x-ms-client-principal-name",
            "x-amzn-mtls-clientcert",
            "cf-access-jwt-assertion",
            "tailscale-user-login",
            "wl-proxy-client-ip",
        ] {
            request = request.header(name, "forged");
        }
        let headers = self.seen(request).await["headers"].clone();
        assert!(!headers.to_string().contains("forged"), "{headers}");
        let host = format!("{NAME}:{}", self.https);
        for (name, value) in [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", &host),
            ("host", &host),
        ] {
            assert_eq!(headers[name], serde_json::json!([value]), "{name}");
        }
    }

    async fn mutual_tls_with_the_api_works(&self) {
        let answer = self.get("/api/orders").await;
        let log = std::fs::read_to_string(self.authority.file("error.log")).unwrap_or_default();
        assert_eq!(answer.status(), 200, "{log}");
        assert!(answer.text().await.unwrap().starts_with(":MI"));
    }

    async fn ambiguous_paths_are_refused(&self) {
        for target in [
            "//auth",
            "/x/../auth",
            "/x/%2e%2e/auth",
            "/auth%2fx",
            "/x/..;/auth",
            "/auth/%5cx",
            "/auth/%252e%252e/x",
            "/auth/%0a",
            "/auth\\x",
        ] {
            let answer = self
                .raw(&format!(
                    "GET {target} HTTP/1.1\r\nHost: {NAME}:{}\r\nConnection: close\r\n\r\n",
                    self.https
                ))
                .await;
            assert!(answer.starts_with("HTTP/1.1 400"), "{target}: {answer}");
        }
        assert_eq!(self.get("/page?next=%2F%2e%2e//x").await.status(), 200);
    }

    async fn missing_security_headers_are_added(&self) {
        let soft = self.get("/page").await;
        for name in [
            "strict-transport-security",
            "content-security-policy",
            "x-frame-options",
            "x-content-type-options",
            "referrer-policy",
            "x-request-id",
        ] {
            assert_eq!(soft.headers().get_all(name).iter().count(), 1, "{name}");
        }
        let strict = self.get("/strict").await;
        let policies: Vec<_> = strict
            .headers()
            .get_all("content-security-policy")
            .iter()
            .collect();
        assert_eq!(policies, ["default-src 'none'"]);
        assert!(!strict.headers().contains_key("x-powered-by"));
    }

    async fn a_websocket_is_forwarded(&self) {
        let mut stream = self.connect().await;
        let head = format!(
            "GET /chat HTTP/1.1\r\nHost: {NAME}:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.https
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\nhello ") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"frame").await.unwrap();
        let mut back = [0; 5];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"frame");
    }

    async fn other_hosts_are_refused(&self) {
        let answer = self
            .raw("GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n")
            .await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
        // RFC 9112 §3.2.2: the host of the target counts, and the other one is not forwarded.
        let answer = self
            .raw(&format!(
                "GET https://{NAME}:{}/ HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
                self.https
            ))
            .await;
        assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        assert!(!answer.contains("evil.test"), "{answer}");
        let mut plain = TcpStream::connect(("127.0.0.1", self.http)).await.unwrap();
        let request = format!("GET /a?b HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
        plain.write_all(request.as_bytes()).await.unwrap();
        let answer = crate::stage::read_all(&mut plain).await.to_lowercase();
        assert!(answer.starts_with("http/1.1 308"), "{answer}");
        assert!(
            answer.contains(&format!("location: https://{NAME}/a?b\r\n")),
            "{answer}"
        );
    }
}
