//! The single-page app as a program: `spa-bff.toml` says how.

use anyhow::Context as _;
use cardea_spa_bff::{Config, router};
use cardea_web::config::load;
use cardea_web::inbound::listener::{ListenerConfig, serve};
use cardea_web::inbound::shutdown;
use tokio::net::TcpListener;

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let config: Config = load("spa-bff.toml".as_ref(), std::env::vars())?;
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.with_context(|| format!("listen: {}", config.listen))?;
    let stop = shutdown::on_signal()?;
    let bounds = ListenerConfig::default();
    serve(vec![listener], router(&config)?, bounds, stop).await?;
    Ok(())
}
