//! The machine as a program, configured by `machine.toml`.

use cardea_machine::{Config, Machine};
use cardea_web::config::load;

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
#[expect(clippy::print_stdout, reason = "a program speaks")]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let config: Config = load("machine.toml".as_ref(), std::env::vars())?;
    let machine = Machine::new(config)?;
    let token = machine.token().await?;
    println!("{}", machine.call(&token).await?);
    Ok(())
}
