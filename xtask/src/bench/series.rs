//! The numbers: one value per round under each name.

use std::collections::BTreeMap;

/// Values by name, in the order of the rounds.
#[derive(Debug, Default)]
pub(super) struct Series(BTreeMap<String, Vec<f64>>);

impl Series {
    pub(super) fn push(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        println!("  {name:<44} {value:>10.2}");
        self.0.entry(name).or_default().push(value);
    }

    pub(super) fn median(&self, name: &str) -> Option<f64> {
        median(self.0.get(name)?)
    }

    /// The spread of the rounds, as a part of the median.
    pub(super) fn spread(&self, name: &str) -> Option<f64> {
        let values = self.0.get(name)?;
        let most = values.iter().copied().fold(f64::MIN, f64::max);
        let least = values.iter().copied().fold(f64::MAX, f64::min);
        Some((most - least) / median(values)?)
    }

    /// The median of the ratios that two names have in each round.
    pub(super) fn ratio(&self, name: &str, to: &str) -> Option<f64> {
        let ratios: Vec<f64> = self
            .0
            .get(name)?
            .iter()
            .zip(self.0.get(to)?)
            .map(|(value, to)| value / to)
            .collect();
        median(&ratios)
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        let mut series = Series::default();
        // The machine was half as fast in the second round; the ratio is unaffected.
        for (ours, limit) in [(50.0, 100.0), (25.0, 50.0), (55.0, 100.0)] {
            series.push("ours", ours);
            series.push("limit", limit);
        }
        assert_eq!(series.ratio("ours", "limit"), Some(0.5));
        assert_eq!(series.median("ours"), Some(50.0));
        assert_eq!(series.spread("ours"), Some(0.6));
        assert_eq!(series.ratio("ours", "nobody"), None);
    }
}
