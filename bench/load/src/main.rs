//! What `cargo xtask bench` needs beside wrk: a store with grants and codes in it, access tokens, people who log in,
//! token requests at a constant rate, an API and what it costs to protect it, and the cost of one argon2id. Each command
//! prints one line of JSON.
#![expect(
    clippy::print_stdout,
    reason = "a tool at the command line talks by printing"
)]

mod api;
mod argon2id;
mod bff;
mod browse;
mod burst;
mod http;
mod latency;
mod login;
mod seed;
mod spend;
mod tokens;

use clap::Parser;

/// Load for the benchmarks.
#[derive(Parser)]
enum Load {
    /// Put people, sessions, grants and codes into the store of a server that is stopped.
    Seed(seed::Options),
    /// Turn refresh tokens into access tokens, a line each.
    Tokens(tokens::Options),
    /// Log in by password in closed loops, with token requests at a constant rate beside them.
    Login(login::Options),
    /// Log in and redeem the code, one login at a time.
    Spend(spend::Spend),
    /// Begin bodies and end none.
    Bodies(burst::bodies::Options),
    /// Hold connections that say nothing, and check the health beside them.
    Idle(burst::idle::Options),
    /// Send wrong passwords, and log in beside them in known browsers.
    Flood(login::Options),
    /// Hash passwords for some seconds on one thread.
    Argon2id(argon2id::Options),
    /// Verify JWTs in an API, by its library, and by the key alone.
    Verify(api::verify::Options),
    /// Let an API take opaque tokens that it has asked about before.
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
    let told = match load {
        Load::Seed(options) => runtime.block_on(seed::run(options)),
        Load::Tokens(options) => runtime.block_on(tokens::run(&options)),
        Load::Login(options) => runtime.block_on(login::run(options)),
        Load::Spend(options) => runtime.block_on(spend::run(&options)),
        Load::Bodies(options) => runtime.block_on(burst::bodies::run(options)),
        Load::Idle(options) => runtime.block_on(burst::idle::run(&options)),
        Load::Flood(options) => runtime.block_on(burst::passwords::run(options)),
        Load::Argon2id(options) => argon2id::run(&options),
        Load::Verify(options) => runtime.block_on(api::verify::run(&options)),
        Load::Cached(options) => runtime.block_on(api::cached::run(&options)),
        Load::Bff(options) => return runtime.block_on(bff::serve::run(&options)),
        Load::Added(options) => runtime.block_on(bff::added::run(&options)),
    }?;
    println!("{told}");
    Ok(())
}
