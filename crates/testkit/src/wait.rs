use std::time::{Duration, Instant};

/// How long something that must happen may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(2);

/// Waits until this is so, for what has no event of its own to wait for.
///
/// # Panics
/// When it is not so after [`PATIENCE`].
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    eventually(what, async || condition()).await;
}

/// The same for a condition that is asked of a server.
///
/// # Panics
/// When it is not so after [`PATIENCE`].
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "still waiting: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The same for a thread outside of a runtime.
///
/// # Panics
/// When it is not so after [`PATIENCE`].
pub fn block_until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "still waiting: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Lets every task of a runtime with one thread that can go on go on, again and again: what was going to be done without waiting for
/// time or for another machine is done then.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Lets real time pass. Only for a test whose input is the pause: a client that sends slowly, a connection that stays silent. Say
/// beside it which timeout it is meant for. What has an event is waited for with [`until`].
pub async fn slowly(pause: Duration) {
    tokio::time::sleep(pause).await;
}
