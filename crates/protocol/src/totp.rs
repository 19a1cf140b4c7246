//! Time-based one-time passwords: RFC 6238, with what all authenticator apps support: SHA-1, six digits, 30 seconds.

use cardea_seal::Secret;
use jiff::Timestamp;
use totp_rs::{Builder, Totp};

/// RFC 4226 §4, R6: 160 bits are recommended.
pub const SECRET_LEN: usize = 20;
/// What a user may type, with spaces.
const MAX_INPUT: usize = 16;
/// RFC 4648 §6
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secret that the provider shares with an authenticator app.
pub struct TotpSecret(Secret<[u8; SECRET_LEN]>);

/// The time step whose code was presented. RFC 6238 §5.2: a code counts once, so a step must be greater than the last one used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeStep(pub u32);

impl TotpSecret {
    /// From random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; SECRET_LEN]) -> Self {
        Self(Secret::new(bytes))
    }

    /// From the bytes that were sealed; `None` if they are of another length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// The key as text, to be typed into an app. 20 bytes are 32 letters and digits without padding.
    #[must_use]
    pub fn key(&self) -> Secret<String> {
        let (mut text, mut bits, mut count) = (String::new(), 0_u32, 0);
        for byte in self.0.expose() {
            (bits, count) = ((bits << 8) | u32::from(*byte), count + 8);
            while count >= 5 {
                count -= 5;
                let index = (bits >> count) & 31;
                text.extend(BASE32.get(index as usize).map(|c| char::from(*c)));
            }
        }
        Secret::new(text)
    }

    /// The URI in the QR code, as the apps read it. The label is `issuer:account`.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Secret<String> {
        let encode = |text: &str| {
            let bytes = text.replace(':', " ");
            // Apps don't read `+` as a space.
            form_urlencoded::byte_serialize(bytes.as_bytes())
                .collect::<String>()
                .replace('+', "%20")
        };
        let (issuer, account) = (encode(issuer), encode(account));
        let key = self.key();
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}",
            key.expose()
        ))
    }

    /// The step that a typed code belongs to. RFC 6238 §5.2, §6: the code of the step before or after counts too, for clocks that
    /// differ and for the time it takes to type.
    #[must_use]
    pub fn step_of(&self, typed: &str, now: Timestamp) -> Option<TimeStep> {
        if typed.len() > MAX_INPUT {
            return None;
        }
        let code: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let seconds = u64::try_from(now.as_second()).ok()?;
        let step = self.totp().check(&code, seconds)?;
        u32::try_from(step).ok().map(TimeStep)
    }

    /// The code that an app shows.
    #[must_use]
    pub fn code(&self, now: Timestamp) -> String {
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        self.totp().generate(seconds).to_string()
    }

    fn totp(&self) -> Totp {
        // The defaults are SHA-1, six digits, 30 seconds and one step of tolerance.
        let builder = Builder::new().with_skew(1);
        builder.with_secret(*self.0.expose()).build_noncompliant()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::seconds;

    fn secret() -> TotpSecret {
        // RFC 6238, appendix B
        TotpSecret::from_bytes(*b"12345678901234567890")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_values_of_the_rfc_are_the_codes() {
        // RFC 6238, appendix B: the last six of eight digits.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = TimeStep(u32::try_from(second / 30).unwrap());
            assert_eq!(secret().code(at(second)), code);
            assert_eq!(secret().step_of(code, at(second)), Some(step));
        }
    }

    #[test]
    fn one_step_before_and_after_counts() {
        let (code, begin) = ("050471", 1_111_111_110);
        let step = Some(TimeStep(37_037_037));
        for (second, expected) in [
            (begin - 31, None),
            (begin - 30, step),
            (begin - 1, step),
            (begin, step),
            (begin + 59, step),
            (begin + 60, None),
        ] {
            assert_eq!(secret().step_of(code, at(second)), expected, "{second}");
        }
    }

    #[test]
    fn a_code_is_six_digits_with_or_without_spaces() {
        let now = at(1_111_111_111);
        for good in ["050471", " 050 471 ", "05 04 71", "050\u{a0}471"] {
            assert!(secret().step_of(good, now).is_some(), "{good}");
        }
        for bad in [
            "",
            "50471",
            "+50471",
            "0504710",
            "05047O",
            "050-471",
            "٠٥٠٤٧١",
            "14050471",
            &" ".repeat(20),
            &format!("{}050471", " ".repeat(11)),
        ] {
            assert_eq!(secret().step_of(bad, now), None, "{bad}");
        }
        let before = Timestamp::UNIX_EPOCH - seconds(1);
        assert_eq!(secret().step_of("050471", before), None);
    }

    #[test]
    fn the_key_is_base32() {
        assert_eq!(secret().key().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn an_app_reads_who_and_where_from_the_uri() {
        let uri = secret().uri("Büro & Co: Test", "alice:b@example.test");
        let parsed = url::Url::parse(uri.expose()).unwrap();
        assert_eq!(
            (parsed.scheme(), parsed.host_str()),
            ("otpauth", Some("totp"))
        );
        assert_eq!(
            parsed.path(),
            "/B%C3%BCro%20%26%20Co%20%20Test:alice%20b%40example.test"
        );
        let pairs: Vec<_> = parsed.query_pairs().collect();
        assert_eq!(
            pairs,
            [
                ("secret".into(), secret().key().expose().as_str().into()),
                ("issuer".into(), "Büro & Co  Test".into())
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_does_no_harm(typed in "\\PC*", second in -10..4_000_000_000_i64) {
            let _ = secret().step_of(&typed, at(second));
        }

        #[test]
        fn a_code_is_that_of_its_time(bytes: [u8; 20], second in 60..4_000_000_000_i64) {
            let secret = TotpSecret::from_bytes(bytes);
            let code = secret.code(at(second));
            proptest::prop_assert!(secret.step_of(&code, at(second)).is_some());
        }
    }
}
