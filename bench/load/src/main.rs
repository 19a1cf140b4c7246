//! What `cargo xtask bench` needs beside wrk: a store with grants and codes in it, access tokens, people who log in,
//! token requests at a constant rate, and the cost of one argon2id. Each command prints one line of JSON.
#![expect(
    clippy::print_stdout,
    reason = "a tool at the command line talks by printing"
)]

mod argon2id;
mod browse;
mod http;
mod latency;
mod login;
mod seed;
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
    /// Hash passwords for some seconds on one thread.
    Argon2id(argon2id::Options),
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
        Load::Argon2id(options) => argon2id::run(&options),
    }?;
    println!("{told}");
    Ok(())
}
