//! A writer for logs that never waits and never fails.
//!
//! Lines are put into a bounded queue, and a thread of its own writes them. A line that cannot be written (closed pipe, stalled
//! reader, full disk) is dropped and counted. A request, a signal and a start therefore never depend on the reader of the log.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use metrics::counter;
use tracing::{Metadata, callsite::Identifier};

use crate::metric_names::{LOG_LINES_DROPPED, LOG_LINES_SAMPLED};

/// How many lines wait. With the longest lines in practice (some 2 KiB) this is 2 MiB.
const MAX_LINES: usize = 1024;
/// A longer line is cut.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// The writing end of a log. Clones write to the same queue.
#[derive(Clone)]
pub struct LogWriter {
    lines: Option<SyncSender<Vec<u8>>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Lines in the queue or being written.
    pending: Mutex<usize>,
    changed: Condvar,
    /// Lines that were dropped since this was last reported.
    dropped: AtomicU64,
    /// Refusals that were left out since this was last reported.
    sampled: AtomicU64,
}

/// How the line that reports dropped lines looks.
#[derive(Clone, Copy)]
pub enum Report {
    /// One JSON document.
    Json,
    /// A sentence.
    Text,
}

impl LogWriter {
    /// A log on standard error.
    #[must_use]
    pub fn stderr(report: Report) -> Self {
        // Not `io::stderr()`: a thread that waits for a stalled reader would hold its lock, and any other writer would wait too.
        Self::new(Unlocked, report)
    }

    /// A log that is written to `sink`.
    pub fn new(sink: impl Write + Send + 'static, report: Report) -> Self {
        let (sender, receiver) = sync_channel(MAX_LINES);
        let state = Arc::new(State::default());
        let writing = Arc::clone(&state);
        let started = thread::Builder::new()
            .name("cardea-log".to_owned())
            .spawn(move || write_all(&receiver, sink, &writing, report));
        Self {
            // Without the thread every line is dropped and counted.
            lines: started.is_ok().then_some(sender),
            state,
        }
    }

    /// A sampler of refusals that reports to this log what it leaves out.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        Sampler {
            state: Arc::clone(&self.state),
            windows: Arc::default(),
        }
    }

    /// Waits until everything is written, at most this long.
    pub fn flush_for(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        let mut pending = self.state.pending();
        while *pending > 0 {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return;
            };
            let waited = self.state.changed.wait_timeout(pending, left);
            pending = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The target of lines about refused requests, which strangers can cause in any number. It is sampled.
pub const REFUSED: &str = "cardea_refused";
/// How many of these lines are logged in a second, of one place.
const REFUSALS_A_SECOND: u32 = 200;

/// Lets so many lines with the target [`REFUSED`] through in a second, of each place in the source that writes them: a flood of one
/// kind hides no other. All other lines pass.
#[derive(Clone)]
pub struct Sampler {
    state: Arc<State>,
    windows: Arc<Mutex<HashMap<Identifier, Window>>>,
}

struct Window {
    began: Instant,
    lines: u32,
}

impl Window {
    fn takes(&mut self, now: Instant) -> bool {
        if now.duration_since(self.began) >= Duration::from_secs(1) {
            *self = Self {
                began: now,
                lines: 0,
            };
        }
        self.lines = self.lines.saturating_add(1);
        self.lines <= REFUSALS_A_SECOND
    }
}

impl Sampler {
    /// Whether a line with this target is logged now. One that is not is counted.
    #[must_use]
    pub fn takes(&self, line: &Metadata<'_>) -> bool {
        if line.target() != REFUSED {
            return true;
        }
        let now = Instant::now();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(line.callsite()).or_insert(Window {
            began: now,
            lines: 0,
        });
        if window.takes(now) {
            return true;
        }
        drop(windows);
        self.state.sampled.fetch_add(1, Ordering::Relaxed);
        counter!(LOG_LINES_SAMPLED).increment(1);
        false
    }
}

impl State {
    fn pending(&self) -> MutexGuard<'_, usize> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done(&self) {
        let mut pending = self.pending();
        *pending = pending.saturating_sub(1);
        self.changed.notify_all();
    }

    fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        counter!(LOG_LINES_DROPPED).increment(1);
    }
}

