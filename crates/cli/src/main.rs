//! The `cardea` binary: reads the command line and the environment once, and hands both on.

mod admin;
mod check;
mod commands;
mod config;
#[cfg(feature = "dev")]
mod dev;
mod gateway;
mod logging;
mod migrate;
mod operate;
mod output;
mod provider;
mod serve;
mod terminal;

use std::{
    io::{ErrorKind, IsTerminal as _},
    process::ExitCode,
};

use admin::Refused;
use cardea_web::config::ConfigErrors;
use clap::Parser as _;
use commands::{Cardea, Command};
use config::Environment;
use output::Output;

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
    let environment: Environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let json = cli.json;
    match run(cli, environment) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", told(&error, json));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cardea, environment: Environment) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let out = Output { json: cli.json };
    logging::start(logging::Format::of(&cli.command), cli.log.as_deref())?;
    let result = match cli.command {
        #[cfg(feature = "dev")]
        Command::Dev(options) => runtime.block_on(dev::run(options)),
        Command::Serve(options) => runtime.block_on(serve::run(&options, environment)),
        Command::Gateway(options) => runtime.block_on(gateway::run(options, environment)),
        Command::Migrate(options) => migrate::run(&options, environment, out),
        Command::Client(command) => runtime.block_on(command.run(environment, out)),
        Command::User(command) => runtime.block_on(command.run(environment, out)),
        Command::Session(command) => runtime.block_on(command.run(environment, out)),
        Command::Grant(command) => runtime.block_on(command.run(environment, out)),
        Command::Key(command) => runtime.block_on(command.run(environment, out)),
        Command::Check(options) => {
            return runtime.block_on(check::run(&options, environment, out));
        }
    };
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    result.map(|()| ExitCode::SUCCESS)
}

/// Whoever read the output has read enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}

fn told(error: &anyhow::Error, json: bool) -> String {
    if json {
        let problem = match error.downcast_ref::<Refused>() {
            Some(Refused(problem)) => problem.clone(),
            None => serde_json::json!({ "title": "error", "detail": format!("{error:#}") }),
        };
        return problem.to_string();
    }
    match error.downcast_ref::<ConfigErrors>() {
        Some(errors) => errors.report(std::io::stderr().is_terminal()),
        None => format!("error: {error:#}"),
    }
}
