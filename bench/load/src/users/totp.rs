//! Logins with a password and the code of an authenticator app.
//!
//! A code counts once, so a user can log in twice within a step: with the code of now, and with that of the next step. Enrolling
//! takes the one of the step before. So there are many users, and each logs in twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    browse::{self, Credentials},
    latency::percentile,
    login,
};

/// Logins of a user within the codes of one step.
const LOGINS: u32 = 2;

#[derive(clap::Args, Clone)]
pub(crate) struct TotpOptions {
    #[command(flatten)]
    login: login::Options,
    /// The number of users.
    #[arg(long)]
    users: u32,
    /// What their names begin with.
    #[arg(long)]
    prefix: String,
}

/// The users, and the next one whose turn it is.
struct Users {
    options: TotpOptions,
    credentials: Vec<Credentials>,
    turn: AtomicU32,
}

pub(crate) async fn run(options: TotpOptions) -> anyhow::Result<Value> {
    let credentials = (0..options.users)
        .map(|number| {
            let username = format!("{}{number:07}", options.prefix);
            Credentials::new(username, &options.login.password)
        })
        .collect();
    let users = Arc::new(Users {
        options,
        credentials,
        turn: AtomicU32::new(0),
    });
    // Each sets up the app at the first login.
    log_in_all(&users, users.options.users, None).await?;
    users.turn.store(0, Ordering::Relaxed);
    let end = Instant::now() + Duration::from_secs(users.options.login.seconds);
    let began = Instant::now();
    let mut times = log_in_all(&users, users.options.users * LOGINS, Some(end)).await?;
    let per_second = times.len() as f64 / began.elapsed().as_secs_f64();
    Ok(json!({
        "logins": times.len(),
        "logins_per_second": per_second,
        "login_p99_ms": percentile(&mut times, 99),
    }))
}

/// So many logins in closed loops, or as many as there are before the end.
async fn log_in_all(
    users: &Arc<Users>,
    count: u32,
    end: Option<Instant>,
) -> anyhow::Result<Vec<Duration>> {
    let loops: Vec<_> = (0..users.options.login.loops)
        .map(|_| tokio::spawn(log_in_in_turn(Arc::clone(users), count, end)))
        .collect();
    let mut times = Vec::new();
    for one in loops {
        times.extend(one.await??);
    }
    Ok(times)
}

async fn log_in_in_turn(
    users: Arc<Users>,
    count: u32,
    end: Option<Instant>,
) -> anyhow::Result<Vec<Duration>> {
    let options = &users.options.login;
    let path = login::authorization(options);
    let mut times = Vec::new();
    loop {
        let turn = users.turn.fetch_add(1, Ordering::Relaxed);
        if turn >= count || end.is_some_and(|end| Instant::now() >= end) {
            return Ok(times);
        }
        let place = usize::try_from(turn)? % users.credentials.len();
        let user = users.credentials.get(place).context("a user")?;
        let began = Instant::now();
        browse::to_code(options.port, &path, &options.redirect_uri, user)
            .await
            .with_context(|| format!("login {turn}, of {}", user.username))?;
        times.push(began.elapsed());
    }
}
