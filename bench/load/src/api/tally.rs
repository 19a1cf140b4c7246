//! How often something was done, and how long it took.

use std::time::{Duration, Instant};

/// Calls between two looks at the clock: enough that looking costs nothing.
const CALLS: u32 = 64;

/// One kind of work.
#[derive(Default)]
pub(crate) struct Tally {
    calls: u32,
    time: Duration,
}

impl Tally {
    /// Does the work some times. It gets what was made for it before the clock ran.
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
        self.time += began.elapsed();
        self.calls += CALLS;
        Ok(())
    }

    pub(crate) fn per_second(&self) -> f64 {
        f64::from(self.calls) / self.time.as_secs_f64()
    }
}
