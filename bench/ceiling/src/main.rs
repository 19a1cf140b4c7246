//! A bare axum server that does only the work of each row of the benchmarks: the ceiling for Cardea.
//!
//! It parses the form, signs, writes durably, opens a seal, reads one row; it has no checks and no limits.
//! Never let it listen where a stranger can reach it.

mod introspect;
mod refresh;
mod rows;
mod sign;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use axum::{
    Router,
    routing::{get, post},
};
use bytes::Bytes;
use cardea_jose::{Algorithm, SigningKey};
use cardea_seal::{Entropy, MasterKey, Sealer};
use tokio::net::TcpListener;

use crate::rows::Rows;

/// What all requests share.
pub(crate) struct Bare {
    es256: SigningKey,
    rs256: SigningKey,
    eddsa: SigningKey,
    sealer: Sealer,
    rows: Rows,
}

/// As long as Cardea's discovery document.
const DOCUMENT_BYTES: usize = 2048;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, folder, rows] = arguments.as_slice() else {
        bail!("usage: cardea-bench-ceiling PORT FOLDER ROWS");
    };
    let port: u16 = port.parse().context("PORT")?;
    let rows: u32 = rows.parse().context("ROWS")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(port, PathBuf::from(folder), rows))
}

async fn serve(port: u16, folder: PathBuf, rows: u32) -> anyhow::Result<()> {
    let bare = Bare {
        es256: SigningKey::generate(Algorithm::ES256)?,
        rs256: SigningKey::generate(Algorithm::RS256)?,
        eddsa: SigningKey::generate(Algorithm::EdDSA)?,
        sealer: Sealer::new(
            &MasterKey::generate(&Entropy::system()),
            "bench",
            "ceiling",
            1,
        ),
        rows: Rows::open(&folder.join("ceiling.db"), rows)?,
    };
    // Left to live as long as the process, so that no request counts references.
    let bare: &'static Bare = Box::leak(Box::new(bare));
    std::fs::write(folder.join("opaque.txt"), introspect::tokens(bare, rows))?;
    let document = Bytes::from(vec![b' '; DOCUMENT_BYTES]);
    let router = Router::new()
        .route("/es256", post(sign::es256))
        .route("/rs256", post(sign::rs256))
        .route("/eddsa", post(sign::eddsa))
        .route("/refresh", post(refresh::post))
        .route("/introspection", post(introspect::post))
        .route("/health/ready", get(|| async { "ready" }))
        .route(
            "/document",
            get(move || {
                let document = document.clone();
                async move { (JSON, document) }
            }),
        )
        .with_state(bare);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, router).await?;
    Ok(())
}

pub(crate) const JSON: [(http::HeaderName, http::HeaderValue); 1] = [(
    http::header::CONTENT_TYPE,
    http::HeaderValue::from_static("application/json"),
)];

/// The value of a field of a form.
pub(crate) fn field(form: &[u8], name: &str) -> String {
    form_urlencoded::parse(form)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
