//! Percentiles of latencies.

use std::time::Duration;

/// The given percentile in milliseconds; `None` without measurements.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Option<f64> {
    times.sort_unstable();
    let last = times.len().checked_sub(1)?;
    let at = (times.len() * percent / 100).min(last);
    times.get(at).map(|time| time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let mut times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut times, 99), Some(199.0));
        assert_eq!(percentile(&mut times, 50), Some(101.0));
        assert_eq!(percentile(&mut times[..1], 99), Some(1.0));
        assert_eq!(percentile(&mut [], 99), None);
    }
}
