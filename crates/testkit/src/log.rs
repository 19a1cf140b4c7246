use std::{
    io::{self, Write},
    sync::{Arc, Mutex, Once, PoisonError},
};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt};

/// Everything that one thread logs, at the finest level.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures what this thread logs until the guard is dropped: a test and its handlers run on one thread.
    #[must_use]
    pub fn capture() -> (Self, DefaultGuard) {
        // Without a global subscriber a place that logs first in another test's thread is cached as switched off.
        static GLOBAL: Once = Once::new();
        GLOBAL.call_once(|| {
            let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        });
        let log = Self::default();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(log.clone())
            .with_ansi(false);
        let subscriber = tracing_subscriber::registry().with(layer);
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// What was logged so far.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).expect("a text")
    }

    /// The lines so far that contain this text.
    #[must_use]
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let all = self.text();
        let lines = all.lines().filter(|line| line.contains(text));
        lines.map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
