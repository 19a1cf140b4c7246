//! The bounded queue in front of the writer.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Commands that may wait, and the most that one batch has.
const CAPACITY: usize = 256;
/// Jobs that may wait.
const JOBS: usize = 16;
/// A job that has waited as long as this is taken before the commands.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the writer waits for company when more than one request is under way.
const LINGER: Duration = Duration::from_micros(200);

/// Who waits how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Priority {
    /// Somebody waits for the answer.
    Request,
    /// Background work: taken when nobody else waits.
    Job,
}

/// What the writer gets.
pub(super) enum Taken<T> {
    /// A batch, in the order of arrival.
    Batch(Vec<T>),
    /// Nothing came in the given time.
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
    /// Whether the last batch had company: then its senders will be back in a moment.
    busy: bool,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        let inner = Inner {
            requests: VecDeque::with_capacity(CAPACITY),
            jobs: VecDeque::new(),
            closed: false,
            busy: false,
        };
        Self {
            inner: Mutex::new(inner),
            arrival: Condvar::new(),
        }
    }

    /// Lines up, or gives the command back when the queue is full or closed.
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
        drop(inner);
        self.arrival.notify_one();
        Ok(())
    }

    /// Lets no more commands in; those that wait are still taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrival.notify_one();
    }

    /// Lets no more commands in, and drops those that wait: nobody will take them.
    pub(super) fn abandon(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.requests.clear();
        inner.jobs.clear();
    }

    /// Takes what waits, or waits at most `at_most` for the first to come.
    pub(super) fn take(&self, at_most: Duration) -> Taken<T> {
        let inner = self.lock();
        let nothing = |i: &mut Inner<T>| i.requests.is_empty() && i.jobs.is_empty() && !i.closed;
        let (mut inner, _) = self
            .arrival
            .wait_timeout_while(inner, at_most, nothing)
            .unwrap_or_else(PoisonError::into_inner);
        if (inner.busy || inner.requests.len() > 1)
            && inner.requests.len() < CAPACITY
            && !inner.requests.is_empty()
        {
            drop(inner);
            // Asleep, not on the condition: each arrival would wake the writer, and the core has better things to do.
            std::thread::sleep(LINGER);
            inner = self.lock();
        }
        let impatient = inner
            .jobs
            .front()
            .is_some_and(|(since, _)| since.elapsed() >= PATIENCE);
        if (inner.requests.is_empty() || impatient)
            && let Some((_, job)) = inner.jobs.pop_front()
        {
            return Taken::Batch(vec![job]);
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

    /// Notes after a batch whether it had company.
    pub(super) fn note_batch(&self, len: usize) {
        let mut inner = self.lock();
        inner.busy = len > 1 || !inner.requests.is_empty();
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        // Nothing panics while it holds the lock; a poisoned queue is a whole queue.
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
    fn a_closed_queue_is_emptied_first() {
        let queue = Queue::new();
        queue.push(1, Priority::Request).unwrap();
        queue.close();
        assert_eq!(queue.push(2, Priority::Request), Err(2));
        assert_eq!(take(&queue), [1]);
        assert!(matches!(queue.take(Duration::ZERO), Taken::Closed));
    }
}
