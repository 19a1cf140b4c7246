//! `NumericDate`: RFC 7519 §2.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// Seconds since 1970; they may have a fraction.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct NumericDate(f64);

impl NumericDate {
    /// `None` if it is out of range.
    pub(super) fn timestamp(self) -> Option<Timestamp> {
        let since_1970 = SignedDuration::try_from_secs_f64(self.0).ok()?;
        Timestamp::from_duration(since_1970).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_read_and_nonsense_is_none() {
        let read = |json: &str| {
            serde_json::from_str::<NumericDate>(json)
                .unwrap()
                .timestamp()
        };
        assert_eq!(
            read("1.5"),
            Some(Timestamp::from_millisecond(1500).unwrap())
        );
        assert_eq!(read("-1"), Some(Timestamp::from_second(-1).unwrap()));
        for nonsense in ["1e300", "-1e300", "1e18"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
