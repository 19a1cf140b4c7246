//! The rate of one kind of work.

use std::time::{Duration, Instant};

use crate::latency::percentile;

/// Calls between two reads of the clock: enough that reading it costs nothing.
const CALLS: u32 = 64;

/// The times of one kind of work, in batches of calls.
#[derive(Default)]
pub(crate) struct Tally(Vec<Duration>);

impl Tally {
    /// Does the work several times, on values that were made before the clock started.
    pub(crate) async fn take<T>(
        &mut self,
        mut make: impl FnMut() -> anyhow::Result<T>,
        mut work: impl AsyncFnMut(T) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let made: Vec<T> = (0..CALLS).map(|_| make()).collect::<anyhow::Result<_>>()?;
        let began = Instant::now();
        for one in made {
            work(one).await?;
        }
        self.0.push(began.elapsed());
        Ok(())
    }

    /// Calls a second, by the median, which ignores moments taken by other programs. Zero without measurements.
    pub(crate) fn per_second(mut self) -> f64 {
        let milliseconds = percentile(&mut self.0, 50).unwrap_or(f64::INFINITY);
        f64::from(CALLS) * 1000.0 / milliseconds
    }
}
