//! The orders API as a program, configured by `orders-api.toml`.

use anyhow::Context as _;
use cardea_orders_api::{Config, serve};
use cardea_resource::{LogReport, LogWriter, load};
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
    let config: Config = load("orders-api.toml".as_ref(), std::env::vars())?;
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.with_context(|| format!("listen: {}", config.listen))?;
    serve(&config, listener).await
}
