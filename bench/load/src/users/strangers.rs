//! Strangers who sign up and never confirm, and what is in the store afterwards.

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rusqlite::{Connection as Database, OpenFlags};
use serde_json::{Value, json};

use crate::{
    browse::{self, Cookies},
    http::Connection,
    latency::percentile,
};

const PAGE: &str = "/sign_up";
/// The network of the first one; each has the next /24.
const FIRST_NETWORK: u32 = 0x0b00_0007;
const OF_A_NETWORK: u32 = 256;

#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    /// The port of the server, which takes this load for its proxy.
    #[arg(long)]
    port: u16,
    /// The number of sign-ups.
    #[arg(long)]
    count: u32,
    /// How many at once.
    #[arg(long, default_value_t = 8)]
    loops: usize,
    /// The password of all.
    #[arg(long)]
    password: String,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<Value> {
    let turn = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let loops: Vec<_> = (0..options.loops)
        .map(|_| tokio::spawn(sign_up_in_turn(options.clone(), Arc::clone(&turn))))
        .collect();
    let mut times = Vec::new();
    for one in loops {
        times.extend(one.await??);
    }
    Ok(json!({
        "sign_ups": times.len(),
        "sign_ups_per_second": times.len() as f64 / began.elapsed().as_secs_f64(),
        "sign_up_p50_ms": percentile(&mut times, 50),
        "sign_up_p99_ms": percentile(&mut times, 99),
    }))
}

/// The times of the answers to the form.
async fn sign_up_in_turn(options: Options, turn: Arc<AtomicU32>) -> anyhow::Result<Vec<Duration>> {
    let mut connection = Connection::open(options.port).await?;
    let mut times = Vec::new();
    loop {
        let number = turn.fetch_add(1, Ordering::Relaxed);
        if number >= options.count {
            return Ok(times);
        }
        connection.forward_for(Ipv4Addr::from(FIRST_NETWORK + number * OF_A_NETWORK));
        times.push(sign_up(&mut connection, number, &options).await?);
    }
}

/// In a new browser, whose page is not timed.
async fn sign_up(
    connection: &mut Connection,
    number: u32,
    options: &Options,
) -> anyhow::Result<Duration> {
    let mut cookies = Cookies::default();
    let page = connection.get(PAGE, "").await?;
    cookies.take(&page);
    let form = browse::forms(&page.body).next().context("no form")?;
    let name = format!("stranger{number}");
    let email = format!("{name}@example{}.test", number % 50);
    let (action, body) = form.with(&[
        ("username", &name),
        ("email", &email),
        ("password", &options.password),
    ])?;
    let action = browse::local(&action, options.port)?;
    let began = Instant::now();
    let answer = connection.post(action, &cookies.header(), &body).await?;
    let took = began.elapsed();
    ensure!(
        answer.status == 200 && !answer.body.contains("name=\"password\""),
        "sign-up {number} was answered {}: {}",
        answer.status,
        answer.body
    );
    Ok(took)
}

#[derive(clap::Args)]
pub(crate) struct RowsOptions {
    /// The file of the store.
    #[arg(long)]
    database: PathBuf,
}

/// All rows of the store, and those of the outbox: how many there are, and how many were written.
pub(crate) fn rows(options: &RowsOptions) -> anyhow::Result<Value> {
    let database = Database::open_with_flags(&options.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let number = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0));
    let tables =
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut tables = database.prepare(tables)?;
    let names: Vec<String> = tables
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut rows = 0;
    for name in names {
        rows += number(&format!("SELECT count(*) FROM \"{name}\""))?;
    }
    Ok(json!({
        "rows": rows,
        "outbox": number("SELECT count(*) FROM outbox")?,
        // The key of the latest: none is used twice while a later one is there.
        "outbox_written": number("SELECT coalesce(max(message_key), 0) FROM outbox")?,
    }))
}
