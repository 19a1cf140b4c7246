//! The bounded queue in front of the writer.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How many commands may wait; also the largest batch.
const CAPACITY: usize = 256;
/// Jobs that may wait.
const JOBS: usize = 16;
/// A job that has waited for this long is taken before the commands.
const JOB_PATIENCE: Duration = Duration::from_secs(1);
/// How long the writer waits for active callers, as a multiple of the time of the last batch: the slower a commit, the more
/// a larger batch saves.
const LINGER: u32 = 4;
/// The longest such wait.
const LONGEST_LINGER: Duration = Duration::from_millis(3);
/// Callers of a batch that is older than this are not active any more.
const ACTIVE_FOR: Duration = Duration::from_millis(20);

/// The priority of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Priority {
    /// A request waits for the answer.
    Request,
    /// Background work: taken when no request waits.
    Job,
}

/// What the writer gets.
pub(super) enum Taken<T> {
    /// A batch, in the order of arrival.
    Batch(Vec<T>),
    /// A job, in a batch of its own.
    Job(T),
    /// Nothing arrived within the given time.
    Nothing,
    /// The queue is closed and empty.
    Closed,
}

/// Commands on their way to the writer.
pub(super) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    arrival: Condvar,
}

struct Inner<T> {
    requests: VecDeque<T>,
    jobs: VecDeque<(Instant, T)>,
    closed: bool,
    /// The writer sleeps until this many wait; 0 while it is awake. A wake-up costs a system call even if it is awake.
    wake_at: usize,
    /// Callers of the last batch, who are likely to return soon, and those who arrived meanwhile.
    active_callers: usize,
    /// How long the writer waits for them.
    linger: Duration,
    /// When that was recorded.
    noted: Instant,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        let inner = Inner {
            requests: VecDeque::with_capacity(CAPACITY),
            jobs: VecDeque::new(),
            closed: false,
            wake_at: 0,
            active_callers: 0,
            linger: Duration::ZERO,
            noted: Instant::now(),
        };
        Self {
            inner: Mutex::new(inner),
            arrival: Condvar::new(),
        }
    }

    /// Queues the command, or returns it when the queue is full or closed.
    pub(super) fn push(&self, command: T, priority: Priority) -> Result<(), T> {
        let mut inner = self.lock();
        let full = match priority {
            Priority::Request => inner.requests.len() >= CAPACITY,
            Priority::Job => inner.jobs.len() >= JOBS,
        };
        if full || inner.closed {
            return Err(command);
        }
        match priority {
            Priority::Request => inner.requests.push_back(command),
            Priority::Job => inner.jobs.push_back((Instant::now(), command)),
        }
        let waiting = inner.requests.len() + inner.jobs.len();
        let wake = inner.wake_at > 0 && waiting >= inner.wake_at;
        if wake {
            inner.wake_at = 0;
        }
        drop(inner);
        if wake {
            self.arrival.notify_one();
        }
        Ok(())
    }

    /// Accepts no more commands; those that wait are still taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrival.notify_one();
    }

    /// Accepts no more commands, and drops those that wait.
    pub(super) fn abandon(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.requests.clear();
        inner.jobs.clear();
    }

    /// Takes what waits, or waits up to `at_most` for the first command.
    pub(super) fn take(&self, at_most: Duration) -> Taken<T> {
        let mut inner = self.wait(self.lock(), at_most, 1);
        let expected = match inner.noted.elapsed() < ACTIVE_FOR {
            true => inner.active_callers.min(CAPACITY),
            false => 0,
        };
        if (1..expected).contains(&inner.requests.len()) {
            let linger = inner.linger;
            inner = self.wait(inner, linger, expected);
        }
        let impatient = inner
            .jobs
            .front()
            .is_some_and(|(since, _)| since.elapsed() >= JOB_PATIENCE);
        if (inner.requests.is_empty() || impatient)
            && let Some((_, job)) = inner.jobs.pop_front()
        {
            return Taken::Job(job);
        }
        if inner.requests.is_empty() {
            return if inner.closed {
                Taken::Closed
            } else {
                Taken::Nothing
            };
        }
        Taken::Batch(inner.requests.drain(..).collect())
    }

    /// Sleeps until this many commands wait, at most for the given time.
    fn wait<'a>(
        &self,
        inner: MutexGuard<'a, Inner<T>>,
        at_most: Duration,
        for_so_many: usize,
    ) -> MutexGuard<'a, Inner<T>> {
        let too_few = |i: &mut Inner<T>| {
            let few = i.requests.len() + i.jobs.len() < for_so_many && !i.closed;
            i.wake_at = if few { for_so_many } else { 0 };
            few
        };
        let (mut inner, _) = self
            .arrival
            .wait_timeout_while(inner, at_most, too_few)
            .unwrap_or_else(PoisonError::into_inner);
        inner.wake_at = 0;
        inner
    }

    /// Records after a batch how many requests it had and how long it took.
    pub(super) fn note_batch(&self, len: usize, took: Duration) {
        let mut inner = self.lock();
        inner.active_callers = len + inner.requests.len();
        inner.linger = took.saturating_mul(LINGER).min(LONGEST_LINGER);
        inner.noted = Instant::now();
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        // Nothing panics while holding the lock, so a poisoned queue is still consistent.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn take(queue: &Queue<u32>) -> Vec<u32> {
        match queue.take(Duration::ZERO) {
            Taken::Batch(batch) => batch,
            Taken::Job(job) => vec![job],
            _ => Vec::new(),
        }
    }

    #[test]
    fn what_waits_is_taken_in_order_and_jobs_come_last() {
        let queue = Queue::new();
        queue.push(9, Priority::Job).unwrap();
        queue.push(1, Priority::Request).unwrap();
        queue.push(2, Priority::Request).unwrap();
        assert_eq!(take(&queue), [1, 2]);
        assert_eq!(take(&queue), [9]);
        assert!(take(&queue).is_empty());
    }

    #[test]
    fn a_full_queue_gives_the_command_back() {
        let queue = Queue::new();
        for n in 0..256 {
            queue.push(n, Priority::Request).unwrap();
        }
        assert_eq!(queue.push(256, Priority::Request), Err(256));
        assert_eq!(
            queue.push(1, Priority::Job),
            Ok(()),
            "jobs have a queue of their own"
        );
        assert_eq!(take(&queue).len(), 256);
        assert_eq!(queue.push(256, Priority::Request), Ok(()));
    }

    #[test]
    fn active_callers_are_waited_for_but_not_for_ever() {
        let queue = Queue::new();
        queue.note_batch(3, Duration::from_secs(1));
        queue.push(1, Priority::Request).unwrap();
        assert_eq!(take(&queue), [1], "the others do not return");
        queue.note_batch(1, Duration::from_secs(1));
        queue.push(2, Priority::Request).unwrap();
        assert_eq!(take(&queue), [2], "no other caller is active");
    }

    #[test]
    fn the_last_to_come_wakes_the_writer() {
        let queue = Queue::new();
        let long = Duration::from_secs(60);
        let began = Instant::now();
        std::thread::scope(|threads| {
            let waits = threads.spawn(|| queue.wait(queue.lock(), long, 2).requests.len());
            while queue.lock().wake_at != 2 {
                std::thread::yield_now();
            }
            queue.push(1, Priority::Request).unwrap();
            assert_eq!(queue.lock().wake_at, 2, "one is not enough");
            queue.push(2, Priority::Request).unwrap();
            assert_eq!(waits.join().unwrap(), 2);
        });
        assert!(began.elapsed() < long);
    }

    #[test]
    fn a_closed_queue_is_emptied_first() {
        let queue = Queue::new();
        queue.push(1, Priority::Request).unwrap();
        queue.close();
        assert_eq!(queue.push(2, Priority::Request), Err(2));
        assert_eq!(take(&queue), [1]);
        assert!(matches!(queue.take(Duration::ZERO), Taken::Closed));
    }
}
