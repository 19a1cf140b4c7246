//! The web app as a program, configured by `webapp.toml`.

use anyhow::Context as _;
use cardea_client::{LogReport, LogWriter, load};
use cardea_webapp::{Config, serve};
use tokio::net::TcpListener;

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
async fn main() -> anyhow::Result<()> {
    // The app never waits for the reader of its log.
    let log = LogWriter::stderr(LogReport::Text);
    tracing_subscriber::fmt()
        .with_writer(move || log.clone())
        .init();
    let config: Config = load("webapp.toml".as_ref(), std::env::vars())?;
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.with_context(|| format!("listen: {}", config.listen))?;
    serve(&config, listener).await
}
