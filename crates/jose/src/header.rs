use std::{borrow::Cow, collections::HashSet, fmt, mem::replace};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};

use crate::{Algorithm, VerifyError, error::shortened};

/// The protected header of a token, as far as it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The algorithm the token claims; it has to be the key's.
    pub alg: Algorithm,
    /// The key identifier.
    pub kid: Option<String>,
    /// What kind of token, as written.
    pub typ: Option<String>,
}

impl Header {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, VerifyError> {
        let raw: RawHeader<'_> = serde_json::from_slice(json)
            .map_err(|error| VerifyError::Header(shortened(&error.to_string())))?;
        // RFC 7515 §4.1.11: an extension listed in `crit` that isn't understood makes the token invalid. We understand none.
        if raw.has_crit {
            return Err(VerifyError::Critical("crit"));
        }
        // RFC 7797 §6: `b64` counts only when listed in `crit`; without it, it is an attempt to have the payload read twice.
        if raw.has_b64 {
            return Err(VerifyError::Critical("b64"));
        }
        let alg = raw
            .alg
            .map(|Text(alg)| alg)
            .ok_or_else(|| VerifyError::Header("no alg".into()))?
            .parse()
            .map_err(|crate::UnknownAlgorithm(name)| VerifyError::UnknownAlgorithm(name))?;
        Ok(Self {
            alg,
            kid: raw.kid,
            typ: raw.typ,
        })
    }

    /// Whether `typ` is one of those expected; nothing expected means that all will do.
    #[must_use]
    pub fn is_one_of(&self, expected: &[&str]) -> bool {
        if expected.is_empty() {
            return true;
        }
        self.typ.as_deref().is_some_and(|typ| {
            expected
                .iter()
                .any(|one| without_prefix(one).eq_ignore_ascii_case(without_prefix(typ)))
        })
    }
}

/// RFC 7515 §4.1.9: `application/` may be left out of a type that has no other slash; media types ignore case.
fn without_prefix(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => typ,
    }
}

#[derive(Default)]
struct RawHeader<'a> {
    alg: Option<Text<'a>>,
    kid: Option<String>,
    typ: Option<String>,
    has_crit: bool,
    has_b64: bool,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The name of a member.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Alg,
    Kid,
    Typ,
    Crit,
    B64,
    Other(String),
}

impl<'de> Deserialize<'de> for RawHeader<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

/// A derived implementation would let unknown members come twice.
struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = RawHeader<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut header = RawHeader::default();
        // Most tokens have none.
        let mut others = HashSet::new();
        while let Some(member) = members.next_key()? {
            let again = match member {
                Member::Alg => header.alg.replace(members.next_value()?).is_some(),
                Member::Kid => header.kid.replace(members.next_value()?).is_some(),
                Member::Typ => header.typ.replace(members.next_value()?).is_some(),
                Member::Crit => {
                    members.next_value::<IgnoredAny>()?;
                    replace(&mut header.has_crit, true)
                }
                Member::B64 => {
                    members.next_value::<IgnoredAny>()?;
                    replace(&mut header.has_b64, true)
                }
                Member::Other(name) => {
                    members.next_value::<IgnoredAny>()?;
                    !others.insert(name)
                }
            };
            // RFC 7515 §4: header parameter names must be unique; a second reader might take the other value.
            if again {
                return Err(de::Error::custom("a member comes twice"));
            }
        }
        Ok(header)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Header;
    use crate::{Algorithm, VerifyError};

    fn typed(typ: &str) -> Header {
        Header {
            alg: Algorithm::ES256,
            kid: None,
            typ: Some(typ.into()),
        }
    }

    #[test]
    fn typ_is_compared_without_case_and_prefix() {
        for typ in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/At+Jwt",
        ] {
            assert!(typed(typ).is_one_of(&["at+jwt"]), "{typ}");
            assert!(
                typed(typ).is_one_of(&["JWT", "application/at+jwt"]),
                "{typ}"
            );
        }
        for typ in [
            "jwt",
            "",
            "text/at+jwt",
            "application/",
            "application/x/at+jwt",
            "at+jwt ",
        ] {
            assert!(!typed(typ).is_one_of(&["at+jwt"]), "{typ}");
        }
    }

    #[test]
    fn an_absent_typ_is_accepted_only_where_nothing_is_expected() {
        let header = Header::parse(br#"{"alg":"ES256"}"#).unwrap();
        assert!(header.is_one_of(&[]));
        assert!(!header.is_one_of(&["JWT"]));
        assert!(!header.is_one_of(&[""]));
    }

    #[test]
    fn a_member_that_comes_twice_is_refused() {
        for json in [
            r#"{"alg":"ES256","alg":"ES256"}"#,
            r#"{"alg":"ES256","kid":"a","kid":"b"}"#,
            r#"{"alg":"ES256","x":1,"x":1}"#,
            r#"{"alg":"ES256","\u0061lg":"RS256"}"#,
            r#"{"alg":"ES256","x":1,"\u0078":1}"#,
        ] {
            let error = Header::parse(json.as_bytes()).unwrap_err();
            assert!(matches!(error, VerifyError::Header(_)), "{json}: {error}");
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for json in [
            "",
            "null",
            "[]",
            "\"ES256\"",
            "{}",
            "{",
            r#"{"alg":null}"#,
            r#"{"alg":["ES256"]}"#,
            r#"{"alg":"ES256"} x"#,
            r#"{"alg":"ES256","kid":7}"#,
            r#"{"alg":"ES256","typ":{}}"#,
        ] {
            let error = Header::parse(json.as_bytes()).unwrap_err();
            assert!(matches!(error, VerifyError::Header(_)), "{json}: {error}");
        }
    }

    #[test]
    fn extensions_are_refused_whatever_their_value() {
        for (json, member) in [
            (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, "crit"),
            (r#"{"alg":"ES256","crit":[]}"#, "crit"),
            (r#"{"alg":"ES256","crit":null}"#, "crit"),
            (r#"{"alg":"ES256","b64":false}"#, "b64"),
            (r#"{"alg":"ES256","b64":true}"#, "b64"),
        ] {
            assert_eq!(
                Header::parse(json.as_bytes()),
                Err(VerifyError::Critical(member))
            );
        }
    }
}
