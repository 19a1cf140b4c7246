//! The parts of `cargo xtask bench` beside wrk: a store with grants and codes, access tokens, users who log in, token
//! requests at a constant rate, the cost of protecting an API, and the cost of one argon2id. Each command prints one
//! line of JSON.
#![expect(
    clippy::print_stdout,
    reason = "a command-line tool prints its results"
)]

mod api;
mod argon2id;
mod authenticator;
mod bff;
mod browse;
mod burst;
mod http;
mod latency;
mod login;
mod seed;
mod spend;
mod tokens;
mod users;

use clap::Parser;

/// Load for the benchmarks.
#[derive(Parser)]
enum Load {
    /// Put users, sessions, grants and codes into the store of a stopped server.
    Seed(seed::Options),
    /// Exchange refresh tokens for access tokens, one per line.
    Tokens(tokens::Options),
    /// Log in by password in closed loops, with token requests at a constant rate at the same time.
    Login(login::Options),
    /// Log in and redeem the code, one login at a time.
    Spend(spend::Spend),
    /// Start request bodies and complete none.
    Bodies(burst::bodies::Options),
    /// Hold silent connections, and check the health at the same time.
    Idle(burst::idle::Options),
    /// Send wrong passwords, and log in at the same time in known browsers.
    Flood(login::Options),
    /// Write a file of users for an import.
    UsersFile(users::file::Options),
    /// Show, list and search users through the administration.
    FindUsers(users::find::Options),
    /// Set up an authenticator app for each user, then log in by password and code in closed loops.
    Totp(users::totp::TotpOptions),
    /// Add a passkey for each user, then log in by passkey in closed loops.
    Passkeys(users::passkeys::PasskeyOptions),
    /// Sign up for accounts, each with another address and from another network.
    SignUps(users::strangers::Options),
    /// Count the rows of the store of a stopped server.
    Rows(users::strangers::RowsOptions),
    /// Hash passwords for some seconds on one thread.
    Argon2id(argon2id::Options),
    /// Verify JWTs in an API, with its library, and with only the key.
    Verify(api::verify::Options),
    /// Send an API opaque tokens that it has introspected before.
    Cached(api::cached::Options),
    /// Serve an app with a BFF, until a signal.
    Bff(bff::serve::Options),
    /// Log in to that app and measure what its proxy adds to a call.
    Added(bff::added::Options),
}

fn main() -> anyhow::Result<()> {
    let load = Load::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = match load {
        Load::Seed(options) => runtime.block_on(seed::run(options)),
        Load::Tokens(options) => runtime.block_on(tokens::run(&options)),
        Load::Login(options) => runtime.block_on(login::run(options)),
        Load::Spend(options) => runtime.block_on(spend::run(&options)),
        Load::Bodies(options) => runtime.block_on(burst::bodies::run(options)),
        Load::Idle(options) => runtime.block_on(burst::idle::run(&options)),
        Load::Flood(options) => runtime.block_on(burst::passwords::run(options)),
        Load::UsersFile(options) => users::file::run(&options),
        Load::FindUsers(options) => runtime.block_on(users::find::run(&options)),
        Load::Totp(options) => runtime.block_on(users::totp::run(options)),
        Load::Passkeys(options) => runtime.block_on(users::passkeys::run(options)),
        Load::SignUps(options) => runtime.block_on(users::strangers::run(options)),
        Load::Rows(options) => users::strangers::rows(&options),
        Load::Argon2id(options) => argon2id::run(&options),
        Load::Verify(options) => runtime.block_on(api::verify::run(&options)),
        Load::Cached(options) => runtime.block_on(api::cached::run(&options)),
        Load::Bff(options) => return runtime.block_on(bff::serve::run(&options)),
        Load::Added(options) => runtime.block_on(bff::added::run(&options)),
    }?;
    println!("{result}");
    Ok(())
}
