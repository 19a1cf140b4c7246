//! The `cardea` binary: reads the command line and the environment once.

mod admin;
mod check;
mod commands;
mod config;
mod database;
#[cfg(feature = "dev")]
mod dev;
mod gateway;
mod holder;
mod listen;
mod logging;
mod mail;
mod migrate;
mod operate;
mod output;
mod passwords;
mod provider;
mod serve;
mod terminal;

use std::{
    io::{ErrorKind, IsTerminal as _},
    process::ExitCode,
    time::Duration,
};

use admin::Refused;
use cardea_server::admin::types::Problem;
use cardea_web::{config::ConfigErrors, log::LogWriter};
use clap::Parser as _;
use commands::{Cardea, Command};
use config::{Environment, Run};
use output::Output;

/// Memory of a burst goes back to the system within seconds: glibc keeps it. `.cargo/config.toml` says how it is compiled.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How long the last lines of the log may take.
const LAST_LINES: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let cli = Cardea::parse();
    let log = logging::writer(logging::Format::of(&cli.command));
    let code = start(cli, &log);
    log.flush_for(LAST_LINES);
    code
}

fn start(cli: Cardea, log: &LogWriter) -> ExitCode {
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        logging::complain(log, "error: another TLS provider is already installed");
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
    match run(cli, environment, log) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            logging::complain(log, &message(&error, json));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cardea, environment: Environment, log: &LogWriter) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let run = Run {
        config: cli.config,
        environment,
        out: Output { json: cli.json },
    };
    logging::start(logging::Format::of(&cli.command), cli.log.as_deref(), log)?;
    let result = match cli.command {
        #[cfg(feature = "dev")]
        Command::Dev(options) => runtime.block_on(dev::run(options, run)),
        Command::Serve(_) => runtime.block_on(serve::run(run)),
        Command::Gateway(_) => runtime.block_on(gateway::run(run)),
        Command::Migrate(_) => runtime.block_on(migrate::run(run, log)),
        Command::Mail(command) => runtime.block_on(mail::run(&command, run)),
        Command::Passwords(command) => passwords::run(&command, run.out),
        Command::Client(command) => runtime.block_on(command.run(run)),
        Command::User(command) => runtime.block_on(command.run(run)),
        Command::Role(command) => runtime.block_on(command.run(run)),
        Command::Group(command) => runtime.block_on(command.run(run)),
        Command::Org(command) => runtime.block_on(command.run(run)),
        Command::Invitation(command) => runtime.block_on(command.run(run)),
        Command::Session(command) => runtime.block_on(command.run(run)),
        Command::Grant(command) => runtime.block_on(command.run(run)),
        Command::Key(command) => runtime.block_on(command.run(run)),
        Command::Audit(options) => runtime.block_on(options.run(run)),
        Command::Check(_) => return runtime.block_on(check::run(run)),
    };
    runtime.shutdown_timeout(Duration::from_secs(5));
    result.map(|()| ExitCode::SUCCESS)
}

/// The reader of the output closed it, as `head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}

fn message(error: &anyhow::Error, json: bool) -> String {
    if json {
        let problem = match error.downcast_ref::<Refused>() {
            Some(Refused(problem)) => problem.clone(),
            None => Problem {
                kind: None,
                title: "error".to_owned(),
                status: None,
                detail: Some(format!("{error:#}")),
                correlation_id: None,
            },
        };
        return output::one_line(&problem).unwrap_or_else(|e| e.to_string());
    }
    match error.downcast_ref::<ConfigErrors>() {
        Some(errors) => errors.report(std::io::stderr().is_terminal()),
        None => output::escaped(&format!("error: {error:#}")),
    }
}
