//! What the store can do at the moment.

use tokio::sync::watch;

use super::fault::not_done;
use crate::Result;

/// What the store can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Read and write.
    Ready,
    /// Read; the disk is full.
    Full,
    /// Nothing reliable: only a new process may open the file again.
    Failed(String),
}

/// Set by the writer, read by everyone else.
pub(super) struct Health(watch::Sender<State>);

impl Health {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(State::Ready))
    }

    /// Fails when nothing can be written.
    pub(super) fn check(&self) -> Result<()> {
        match &*self.0.borrow() {
            State::Ready => Ok(()),
            State::Full => Err(not_done("the disk is full")),
            State::Failed(why) => Err(not_done(&format_args!("the store has failed: {why}"))),
        }
    }

    pub(super) fn state(&self) -> State {
        self.0.borrow().clone()
    }

    /// Sets the state. `Failed` is final.
    pub(super) fn set(&self, to: State) {
        self.0.send_if_modified(|state| {
            let changes = *state != to && !matches!(state, State::Failed(_));
            if changes {
                *state = to;
            }
            changes
        });
    }

    /// Resolves when the store has failed, with the reason.
    pub(super) fn failed(&self) -> impl Future<Output = String> + Send + use<> {
        let mut states = self.0.subscribe();
        async move {
            let failed = states
                .wait_for(|s| matches!(s, State::Failed(_)))
                .await
                .map(|s| s.clone());
            match failed {
                Ok(State::Failed(why)) => why,
                // The store was closed normally: it never fails.
                _ => std::future::pending().await,
            }
        }
    }
}
