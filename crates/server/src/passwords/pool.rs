//! Threads that hash: few, at lower priority, each with its memory kept (D14).

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use argon2::Block;
use tokio::sync::oneshot;

use super::hash::free_surplus;

/// At about 35 hashes a second and core, more waiting than this means seconds.
const MAX_WAITING: usize = 64;
const MAX_THREADS: usize = 8;
/// Lower than the threads that answer `/token`.
const NICE: i32 = 10;

type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// More is waiting than can be done in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are waiting to be checked")]
pub(crate) struct Busy;

pub(super) struct Pool {
    queue: SyncSender<Job>,
}

impl Pool {
    pub(super) fn start() -> io::Result<Self> {
        let (queue, jobs) = sync_channel(MAX_WAITING);
        let jobs = Arc::new(Mutex::new(jobs));
        let threads = thread::available_parallelism()
            .map_or(1, usize::from)
            .min(MAX_THREADS);
        for _ in 0..threads {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new()
                .name("password".to_owned())
                .spawn(move || work(&jobs))?;
        }
        Ok(Self { queue })
    }

    /// Runs a job; refused at once when too many wait.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            // Whoever hung up doesn't need it.
            if !answer.is_closed() {
                let _ = answer.send(job(memory));
            }
        });
        self.queue.try_send(job).map_err(|_| Busy)?;
        answered.await.map_err(|_| Busy)
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    // On Linux this is the thread's own priority. Where it can't be set, hashing is as urgent as the rest.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
    let mut memory = Vec::new();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        job(&mut memory);
        free_surplus(&mut memory);
    }
}