impl Write for LogWriter {
    /// Takes a whole line. It never fails: what does not fit is dropped and counted.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut kept = line
            .get(..MAX_LINE_BYTES)
            .map_or_else(|| line.to_vec(), <[u8]>::to_vec);
        if kept.len() < line.len() {
            kept.push(b'\n');
        }
        *self.state.pending() += 1;
        let sent = match &self.lines {
            Some(lines) => lines.try_send(kept),
            None => Err(TrySendError::Full(kept)),
        };
        if sent.is_err() {
            self.state.done();
            self.state.dropped();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(lines: &Receiver<Vec<u8>>, mut sink: impl Write, state: &State, report: Report) {
    while let Ok(line) = lines.recv() {
        for (count, why) in [
            (&state.dropped, "they could not be written"),
            (&state.sampled, "too many refusals in one second"),
        ] {
            let missing = count.swap(0, Ordering::Relaxed);
            if missing > 0 && write(&mut sink, report.line(missing, why).as_bytes()).is_err() {
                count.fetch_add(missing, Ordering::Relaxed);
            }
        }
        if write(&mut sink, &line).is_err() {
            state.dropped();
        }
        state.done();
    }
}

fn write(sink: &mut impl Write, line: &[u8]) -> io::Result<()> {
    sink.write_all(line)?;
    sink.flush()
}

impl Report {
    fn line(self, dropped: u64, why: &str) -> String {
        match self {
            Self::Json => format!(
                "{{\"level\":\"WARN\",\"message\":\"log lines were dropped: {why}\",\"dropped\":{dropped}}}\n"
            ),
            Self::Text => format!("WARN {dropped} log lines were dropped: {why}\n"),
        }
    }
}

/// Standard error without its lock.
struct Unlocked;

impl Write for Unlocked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stderr(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn s9_refusals_of_one_second_are_sampled_and_everything_else_passes() {
        let log = LogWriter::new(io::sink(), Report::Text);
        let sampler = log.sampler();
        let [flood, other, start] = lines();
        let taken = (0..10_000).filter(|_| sampler.takes(flood)).count();
        let limit = usize::try_from(REFUSALS_A_SECOND).unwrap();
        assert!(taken >= limit && taken < 5000, "{taken}");
        let sampled = log.state.sampled.load(Ordering::Relaxed);
        assert_eq!(usize::try_from(sampled).unwrap(), 10_000 - taken);
        assert!((0..10_000).all(|_| sampler.takes(start)));
        assert!(sampler.takes(other), "a flood of one kind hides no other");
    }

    /// Two places that write lines about refusals, and one that writes others.
    fn lines() -> [&'static Metadata<'static>; 3] {
        use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&seen);
        let note = tracing_subscriber::filter::dynamic_filter_fn(move |line, _| {
            into.lock().unwrap().push(line.callsite());
            true
        });
        let layer = tracing_subscriber::fmt::layer().with_writer(io::sink);
        let registry = tracing_subscriber::registry().with(layer.with_filter(note));
        tracing::subscriber::with_default(registry, || {
            tracing::info!(target: REFUSED, "one");
            tracing::info!(target: REFUSED, "two");
            tracing::info!("three");
        });
        let seen = seen.lock().unwrap();
        [0, 1, 2].map(|i| seen[i].0.metadata())
    }

    #[test]
    fn s9_the_next_second_has_lines_of_its_own() {
        let began = Instant::now();
        let mut window = Window { began, lines: 0 };
        let taken = (0..1000).filter(|_| window.takes(began)).count();
        assert_eq!(taken, usize::try_from(REFUSALS_A_SECOND).unwrap());
        assert!(window.takes(began + Duration::from_secs(1)));
    }

    /// A sink that is broken, stalled or fine, as the test says for each write.
    struct Sink {
        verdicts: Receiver<io::Result<()>>,
        written: Sender<String>,
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.verdicts.recv().unwrap()?;
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            self.written.send(text).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    type Stage = (LogWriter, Sender<io::Result<()>>, Receiver<String>);

    fn log() -> Stage {
        let (verdict, verdicts) = channel();
        let (written, lines) = channel();
        let sink = Sink { verdicts, written };
        (LogWriter::new(sink, Report::Json), verdict, lines)
    }

    #[test]
    fn s5_lines_are_dropped_while_the_reader_stalls_and_reported_when_it_reads_again() {
        let (mut log, verdict, lines) = log();
        // The first is held by the thread, the queue takes the others.
        for _ in 0..MAX_LINES * 2 {
            log.write_all(b"line\n").unwrap();
        }
        for _ in 0..MAX_LINES * 2 + 2 {
            verdict.send(Ok(())).unwrap();
        }
        log.flush_for(PATIENCE);
        log.write_all(b"last\n").unwrap();
        log.flush_for(PATIENCE);
        let seen: Vec<String> = lines.try_iter().collect();
        let reports: Vec<&String> = seen.iter().filter(|l| l.contains("dropped")).collect();
        let kept = seen.iter().filter(|line| *line == "line\n").count();
        let dropped: u64 = reports
            .iter()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| line["dropped"].as_u64().unwrap())
            .sum();
        assert_eq!(kept as u64 + dropped, MAX_LINES as u64 * 2);
        assert!(dropped >= MAX_LINES as u64 - 1, "{dropped}");
        assert_eq!(seen.last().unwrap(), "last\n");
    }

    #[test]
    fn s5_a_sink_that_fails_loses_its_lines_and_nothing_else() {
        let (mut log, verdict, lines) = log();
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        // From the second line on, the report of what was lost before fails too.
        for error in [broken(), full(), full(), broken(), full()] {
            verdict.send(Err(error)).unwrap();
        }
        for _ in 0..3 {
            log.write_all(b"lost\n").unwrap();
            log.flush_for(PATIENCE);
        }
        (0..2).for_each(|_| verdict.send(Ok(())).unwrap());
        log.write_all(b"kept\n").unwrap();
        log.flush_for(PATIENCE);
        let seen: Vec<String> = lines.try_iter().collect();
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen.concat().contains("\"dropped\":3"), "{seen:?}");
    }

    #[test]
    fn s5_a_flush_does_not_wait_for_a_stalled_reader() {
        let (mut log, _verdict, _lines) = log();
        log.write_all(b"stalled\n").unwrap();
        log.flush_for(Duration::from_millis(10));
        assert_eq!(*log.state.pending(), 1);
    }
}
