//! What the browser brings back: RFC 6749 §4.1.2, RFC 9207 §2, OpenID Core §3.1.2.5.

use std::fmt;

use cardea_seal::Secret;

use super::error::{RpError, visible};

/// The whole of it. Codes of large providers have some two thousand bytes.
const MAX_BYTES: usize = 16 * 1024;

/// A callback, parsed and not yet believed.
#[derive(Clone, Default)]
pub struct Callback {
    pub(super) code: Option<Secret<String>>,
    pub(super) state: Option<String>,
    pub(super) iss: Option<String>,
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
}

impl Callback {
    /// Reads the query of a GET, or the body of a `form_post`.
    ///
    /// # Errors
    /// When it is too long, or a parameter comes twice.
    pub fn parse(text: &str) -> Result<Self, RpError> {
        if text.len() > MAX_BYTES {
            return Err(RpError::Callback("it is too long"));
        }
        let mut callback = Self::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let value = value.into_owned();
            let again = match &*name {
                "code" => callback.code.replace(Secret::new(value)).is_some(),
                "state" => callback.state.replace(value).is_some(),
                "iss" => callback.iss.replace(value).is_some(),
                "error" => callback.error.replace(visible(&value)).is_some(),
                "error_description" => callback
                    .error_description
                    .replace(visible(&value))
                    .is_some(),
                // RFC 6749 §4.1.2: unknown parameters are ignored.
                _ => false,
            };
            // RFC 6749 §3.1: a parameter comes once.
            if again {
                return Err(RpError::Callback("a parameter comes twice"));
            }
        }
        Ok(callback)
    }

    /// Which login it says it belongs to: the name under which the [`super::LoginState`] was kept.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The error, when it brings one.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_read_and_shows_no_secret() {
        let query =
            "code=c%2B1&state=s-1&iss=https%3A%2F%2Fid.example&session_state=x&error=access_denied";
        let callback = Callback::parse(query).unwrap();
        assert_eq!(callback.code.as_ref().unwrap().expose(), "c+1");
        assert_eq!(callback.state(), Some("s-1"));
        assert_eq!(callback.iss.as_deref(), Some("https://id.example"));
        let shown = format!("{callback:?}");
        assert!(!shown.contains("c+1") && !shown.contains("s-1"), "{shown}");
        assert!(shown.contains("access_denied"), "{shown}");
    }

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        for name in ["code", "state", "iss", "error", "error_description"] {
            let twice = Callback::parse(&format!("{name}=a&{name}=a"));
            assert!(matches!(twice, Err(RpError::Callback(_))), "{name}");
        }
        assert!(Callback::parse("x=1&x=2").is_ok());
        assert!(Callback::parse("").is_ok());
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(text in "(\\PC|[&=%+]|code|state|iss){0,80}") {
            if let Ok(callback) = Callback::parse(&text) {
                let _ = format!("{callback:?}");
            }
        }
    }

    #[test]
    fn it_is_bounded() {
        let long = format!("code={}", "c".repeat(MAX_BYTES));
        assert!(matches!(Callback::parse(&long), Err(RpError::Callback(_))));
    }
}
