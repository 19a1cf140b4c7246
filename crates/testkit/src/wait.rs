use std::time::{Duration, Instant};

/// How long something that must happen may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(2);

/// Waits until this is so, for what has no event of its own to wait for.
///
/// # Panics
/// When it is not so after [`PATIENCE`].
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
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
/// the network or for time is done then.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
