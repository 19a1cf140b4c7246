//! Silent connections, and health checks at the same time, each on a new connection.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};

use crate::{http::Connection, latency::percentile};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port of the server.
    #[arg(long)]
    port: u16,
    /// The number of held connections.
    #[arg(long, default_value_t = 4096)]
    connections: usize,
    /// The number of health checks.
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
