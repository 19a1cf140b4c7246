//! One call at a time, directly to the API and through the BFF in turns, with the session of a real login.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::{
    browse::{self, Cookies, Credentials},
    http::Connection,
    latency::percentile,
};

/// Calls before the other path takes its turn.
const TURN: usize = 50;
/// Calls that are not counted, while connections open and caches fill.
const WARM_UP: usize = 200;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port of the app.
    #[arg(long)]
    port: u16,
    /// The port of the provider.
    #[arg(long)]
    provider_port: u16,
    /// The port of the API.
    #[arg(long)]
    upstream_port: u16,
    /// The user who logs in.
    #[arg(long)]
    username: String,
    /// The user's password.
    #[arg(long)]
    password: String,
    /// The duration in seconds, for both paths together.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<Value> {
    let mut direct = Way::new(options.upstream_port, "/orders", String::new()).await?;
    let cookie = log_in(options).await?;
    let mut through = Way::new(options.port, "/api/orders", cookie).await?;
    for way in [&mut direct, &mut through] {
        way.take(WARM_UP).await?;
        way.times.clear();
    }
    if direct.body != through.body {
        bail!("the answers of the two paths differ");
    }
    let until = Instant::now() + Duration::from_secs(options.seconds);
    while Instant::now() < until {
        direct.take(TURN).await?;
        through.take(TURN).await?;
    }
    let [direct_p50, through_p50] = [&mut direct, &mut through].map(|way| way.median());
    let (direct_p50, through_p50) = (direct_p50?, through_p50?);
    Ok(json!({
        "direct_p50_ms": direct_p50,
        "through_p50_ms": through_p50,
        "through_p99_ms": percentile(&mut through.times, 99),
        "added_ms": through_p50 - direct_p50,
    }))
}

/// One persistent connection.
struct Way {
    connection: Connection,
    path: &'static str,
    cookie: String,
    body: String,
    times: Vec<Duration>,
}

impl Way {
    async fn new(port: u16, path: &'static str, cookie: String) -> anyhow::Result<Self> {
        Ok(Self {
            connection: Connection::open(port).await?,
            path,
            cookie,
            body: String::new(),
            times: Vec::new(),
        })
    }

    async fn take(&mut self, calls: usize) -> anyhow::Result<()> {
        for _ in 0..calls {
            let began = Instant::now();
            let answer = self.connection.get(self.path, &self.cookie).await?;
            self.times.push(began.elapsed());
            if answer.status != 200 {
                bail!("{} answered {}: {}", self.path, answer.status, answer.body);
            }
            self.body = answer.body;
        }
        Ok(())
    }

    fn median(&mut self) -> anyhow::Result<f64> {
        percentile(&mut self.times, 50).context("nothing was measured")
    }
}

/// The cookies of a browser that has logged in to the app.
async fn log_in(options: &Options) -> anyhow::Result<String> {
    let mut app = Connection::open(options.port).await?;
    let mut cookies = Cookies::default();
    let sent = app.get("/bff/login", "").await?;
    cookies.take(&sent);
    let to = sent
        .header("location")
        .next()
        .context("no login was started")?;
    let path = browse::local(to, options.provider_port)?;
    let callback = format!("http://localhost:{}/bff/callback", options.port);
    let credentials = Credentials::new(options.username.clone(), &options.password);
    let back = browse::to_code(options.provider_port, path, &callback, &credentials).await?;
    let path = browse::local(&back, options.port)?;
    let opened = app.get(path, &cookies.header()).await?;
    cookies.take(&opened);
    let user = app.get("/bff/user", &cookies.header()).await?;
    if user.status != 200 {
        bail!(
            "the browser is not logged in: {} {}",
            opened.status,
            opened.body
        );
    }
    Ok(cookies.header())
}
