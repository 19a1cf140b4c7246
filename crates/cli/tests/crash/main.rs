//! `kill -9` in the middle of load, again and again: nothing that was acknowledged is lost (design D5).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod http;
mod mail;
mod provider;
mod sink;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use cardea_testkit::block_until;
use provider::{Browser, Provider};

const ROUNDS: u32 = 50;
const CLIENTS: usize = 4;

/// What one client has in its hands: all of it was acknowledged by the provider.
#[derive(Clone)]
struct Hands {
    refresh_token: String,
    /// A code that nobody has redeemed yet.
    code: Option<String>,
}

#[test]
fn kill_9_under_load_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut provider = Provider::start(folder.path());
    let browser = Browser::log_in(&provider);
    let mut hands: Vec<Hands> = (0..CLIENTS)
        .map(|_| Hands {
            refresh_token: provider.redeem(&browser.code(&provider)).unwrap(),
            code: None,
        })
        .collect();
    let acknowledged = Arc::new(AtomicU64::new(0));
    for round in 0..ROUNDS {
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = hands
            .iter()
            .cloned()
            .map(|mine| {
                let (at, browser) = (provider.address(), browser.clone());
                let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
                thread::spawn(move || work(&at, &browser, mine, (&stop, &acknowledged)))
            })
            .collect();
        // After another number of answers in each round, so that the kill falls into every part of a step.
        let before = acknowledged.load(Ordering::Relaxed);
        let load = before + 5 + u64::from(round % 10) * 3;
        block_until("load", || acknowledged.load(Ordering::Relaxed) >= load);
        provider.kill_9();
        stop.store(true, Ordering::Relaxed);
        hands = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect();
        provider = Provider::start(folder.path());
        for mine in &mut hands {
            let token = provider.refresh(&mine.refresh_token);
            mine.refresh_token = token
                .unwrap_or_else(|e| panic!("round {round}: an acknowledged token is dead: {e}"));
            if let Some(code) = mine.code.take() {
                let token = provider.redeem(&code);
                mine.refresh_token = token
                    .unwrap_or_else(|e| panic!("round {round}: an acknowledged code is dead: {e}"));
            }
        }
    }
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    println!("{ROUNDS} rounds, {acknowledged} answers acknowledged under load");
    assert!(
        acknowledged > u64::from(ROUNDS) * 4,
        "there was no load to speak of: {acknowledged}"
    );
}

/// Asks for codes, redeems and rotates until the provider is gone; gives back what was acknowledged last.
fn work(
    at: &str,
    browser: &Browser,
    mut mine: Hands,
    (stop, acknowledged): (&AtomicBool, &AtomicU64),
) -> Hands {
    while !stop.load(Ordering::Relaxed) {
        let Ok(token) = provider::refresh(at, &mine.refresh_token) else {
            break;
        };
        mine.refresh_token = token;
        acknowledged.fetch_add(1, Ordering::Relaxed);
        let Ok(code) = provider::code(at, browser) else {
            break;
        };
        mine.code = Some(code);
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    mine
}
