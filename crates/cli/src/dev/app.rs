//! The demo application: a page with a link to log in, and a page that shows what came back.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_seal::{Digest, Entropy};
use cardea_web::inbound::{Inbound, PageHeaders, QueryPairs};
use form_urlencoded::Serializer;
use http::HeaderValue;

use cardea_server::config::development::APP_PORT;

const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:8vh auto;padding:0 1.25rem;color-scheme:light dark}\
    pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:1rem;border:1px solid #8886;border-radius:.6rem}\
    a.button{display:inline-block;padding:.6rem 1.2rem;border-radius:.6rem;background:#0e6655;color:#fff;text-decoration:none;font-weight:600}";

struct Demo {
    issuer: String,
    verifier: String,
    state: String,
}

/// The application's two pages.
pub(crate) fn router(issuer: &str, entropy: &Entropy) -> Router {
    let demo = Demo {
        issuer: issuer.to_owned(),
        verifier: entropy.text(32),
        state: entropy.text(16),
    };
    let router = Router::new()
        .route("/", get(index))
        .route("/callback", get(callback))
        .with_state(Arc::new(demo));
    Inbound::new(false, u64::from_be_bytes(entropy.bytes())).wrap(router)
}

impl Demo {
    fn redirect_uri(&self) -> String {
        format!("http://localhost:{APP_PORT}/callback")
    }

    fn login(&self) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(self.verifier.as_bytes()).as_bytes());
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", "spa")
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("scope", "openid profile email orders:read")
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        format!("{}/authorize?{query}", self.issuer)
    }
}

async fn index(State(demo): State<Arc<Demo>>) -> Response {
    let link = escape(&demo.login());
    let body = format!(
        "<h1>Orders</h1><p>A small application. It knows nobody yet: it sends you to the provider to log in, by \
         authorization code with PKCE.</p><p><a class=\"button\" href=\"{link}\">Log in with Cardea</a></p>\
         <p>alice / <code>wonderland-7-doors</code> &middot; bob / <code>hinge-of-the-door-9</code></p>"
    );
    page("Orders", &body)
}

async fn callback(State(demo): State<Arc<Demo>>, query: QueryPairs) -> Response {
    let value = |name: &str| {
        query
            .0
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    };
    // RFC 6749 §10.12, RFC 9207 §2.4: an answer that was not asked for, or is another provider's, is not looked at.
    if value("state") != Some(&demo.state) || value("iss") != Some(&demo.issuer) {
        return page(
            "Orders",
            "<h1>That was not for us</h1><p>state or iss is not ours. <a href=\"/\">Start again</a></p>",
        );
    }
    let Some(code) = value("code") else {
        let error = escape(value("error").unwrap_or("unknown"));
        let description = escape(value("error_description").unwrap_or(""));
        return page(
            "Orders",
            &format!(
                "<h1>Not logged in</h1><p><code>{error}</code> {description}</p><p><a href=\"/\">Start again</a></p>"
            ),
        );
    };
    let command = format!(
        "curl {}/token \\\n  -d grant_type=authorization_code -d client_id=spa \\\n  -d redirect_uri={} \\\n  -d code_verifier={} \\\n  -d code={code}",
        demo.issuer,
        demo.redirect_uri(),
        demo.verifier,
    );
    let body = format!(
        "<h1>Logged in</h1><p>The provider sent a code. It is good once, for a minute, and only with the verifier that \
         this application kept. Redeem it for tokens:</p><pre id=\"redeem\">{}</pre><p><a href=\"/\">Once more</a></p>",
        escape(&command),
    );
    page("Logged in", &body)
}

fn page(title: &str, body: &str) -> Response {
    let hash =
        base64::engine::general_purpose::STANDARD.encode(Digest::of(STYLE.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'"
    );
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><body>{body}<p><small>DEVELOPMENT</small></p></body></html>"
    );
    match HeaderValue::try_from(policy) {
        Ok(policy) => (PageHeaders::new(policy), Html(html)).into_response(),
        Err(_) => http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                c => out.push(c),
            }
            out
        })
}
