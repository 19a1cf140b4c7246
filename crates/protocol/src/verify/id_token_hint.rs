//! Our own ID tokens, presented as `id_token_hint`: OpenID Core §3.1.2.1, RP-Initiated Logout §2.

use cardea_jose::{Algorithm, Expected, KeySet};
use serde::Deserialize;

use crate::model::{ClientId, Sid, Subject};

/// An ID token of this issuer. It may have expired.
#[derive(Debug, Clone)]
pub struct VerifiedHint {
    /// The user.
    pub subject: Subject,
    /// The client it was made for.
    pub client_id: ClientId,
    /// The session it was made in.
    pub sid: Option<Sid>,
}

/// Why a hint is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HintError {
    /// Signature, `typ` or issuer.
    #[error("it is not an ID token of this issuer")]
    Foreign,
    /// The claims.
    #[error("its claims are malformed")]
    Malformed,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    /// D12: one purpose. A signed answer of userinfo has the same `typ`, issuer and audience, but no `exp`.
    #[serde(rename = "exp")]
    _exp: i64,
    #[serde(default)]
    sid: Option<String>,
    /// Only access tokens have it; those of some APIs have the same `typ`.
    #[serde(default)]
    client_id: Option<serde::de::IgnoredAny>,
}

/// Verifies a hint with all keys that ever signed ID tokens of living sessions. `exp` is not looked at.
pub fn id_token_hint(jwt: &str, keys: &KeySet, issuer: &str) -> Result<VerifiedHint, HintError> {
    // RFC 8725 §3.11: typ keeps access tokens and logout tokens from passing as a hint.
    let expected = Expected {
        algorithms: &Algorithm::ALL,
        typ: &["JWT"],
    };
    let verified = keys
        .verify(jwt, &expected)
        .map_err(|_| HintError::Foreign)?;
    let claims: Claims =
        serde_json::from_slice(&verified.payload).map_err(|_| HintError::Malformed)?;
    if claims.iss != issuer || claims.client_id.is_some() {
        return Err(HintError::Foreign);
    }
    let malformed = |_| HintError::Malformed;
    Ok(VerifiedHint {
        subject: Subject::parse(&claims.sub).map_err(malformed)?,
        client_id: ClientId::parse(&claims.aud).map_err(malformed)?,
        sid: claims
            .sid
            .as_deref()
            .map(Sid::parse)
            .transpose()
            .map_err(malformed)?,
    })
}

#[cfg(test)]
mod tests {
    use cardea_jose::SigningKey;
    use serde_json::{Value, json};

    use super::*;
    use crate::samples::{ISSUER, now, sid, subject};

    fn claims() -> Value {
        json!({"iss": ISSUER, "sub": "alice", "aud": "app", "exp": 1, "iat": 0, "sid": "s1"})
    }

    fn read(typ: &str, claims: &Value) -> Result<VerifiedHint, HintError> {
        let key = SigningKey::generate(Algorithm::RS256).unwrap();
        let keys = KeySet::from_keys([key.public_jwk().clone()]).unwrap();
        id_token_hint(
            &key.sign(typ, claims.to_string().as_bytes()).unwrap(),
            &keys,
            ISSUER,
        )
    }

    fn changed(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    #[test]
    fn a_hint_that_expired_long_ago_is_still_a_hint() {
        assert!(now().as_second() > 1);
        let hint = read("JWT", &claims()).unwrap();
        assert_eq!(
            (hint.subject, hint.client_id.as_str(), hint.sid),
            (subject("alice"), "app", Some(sid("s1")))
        );
        let without = read("JWT", &changed("sid", Value::Null)).unwrap();
        assert_eq!(without.sid, None);
    }

    #[test]
    fn an_access_token_or_a_logout_token_is_no_hint() {
        for typ in ["at+jwt", "logout+jwt", ""] {
            assert_eq!(
                read(typ, &claims()).err(),
                Some(HintError::Foreign),
                "{typ}"
            );
        }
    }

    #[test]
    fn c4_an_access_token_of_typ_jwt_is_no_hint() {
        let access = changed("client_id", json!("app"));
        assert_eq!(read("JWT", &access).err(), Some(HintError::Foreign));
    }

    #[test]
    fn another_issuers_or_another_keys_token_is_no_hint() {
        assert_eq!(
            read("JWT", &changed("iss", json!("https://other.example"))).err(),
            Some(HintError::Foreign)
        );
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let foreign = key.sign("JWT", claims().to_string().as_bytes()).unwrap();
        for bad in [
            foreign.as_str(),
            "",
            "a.b.c",
            "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.",
        ] {
            assert_eq!(
                id_token_hint(bad, &KeySet::default(), ISSUER).err(),
                Some(HintError::Foreign),
                "{bad}"
            );
        }
    }

    #[test]
    fn claims_that_are_no_identifiers_are_malformed() {
        for bad in [
            json!([]),
            changed("sub", json!("")),
            changed("sub", json!(1)),
            changed("aud", json!(["app", "other"])),
            changed("aud", json!("a\tb")),
            changed("sid", json!("")),
        ] {
            assert_eq!(read("JWT", &bad).err(), Some(HintError::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_signed_answer_of_userinfo_is_no_hint() {
        let userinfo =
            json!({"iss": ISSUER, "sub": "alice", "aud": "app", "email": "alice@example.test"});
        assert_eq!(read("JWT", &userinfo).err(), Some(HintError::Malformed));
    }
}
