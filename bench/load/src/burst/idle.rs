//! Connections that say nothing, and health checks beside them, each on a new connection.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};

use crate::{http::Connection, latency::percentile};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the server listens.
    #[arg(long)]
    port: u16,
    /// How many connections are held.
    #[arg(long, default_value_t = 4096)]
    connections: usize,
    /// How many health checks.
    #[arg(long, default_value_t = 500)]
    checks: usize,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<Value> {
    let mut held = Vec::new();
    for _ in 0..options.connections {
        held.push(Connection::open(options.port).await?);
    }
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..options.checks {
        let began = Instant::now();
        let mut connection = Connection::open(options.port).await?;
        let answer = connection.get("/health/live", "").await?;
        ensure!(answer.status == 200, "health answered {}", answer.status);
        times.push(began.elapsed());
    }
    Ok(json!({
        "held": held.len(),
        "health_p50_ms": percentile(&mut times, 50),
        "health_p99_ms": percentile(&mut times, 99),
    }))
}
