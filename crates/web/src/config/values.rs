//! Types of configuration values.

use std::{borrow::Cow, fmt, str::FromStr};

use cardea_seal::Secret;
use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Serialize, Serializer,
    de::{self, Deserializer, Visitor},
};

const LONGEST: u64 = 3650 * 86_400;

/// A time span such as `60s`, `15m`, `8h` or `30d`; at least a second, at most ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

impl Duration {
    /// A number of seconds, within the bounds of the type.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        match seconds {
            0 => Self(1),
            LONGEST.. => Self(LONGEST),
            _ => Self(seconds),
        }
    }

    /// As a `std::time::Duration`.
    #[must_use]
    pub const fn get(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0)
    }

    /// As a duration that can be added to a timestamp.
    #[must_use]
    pub const fn signed(self) -> SignedDuration {
        SignedDuration::from_secs(self.0.cast_signed())
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let at = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(at);
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err("a time is a number and one of the units s, m, h, d, such as \"15m\""),
        };
        let number: u64 = number
            .parse()
            .map_err(|_| "the number of this time is missing or too large")?;
        match number.checked_mul(factor) {
            Some(seconds @ 1..=LONGEST) => Ok(Self(seconds)),
            _ => Err("a time is at least one second and at most ten years"),
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, "d"), (3600, "h"), (60, "m")];
        let fits = |(factor, _): &(u64, &str)| self.0.is_multiple_of(*factor);
        let (factor, unit) = units.into_iter().find(fits).unwrap_or((1, "s"));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl FromStr for Duration {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(input)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "duration", "pattern": "^[0-9]+[smhd]$" })
    }
}

/// A secret string: no `Debug`, no `Serialize`, zeroized when dropped.
#[derive(Clone)]
pub struct SecretText(Secret<String>);

impl SecretText {
    /// Wraps a string.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The string itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Hidden)
    }
}

/// Refuses other types without repeating the value, which serde's own errors do.
struct Hidden;

impl Visitor<'_> for Hidden {
    type Value = SecretText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quoted string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretText, E> {
        Ok(SecretText::new(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<SecretText, E> {
        Ok(SecretText::new(text))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretText, E> {
        Err(E::custom("a secret must be a quoted string"))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretText, E> {
        Err(E::custom("a secret must be a quoted string"))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretText, E> {
        Err(E::custom("a secret must be a quoted string"))
    }
}

impl JsonSchema for SecretText {
    fn schema_name() -> Cow<'static, str> {
        "SecretText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "password", "writeOnly": true })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_alike() {
        for text in ["60s", "1m", "15m", "8h", "30d", "90s", "3650d"] {
            let duration = Duration::parse(text).unwrap();
            assert_eq!(Duration::parse(&duration.to_string()).unwrap(), duration);
        }
        assert_eq!(Duration::parse("15m").unwrap().get().as_secs(), 900);
        assert_eq!(Duration::from_secs(5400).to_string(), "90m");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "15",
            "m",
            "-1s",
            "1.5h",
            "15 m",
            "0s",
            "3651d",
            "99999999999999999999s",
            "18446744073709551615d",
            "1h30m",
        ] {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
    }
}
