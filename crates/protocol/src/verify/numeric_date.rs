//! `NumericDate`: RFC 7519 §2.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use serde_json::Value;

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

/// A date that an issuer may also have written as a text: `"1800000000"`.
pub(super) fn number_or_text<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<NumericDate>, D::Error> {
    input.deserialize_any(DateVisitor)
}

/// A date that no rule needs: of another form it counts as absent.
pub(super) fn perhaps<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<NumericDate>, D::Error> {
    let value = Value::deserialize(input)?;
    Ok(number_or_text(value).ok().flatten())
}

/// A derived untagged type would buffer everything first.
struct DateVisitor;

impl Visitor<'_> for DateVisitor {
    type Value = Option<NumericDate>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    #[expect(clippy::cast_precision_loss, reason = "dates are far below 2^53")]
    fn visit_i64<E>(self, seconds: i64) -> Result<Self::Value, E> {
        Ok(Some(NumericDate(seconds as f64)))
    }

    #[expect(clippy::cast_precision_loss, reason = "dates are far below 2^53")]
    fn visit_u64<E>(self, seconds: u64) -> Result<Self::Value, E> {
        Ok(Some(NumericDate(seconds as f64)))
    }

    fn visit_f64<E>(self, seconds: f64) -> Result<Self::Value, E> {
        Ok(Some(NumericDate(seconds)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let seconds = text.trim().parse();
        seconds.map(|one| Some(NumericDate(one))).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn c6_a_date_is_a_number_or_its_digits() {
        let at = |second| Some(Some(Timestamp::from_second(second).unwrap()));
        let read = |value: &Value| number_or_text(value.clone()).ok();
        let dated = |value: &Value| read(value).map(|date| date.and_then(NumericDate::timestamp));
        for (value, meant) in [
            (json!(1_800_000_000), at(1_800_000_000)),
            (json!(1_800_000_000.0), at(1_800_000_000)),
            (json!("1800000000"), at(1_800_000_000)),
            (json!(" 1800000000.0 "), at(1_800_000_000)),
            (json!(-1), at(-1)),
            (json!(null), Some(None)),
            (json!("NaN"), Some(None)),
            (json!("1e300"), Some(None)),
            (json!(u64::MAX), Some(None)),
            (json!(""), None),
            (json!("soon"), None),
            (json!("2027-01-15T08:00:00Z"), None),
            (json!(true), None),
            (json!([1]), None),
            (json!({}), None),
        ] {
            assert_eq!(dated(&value), meant, "{value}");
            let perhaps = perhaps(value.clone()).unwrap();
            let perhaps = perhaps.and_then(NumericDate::timestamp);
            assert_eq!(perhaps, meant.flatten(), "{value}");
        }
    }

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
