//! The orders API as a program: `orders-api.toml` says how.

use cardea_orders_api::{Config, router};
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
    let config: Config = load("orders-api.toml".as_ref(), std::env::vars())?;
    let listener = TcpListener::bind(&config.listen).await?;
    tracing::info!(address = config.listen, "the orders API listens");
    let stop = shutdown::on_signal()?;
    serve(
        vec![listener],
        router(&config)?,
        ListenerConfig::default(),
        stop,
    )
    .await?;
    Ok(())
}
