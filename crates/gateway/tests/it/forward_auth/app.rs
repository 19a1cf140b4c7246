//! An app behind a proxy: the login, the identity headers and the roles.

use cardea_testkit::Person;
use serde_json::Value;

use super::{CADDY, NGINX, World};
use crate::foreign::Program;

async fn an_app_without_a_login_is_protected(program: &Program) {
    let mut world = World::behind(program).await;
    world
        .requests_without_a_session_do_not_reach_the_app()
        .await;
    world
        .a_user_returns_to_the_requested_page_after_login()
        .await;
    world.identity_headers_of_the_client_are_overwritten().await;
    world.paths_without_the_required_role_are_refused().await;
    world.g2_cross_site_forms_and_websockets_are_refused().await;
    world
        .open_redirects_and_foreign_callbacks_are_refused()
        .await;
}

impl World {
    /// A script gets no login page: it could not use it.
    async fn requests_without_a_session_do_not_reach_the_app(&self) {
        let page = |method| self.request(method, "/page");
        let script = page(http::Method::GET).header("accept", "application/json");
        for request in [
            script.header("sec-fetch-mode", "cors"),
            page(http::Method::GET).header("remote-user", "admin"),
            page(http::Method::POST).header("accept", "text/html"),
        ] {
            assert_eq!(request.send().await.unwrap().status(), 401);
        }
    }

    async fn a_user_returns_to_the_requested_page_after_login(&mut self) {
        let answer = self.log_in("/page?x=1&y=%2F", Person::ALICE).await;
        assert_eq!(answer.status(), 200);
        let seen: Value = answer.json().await.unwrap();
        let headers = &seen["headers"];
        assert_eq!(seen["target"], "/page?x=1&y=%2F");
        let subject = self.provider.subject(Person::ALICE).await;
        for (name, value) in [
            ("remote-user", subject.as_str()),
            ("remote-email", "alice@example.test"),
            ("remote-groups", "user"),
        ] {
            assert_eq!(headers[name], serde_json::json!([value]), "{name}");
        }
        assert!(
            !headers["cookie"].to_string().contains("__Host-cardea_gate"),
            "{headers}"
        );
    }

    async fn identity_headers_of_the_client_are_overwritten(&self) {
        let mut request = self.request(http::Method::GET, "/page");
        for name in [
            "remote-user",
            "remote-groups",
            "remote-email",
            "remote-name",
            "remote_user",
            "x-webauth-user",
            "x-auth-request-email",
            "x-client-dn",
            "x-email",
            "x-groups",
            "x-roles",
            "x-username",
            "x-id-token",
            "x-access-token",
            "x-hasura-role",
            "impersonate-user",
            "shib-session-id",
            "eppn",
            "fly-client-ip",
        ] {
            request = request.header(name, "forged");
        }
        let text = request.send().await.unwrap().text().await.unwrap();
        let subject = self.provider.subject(Person::ALICE).await;
        assert!(
            !text.contains("forged") && text.contains(subject.as_str()),
            "{text}"
        );
    }

    async fn paths_without_the_required_role_are_refused(&mut self) {
        for path in [
            "/admin",
            "/admin/users?x",
            "/%61dmin",
            "/Admin",
            "/admin;x",
            "/admin.json",
            "/admin%20/x",
            "/admin:x",
            "/admin::$DATA",
            "/ad%E2%80%8Bmin",
            "/%EF%BD%81%EF%BD%84%EF%BD%8D%EF%BD%89%EF%BD%8E",
        ] {
            assert_eq!(self.open(path).await.status(), 403, "{path}");
        }
        for path in ["//admin", "/x/..;/admin", "/x%2f..%2fadmin"] {
            assert_eq!(self.open(path).await.status(), 400, "{path}");
        }
    }

    async fn g2_cross_site_forms_and_websockets_are_refused(&self) {
        for (origin, expected) in [
            (self.proxy.url(""), 200),
            ("https://evil.test".to_owned(), 403),
            ("null".to_owned(), 403),
        ] {
            let form = self
                .request(http::Method::POST, "/page")
                .header("origin", &origin);
            assert_eq!(form.body("a=1").send().await.unwrap().status(), expected);
            let websocket = self
                .request(http::Method::GET, "/page")
                .header("origin", &origin)
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            assert_eq!(websocket.send().await.unwrap().status(), expected);
            for (name, value) in [
                ("upgrade", "websocket"),
                ("upgrade", "WebSocket"),
                ("sec-websocket-version", "13"),
                ("x-forwarded-proto", "wss"),
            ] {
                let handshake = self.check().header("origin", &origin).header(name, value);
                assert_eq!(handshake.send().await.unwrap().status(), expected, "{name}");
            }
            // A page that a link of another site leads to.
            let page = self.check().header("origin", &origin);
            assert_eq!(page.send().await.unwrap().status(), 200);
        }
    }

    async fn open_redirects_and_foreign_callbacks_are_refused(&mut self) {
        let path = "/forward-auth/login?return_to=https%3A%2F%2Fevil.test";
        assert_eq!(self.open(path).await.status(), 400);
        let foreign = self.open("/forward-auth/callback?code=x&state=y").await;
        assert!(foreign.status().is_client_error());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_behind_nginx_is_protected() {
    an_app_without_a_login_is_protected(&NGINX).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_behind_caddy_is_protected() {
    an_app_without_a_login_is_protected(&CADDY).await;
}

#[tokio::test]
async fn a_role_of_a_rule_grants_access() {
    let mut world = World::behind(&NGINX).await;
    let answer = world.log_in("/admin/users", Person::BOB).await;
    assert_eq!(answer.status(), 200);
    let seen: Value = answer.json().await.unwrap();
    assert_eq!(
        seen["headers"]["remote-groups"],
        serde_json::json!(["user,admin"])
    );
}
