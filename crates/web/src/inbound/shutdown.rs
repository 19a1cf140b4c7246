//! Signals cancel one token, which all long-lived tasks watch. No other signal ends the process.

use std::time::Duration;

use rustix::process::Signal as Number;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// Supervisors signal the process and its group, so one wish to stop can arrive twice.
const ONE_SIGNAL: Duration = Duration::from_millis(180);

/// Signals whose default action would end the process, and that say nothing to a server. SIGHUP is among them: a server that
/// reloads something listens for it too.
const IGNORED: [Number; 11] = [
    Number::HUP,
    Number::USR1,
    Number::USR2,
    Number::ALARM,
    Number::VTALARM,
    Number::PROF,
    Number::IO,
    Number::XCPU,
    // A write beyond the limit of a file's size then fails with EFBIG.
    Number::XFSZ,
    #[cfg(target_os = "linux")]
    Number::POWER,
    #[cfg(not(target_os = "linux"))]
    Number::WINCH,
    #[cfg(target_os = "linux")]
    Number::STKFLT,
    #[cfg(not(target_os = "linux"))]
    Number::URG,
];

/// Real-time signals, from the first one that the C library leaves to programs.
#[cfg(target_os = "linux")]
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;

/// A token that SIGTERM, SIGINT or SIGQUIT cancels. The second signal ends the process immediately. All other signals that can
/// be ignored are.
///
/// # Errors
/// When the process cannot listen for signals.
pub fn on_signal() -> std::io::Result<CancellationToken> {
    on_signal_then(|| {})
}

/// The same, and `at_exit` runs before a second signal ends the process.
///
/// # Errors
/// When the process cannot listen for signals.
pub fn on_signal_then(
    at_exit: impl FnOnce() + Send + 'static,
) -> std::io::Result<CancellationToken> {
    ignore_others();
    let mut signals = Signals {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        quit: signal(SignalKind::quit())?,
    };
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let name = signals.next().await;
        tracing::info!(
            signal = name,
            "shutting down; a second signal ends the process immediately"
        );
        cancelled.cancel();
        let until = Instant::now() + ONE_SIGNAL;
        loop {
            tokio::select! {
                _ = signals.next() => {}
                () = sleep_until(until) => break,
            }
        }
        let name = signals.next().await;
        tracing::warn!(signal = name, "second signal, exiting immediately");
        at_exit();
        std::process::exit(130);
    });
    Ok(token)
}

/// A handler of tokio stays installed when its stream is dropped.
fn ignore_others() {
    let ignored = IGNORED.iter().map(|number| number.as_raw());
    #[cfg(target_os = "linux")]
    let ignored = ignored.chain(REAL_TIME);
    for number in ignored {
        if let Err(error) = signal(SignalKind::from_raw(number)) {
            tracing::debug!(number, %error, "could not ignore a signal");
        }
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl Signals {
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.quit.recv() => "SIGQUIT",
        }
    }
}
