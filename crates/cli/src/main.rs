//! The `cardea` binary: reads the command line and the environment once, and hands both on.

mod commands;
mod dev;
mod logging;
mod provider;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;
use commands::{Cardea, Command};

#[expect(clippy::print_stderr, reason = "a command line speaks")]
fn main() -> ExitCode {
    let cli = Cardea::parse();
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("error: another TLS provider is installed already");
        return ExitCode::FAILURE;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    let environment: Vec<(String, String)> = std::env::vars().collect();
    match run(cli, environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cardea, environment: Vec<(String, String)>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = match cli.command {
        Command::Dev(options) => {
            logging::start(logging::Format::Human, cli.log.as_deref())?;
            runtime.block_on(dev::run(options))
        }
        Command::Serve(options) => {
            logging::start(logging::Format::Json, cli.log.as_deref())?;
            runtime.block_on(serve::run(&options, environment))
        }
    };
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    result
}
