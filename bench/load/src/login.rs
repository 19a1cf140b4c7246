//! Users who log in as fast as the server allows, and machines that request tokens at a constant rate at the same time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

use crate::{
    browse::{self, Credentials},
    http::{Connection, form},
    latency::percentile,
};

/// The connections of the constant rate. A request without a free connection waits, and its wait counts.
const CONNECTIONS: usize = 16;

#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    /// The port of the server.
    #[arg(long)]
    pub(crate) port: u16,
    /// The number of users who log in at once, named `person0` and so on.
    #[arg(long, default_value_t = 8)]
    pub(crate) loops: usize,
    /// Their password.
    #[arg(long)]
    pub(crate) password: String,
    /// The client that requests the login.
    #[arg(long)]
    pub(crate) client: String,
    /// Its redirect URI.
    #[arg(long)]
    pub(crate) redirect_uri: String,
    /// The body of the token requests at the same time.
    #[arg(long, default_value = "")]
    token_body: String,
    /// The number of token requests a second; 0 for none.
    #[arg(long, default_value_t = 0)]
    token_rate: u32,
    /// The duration in seconds.
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<Value> {
    // The first login of each user includes the consent page; the measured ones don't.
    for index in 0..options.loops {
        log_in_once(&options, index).await?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let loops: Vec<_> = (0..options.loops)
        .map(|index| tokio::spawn(log_in_until(options.clone(), index, Arc::clone(&stop))))
        .collect();
    let beside = tokio::spawn(constant_rate(options.clone()));
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut logins = Vec::new();
    for one in loops {
        logins.extend(one.await??);
    }
    let per_second = logins.len() as f64 / began.elapsed().as_secs_f64();
    let mut tokens = beside.await??;
    Ok(json!({
        "logins_per_second": per_second,
        "login_p99_ms": percentile(&mut logins, 99),
        "tokens": tokens.len(),
        "token_p50_ms": percentile(&mut tokens, 50),
        "token_p99_ms": percentile(&mut tokens, 99),
    }))
}

async fn log_in_once(options: &Options, index: usize) -> anyhow::Result<Duration> {
    let credentials = Credentials::new(format!("person{index}"), &options.password);
    let path = authorization(options);
    let began = Instant::now();
    browse::to_code(options.port, &path, &options.redirect_uri, &credentials)
        .await
        .with_context(|| format!("the login of {}", credentials.username))?;
    Ok(began.elapsed())
}

/// The path of an authorization request.
pub(crate) fn authorization(options: &Options) -> String {
    let request = form(&[
        ("client_id", &options.client),
        ("redirect_uri", &options.redirect_uri),
        ("response_type", "code"),
        ("scope", "openid orders:read"),
        ("state", "state"),
        ("nonce", "nonce"),
        ("code_challenge", browse::CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    format!("/authorize?{request}")
}

async fn log_in_until(
    options: Options,
    index: usize,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        times.push(log_in_once(&options, index).await?);
    }
    Ok(times)
}

/// An open loop: each request is due at a fixed time, whether the previous one is answered or not, and is measured from that
/// time.
async fn constant_rate(options: Options) -> anyhow::Result<Vec<Duration>> {
    if options.token_rate == 0 {
        return Ok(Vec::new());
    }
    let total = u64::from(options.token_rate) * options.seconds;
    let (due, waiting) = mpsc::channel::<Instant>(usize::try_from(total)?);
    let waiting = Arc::new(Mutex::new(waiting));
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(send(options.clone(), Arc::clone(&waiting))))
        .collect();
    let began = Instant::now();
    for number in 0..total {
        let at = began + Duration::from_secs(1) * u32::try_from(number)? / options.token_rate;
        tokio::time::sleep_until(at.into()).await;
        due.send(at).await?;
    }
    drop(due);
    let mut times = Vec::new();
    for sender in senders {
        times.extend(sender.await??);
    }
    Ok(times)
}

async fn send(
    options: Options,
    waiting: Arc<Mutex<mpsc::Receiver<Instant>>>,
) -> anyhow::Result<Vec<Duration>> {
    let mut connection = Connection::open(options.port).await?;
    let mut times = Vec::new();
    loop {
        let next = waiting.lock().await.recv().await;
        let Some(due) = next else { return Ok(times) };
        let answer = connection.post("/token", "", &options.token_body).await?;
        if answer.status != 200 {
            bail!("/token answered {}: {}", answer.status, answer.body);
        }
        times.push(due.elapsed());
    }
}
