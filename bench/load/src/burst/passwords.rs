//! A flood of wrong passwords, and users who log in at the same time in known browsers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{
    browse::{Cookies, Credentials, fill, local, to_code_in},
    http::Connection,
    login::{Options, authorization},
};

/// The number of connections that send wrong passwords: more than the server queues.
const FLOOD: usize = 96;
/// A login that was refused is tried again after this time, as a user would.
const PAUSE: Duration = Duration::from_millis(200);

pub(crate) async fn run(options: Options) -> anyhow::Result<Value> {
    let mut browsers = Vec::new();
    for index in 0..options.loops {
        let mut cookies = Cookies::default();
        log_in(&options, index, &mut cookies).await?;
        browsers.push(cookies);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let wrong = Arc::new(AtomicU64::new(0));
    let flood: Vec<_> = (0..FLOOD)
        .map(|index| {
            tokio::spawn(guess(
                options.clone(),
                index,
                Arc::clone(&stop),
                Arc::clone(&wrong),
            ))
        })
        .collect();
    // Until the queue is full.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let users: Vec<_> = browsers
        .into_iter()
        .enumerate()
        .map(|(index, cookies)| {
            tokio::spawn(log_in_until(
                options.clone(),
                index,
                cookies,
                Arc::clone(&stop),
            ))
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let (mut answered, mut tried) = (0_u64, 0_u64);
    let mut browsers = Vec::new();
    for user in users {
        let (right, all, cookies) = user.await?;
        answered += right;
        tried += all;
        browsers.push(cookies);
    }
    for one in flood {
        one.await??;
    }
    // A login ends the lock that the flood has left for browsers that are not known.
    tokio::time::sleep(PAUSE).await;
    for (index, cookies) in browsers.iter_mut().enumerate() {
        log_in(&options, index, cookies).await?;
    }
    ensure!(tried > 0, "no login ended in the time");
    Ok(json!({
        "right_answered_percent": 100.0 * answered as f64 / tried as f64,
        "right_tried": tried,
        "wrong_answered": wrong.load(Ordering::Relaxed),
    }))
}

/// `prompt=login`: the browser has a session, and asks for the password again.
async fn log_in(options: &Options, index: usize, cookies: &mut Cookies) -> anyhow::Result<String> {
    let credentials = Credentials::new(format!("person{index}"), &options.password);
    let path = format!("{}&prompt=login", authorization(options));
    to_code_in(
        cookies,
        options.port,
        &path,
        &options.redirect_uri,
        &credentials,
    )
    .await
}

/// The numbers of answered and of tried logins.
async fn log_in_until(
    options: Options,
    index: usize,
    mut cookies: Cookies,
    stop: Arc<AtomicBool>,
) -> (u64, u64, Cookies) {
    let (mut answered, mut tried) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        tried += 1;
        match log_in(&options, index, &mut cookies).await {
            Ok(_) => answered += 1,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    (answered, tried, cookies)
}

/// One page, then one wrong password after the other.
async fn guess(
    options: Options,
    index: usize,
    stop: Arc<AtomicBool>,
    wrong: Arc<AtomicU64>,
) -> anyhow::Result<()> {
    let mut cookies = Cookies::default();
    let mut connection = Connection::open(options.port).await?;
    let redirect = connection.get(&authorization(&options), "").await?;
    cookies.take(&redirect);
    let location = redirect.header("location").next().context("no Location")?;
    let path = local(location, options.port)?.to_owned();
    let page = connection.get(&path, &cookies.header()).await?;
    cookies.take(&page);
    // Half of the names exist.
    let number = if index.is_multiple_of(2) {
        index % options.loops
    } else {
        index + 1000
    };
    let guess = Credentials::new(format!("person{number}"), "wrong-password-of-a-flood");
    let (action, body) = fill(&page.body, &guess)?;
    let action = local(&action, options.port)?.to_owned();
    while !stop.load(Ordering::Relaxed) {
        let answer = connection.post(&action, &cookies.header(), &body).await?;
        ensure!(
            answer.status >= 400,
            "a wrong password was answered {}",
            answer.status
        );
        wrong.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
