//! Our own access tokens, presented to us: RFC 9068 §4.

use cardea_jose::{Algorithm, Expected, KeySet};
use jiff::Timestamp;

use crate::claims::AccessTokenClaims;

/// An access token of this issuer whose signature and times hold. Whether it is still active is in the store.
#[derive(Debug, Clone)]
pub struct VerifiedAccessToken {
    claims: AccessTokenClaims,
}

impl VerifiedAccessToken {
    /// Its claims.
    #[must_use]
    pub fn claims(&self) -> &AccessTokenClaims {
        &self.claims
    }

    /// From the claims of an opaque token, whose seal is its signature.
    pub fn from_sealed(
        json: &[u8],
        issuer: &str,
        now: Timestamp,
    ) -> Result<Self, AccessTokenError> {
        let claims = serde_json::from_slice(json).map_err(|_| AccessTokenError::Malformed)?;
        judge(claims, issuer, now)
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessTokenError {
    /// The signature, `typ` or algorithm.
    #[error("it is not an access token signed by this issuer")]
    Signature,
    /// The claims.
    #[error("its claims are malformed")]
    Malformed,
    /// `iss`
    #[error("it was issued by another issuer")]
    Issuer,
    /// `exp`
    #[error("it has expired")]
    Expired,
}

/// Verifies a JWT access token with the published keys. The caller checks the audience; `plain` says of an audience
/// whether its tokens have `typ` `JWT`.
pub fn access_token(
    jwt: &str,
    keys: &KeySet,
    issuer: &str,
    plain: &dyn Fn(&str) -> bool,
    now: Timestamp,
) -> Result<VerifiedAccessToken, AccessTokenError> {
    // RFC 9068 §4: typ must be at+jwt, so that no ID token passes for an access token. An API may be configured otherwise;
    // then the claims that only access tokens have, client_id and jti, keep the two apart.
    let expected = Expected {
        algorithms: &Algorithm::ALL,
        typ: &["at+jwt", "JWT"],
    };
    let verified = keys
        .verify(jwt, &expected)
        .map_err(|_| AccessTokenError::Signature)?;
    let is_typed = verified.header.is_one_of(&["at+jwt"]);
    let claims: AccessTokenClaims =
        serde_json::from_slice(&verified.payload).map_err(|_| match is_typed {
            true => AccessTokenError::Malformed,
            false => AccessTokenError::Signature,
        })?;
    if !is_typed && !plain(&claims.aud) {
        return Err(AccessTokenError::Signature);
    }
    judge(claims, issuer, now)
}

fn judge(
    claims: AccessTokenClaims,
    issuer: &str,
    now: Timestamp,
) -> Result<VerifiedAccessToken, AccessTokenError> {
    if claims.iss != issuer {
        return Err(AccessTokenError::Issuer);
    }
    // RFC 9068 §4: the current time must be before exp. Our own clock made it, so there is no skew.
    if now.as_second() >= claims.exp {
        return Err(AccessTokenError::Expired);
    }
    Ok(VerifiedAccessToken { claims })
}

#[cfg(test)]
mod tests {
    use cardea_jose::SigningKey;
    use serde_json::{Value, json};

    use super::*;
    use crate::samples::{ISSUER, now};

    fn claims() -> Value {
        let at = now().as_second();
        json!({"iss": ISSUER, "exp": at + 900, "aud": "api://orders", "sub": "alice", "client_id": "app",
            "iat": at, "jti": "t1", "scope": "orders:read", "unknown": true})
    }

    fn verify(
        typ: &str,
        claims: &Value,
        now: Timestamp,
    ) -> Result<VerifiedAccessToken, AccessTokenError> {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let keys = KeySet::from_keys([key.public_jwk().clone()]).unwrap();
        let jwt = key.sign(typ, claims.to_string().as_bytes()).unwrap();
        access_token(&jwt, &keys, ISSUER, &|_| false, now)
    }

    fn changed(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    #[test]
    fn our_own_token_is_read() {
        let token = verify("at+jwt", &claims(), now()).unwrap();
        assert_eq!(token.claims().aud, "api://orders");
        assert_eq!(token.claims().scope.to_string(), "orders:read");
        assert_eq!(token.claims().grant_id, None);
    }

    #[test]
    fn a_token_of_another_kind_is_no_access_token() {
        for typ in ["JWT", "logout+jwt", "dpop+jwt", ""] {
            assert_eq!(
                verify(typ, &claims(), now()).err(),
                Some(AccessTokenError::Signature),
                "{typ}"
            );
        }
    }

    #[test]
    fn c4_a_token_of_typ_jwt_is_accepted_only_for_an_api_that_is_configured_so() {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let keys = KeySet::from_keys([key.public_jwk().clone()]).unwrap();
        let plain = |aud: &str| aud == "api://legacy";
        let read = |typ: &str, claims: &Value| {
            let jwt = key.sign(typ, claims.to_string().as_bytes()).unwrap();
            access_token(&jwt, &keys, ISSUER, &plain, now()).err()
        };
        let legacy = changed("aud", json!("api://legacy"));
        assert_eq!(read("JWT", &legacy), None);
        assert_eq!(read("at+jwt", &legacy), None);
        assert_eq!(read("JWT", &claims()), Some(AccessTokenError::Signature));
        assert_eq!(
            read("logout+jwt", &legacy),
            Some(AccessTokenError::Signature)
        );
        // An ID token has neither client_id nor jti, whatever its audience.
        for missing in ["client_id", "jti"] {
            let mut id_token = legacy.clone();
            id_token.as_object_mut().unwrap().remove(missing);
            assert_eq!(read("JWT", &id_token), Some(AccessTokenError::Signature));
        }
    }

    #[test]
    fn another_issuers_token_is_refused() {
        let other = changed("iss", json!("https://other.example"));
        assert_eq!(
            verify("at+jwt", &other, now()).err(),
            Some(AccessTokenError::Issuer)
        );
    }

    #[test]
    fn a_token_dies_in_the_second_of_its_exp() {
        let exp = now() + jiff::SignedDuration::from_secs(900);
        assert!(
            verify(
                "at+jwt",
                &claims(),
                exp - jiff::SignedDuration::from_nanos(1)
            )
            .is_ok()
        );
        assert_eq!(
            verify("at+jwt", &claims(), exp).err(),
            Some(AccessTokenError::Expired)
        );
    }

    #[test]
    fn a_foreign_key_or_a_garbled_token_is_refused() {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let jwt = key.sign("at+jwt", claims().to_string().as_bytes()).unwrap();
        let nobody = KeySet::default();
        for bad in [
            jwt.as_str(),
            "",
            "a.b.c",
            "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30.",
        ] {
            let answer = access_token(bad, &nobody, ISSUER, &|_| false, now());
            assert_eq!(answer.err(), Some(AccessTokenError::Signature), "{bad}");
        }
    }

    #[test]
    fn claims_that_are_missing_or_of_another_type_are_malformed() {
        for bad in [
            json!({}),
            json!([]),
            changed("aud", json!(["a", "b"])),
            changed("exp", json!("soon")),
        ] {
            assert_eq!(
                verify("at+jwt", &bad, now()).err(),
                Some(AccessTokenError::Malformed),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_opaque_token_is_judged_like_a_signed_one() {
        let sealed = |claims: &Value| {
            VerifiedAccessToken::from_sealed(claims.to_string().as_bytes(), ISSUER, now())
        };
        assert!(sealed(&claims()).is_ok());
        assert_eq!(
            sealed(&changed("iss", json!("x"))).err(),
            Some(AccessTokenError::Issuer)
        );
        assert_eq!(
            sealed(&changed("exp", json!(0))).err(),
            Some(AccessTokenError::Expired)
        );
        assert_eq!(sealed(&json!(1)).err(), Some(AccessTokenError::Malformed));
    }
}
