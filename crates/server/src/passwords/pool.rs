//! Threads that hash: few, at lower priority, each with its memory kept (D14).

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use argon2::Block;
use tokio::sync::oneshot;

use super::{error::Busy, method::free_surplus};

/// At about 35 hashes a second and core, more waiting than this means seconds.
const MAX_WAITING: usize = 64;
const MAX_THREADS: usize = 8;
/// Lower than the threads that answer `/token`.
const NICE: i32 = 10;
/// After so many jobs of known callers in a row one of a stranger is done, so that neither lane starves.
const KNOWN_IN_A_ROW: u32 = 4;

type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// Who waits for a hash. Each lane has its own places, so that a flood of wrong logins leaves those of known callers free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A browser that logged this user in before, or an operator.
    Known,
    /// Everyone else.
    Strangers,
}

pub(super) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    known: VecDeque<Job>,
    strangers: VecDeque<Job>,
    known_in_a_row: u32,
    is_closed: bool,
}

impl Queue {
    fn put(&mut self, lane: Lane, job: Job) -> Result<(), Busy> {
        let jobs = match lane {
            Lane::Known => &mut self.known,
            Lane::Strangers => &mut self.strangers,
        };
        if jobs.len() >= MAX_WAITING {
            return Err(Busy);
        }
        jobs.push_back(job);
        Ok(())
    }

    fn take(&mut self) -> Option<Job> {
        let strangers_turn = self.known_in_a_row >= KNOWN_IN_A_ROW && !self.strangers.is_empty();
        let known = (!strangers_turn).then(|| self.known.pop_front()).flatten();
        self.known_in_a_row = match known {
            Some(_) => self.known_in_a_row.saturating_add(1),
            None => 0,
        };
        known.or_else(|| self.strangers.pop_front())
    }
}

impl Pool {
    pub(super) fn start() -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self::start_with(threads.min(MAX_THREADS))
    }

    fn start_with(threads: usize) -> io::Result<Self> {
        let pool = Self {
            shared: Arc::default(),
        };
        for _ in 0..threads {
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new()
                .name("password".to_owned())
                .spawn(move || work(&shared))?;
        }
        Ok(pool)
    }

    /// Runs a job; refused at once when too many wait in its lane.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        job: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            // A caller that hung up does not need it.
            if !answer.is_closed() {
                let _ = answer.send(job(memory));
            }
        });
        self.shared.queue().put(lane, job)?;
        self.shared.changed.notify_one();
        answered.await.map_err(|_| Busy)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.queue().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; none when the pool is gone.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if queue.is_closed {
                return None;
            }
            if let Some(job) = queue.take() {
                return Some(job);
            }
            let waited = self.changed.wait(queue);
            queue = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn work(shared: &Shared) {
    // On Linux this is the thread's own priority. Where it can't be set, hashing is as urgent as the rest.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
    let mut memory = Vec::new();
    while let Some(job) = shared.next() {
        job(&mut memory);
        free_surplus(&mut memory);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn s7_a_known_browser_is_served_while_the_queue_of_strangers_is_full() {
        let pool = Arc::new(Pool::start_with(1).unwrap());
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = oneshot::channel();
        let worker = Arc::clone(&pool);
        let first = tokio::spawn(async move {
            let hold = move |_: &mut Vec<Block>| {
                let _ = started.send(());
                held.recv().is_ok()
            };
            worker.run(Lane::Strangers, hold).await
        });
        running.await.unwrap();
        let waiting: Vec<_> = (0..MAX_WAITING)
            .map(|_| {
                let job: Job = Box::new(|_| {});
                pool.shared.queue().put(Lane::Strangers, job)
            })
            .collect();
        assert!(waiting.iter().all(Result::is_ok));
        assert_eq!(pool.run(Lane::Strangers, |_| ()).await, Err(Busy));
        let known = pool.run(Lane::Known, |_| 7);
        release.send(()).unwrap();
        assert_eq!(known.await, Ok(7));
        assert_eq!(first.await.unwrap(), Ok(true));
    }

    #[test]
    fn s7_neither_lane_starves() {
        let (order, done) = mpsc::channel();
        let mut queue = Queue::default();
        for (lane, name) in [(Lane::Strangers, 's'), (Lane::Known, 'k')] {
            for _ in 0..10 {
                let order = order.clone();
                let job: Job = Box::new(move |_| order.send(name).unwrap());
                queue.put(lane, job).unwrap();
            }
        }
        while let Some(job) = queue.take() {
            job(&mut Vec::new());
        }
        drop(order);
        let served: String = done.iter().collect();
        assert_eq!(served, "kkkkskkkkskkssssssss");
    }
}
