//! What an operator reads of many users, through the socket of the running provider.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::bail;
use serde_json::{Value, json};

use crate::{http::Connection, latency::percentile};

/// Searches: a name, a frequent beginning, two words, an address, a name of no user, one letter.
const SEARCHES: [&str; 6] = [
    "user00{n}",
    "user",
    "smith1+ali",
    "user00{n}%40example",
    "missing",
    "z",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The socket of the administration.
    #[arg(long)]
    socket: PathBuf,
    /// The number of users `user0000000` and so on.
    #[arg(long)]
    users: u32,
    /// How many times everything is read.
    #[arg(long, default_value_t = 200)]
    rounds: u32,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<Value> {
    let mut connection = Connection::open_unix(&options.socket).await?;
    let (mut shown, mut listed, mut searched) = (Vec::new(), Vec::new(), Vec::new());
    let mut slowest = (Duration::ZERO, String::new());
    // The numbers are spread over all users.
    let step = options.users / options.rounds.max(1);
    for round in 0..options.rounds {
        let number = round * step;
        let path = format!("/users/user{number:07}");
        shown.push(timed(&mut connection, &path).await?);
        listed.push(timed(&mut connection, "/users?limit=100").await?);
        for search in SEARCHES {
            let words = search.replace("{n}", &format!("{:05}", number % 100_000));
            let path = format!("/users?search={words}&limit=100");
            let took = timed(&mut connection, &path).await?;
            if took > slowest.0 {
                slowest = (took, words);
            }
            searched.push(took);
        }
    }
    Ok(json!({
        "show_p99_ms": percentile(&mut shown, 99),
        "list_p99_ms": percentile(&mut listed, 99),
        "search_p99_ms": percentile(&mut searched, 99),
        "slowest_search": slowest.1,
    }))
}

async fn timed(connection: &mut Connection, path: &str) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let answer = connection.get(path, "").await?;
    if answer.status != 200 {
        bail!("{path} answered {}: {}", answer.status, answer.body);
    }
    Ok(began.elapsed())
}
