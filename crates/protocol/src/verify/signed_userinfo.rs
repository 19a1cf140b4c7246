//! A signed answer of a provider's userinfo endpoint: OpenID Core §5.3.2.

use cardea_jose::{Expected, KeySet, VerifyError};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    audience::Audiences,
    id_token::{RelyingPartyPolicy, is_plain},
};

/// Which rule a signed answer breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UserinfoError {
    /// Form, algorithm, key or signature.
    #[error("the signed userinfo: {0}")]
    Signature(#[from] VerifyError),
    /// The claims.
    #[error("the signed userinfo is malformed")]
    Malformed,
    /// `iss` or `aud`
    #[error("the signed userinfo is of another issuer, or not for this client")]
    Parties,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<Audiences>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Verifies a signed answer of userinfo. Its `sub` is still to be compared, as in an unsigned one.
///
/// # Errors
/// The first rule it breaks. An unknown key may mean that the issuer has a new one.
pub fn signed_userinfo(
    jwt: &str,
    keys: &KeySet,
    party: RelyingPartyPolicy<'_>,
) -> Result<Map<String, Value>, UserinfoError> {
    let expected = Expected {
        algorithms: party.algorithms,
        typ: &[],
    };
    let verified = keys.verify(jwt, &expected)?;
    if !is_plain(&verified.header) {
        return Err(UserinfoError::Malformed);
    }
    let claims: Claims =
        serde_json::from_slice(&verified.payload).map_err(|_| UserinfoError::Malformed)?;
    // OpenID Core §5.3.2: a signed answer should name its issuer and this client; where it does, they hold.
    let of_issuer = claims.iss.is_none_or(|iss| party.issuer.accepts(&iss));
    let for_us = claims.aud.is_none_or(|aud| aud.contains(party.client_id));
    if !of_issuer || !for_us {
        return Err(UserinfoError::Parties);
    }
    Ok(claims.other)
}

#[cfg(test)]
mod tests {
    use cardea_jose::{Algorithm, SigningKey};
    use serde_json::json;

    use super::*;
    use crate::{samples::ISSUER, verify::IssuerRule};

    fn read(typ: &str, claims: &Value) -> Result<Map<String, Value>, UserinfoError> {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let keys = KeySet::from_keys([key.public_jwk().clone()]).unwrap();
        let policy = RelyingPartyPolicy {
            issuer: &IssuerRule::exact(ISSUER),
            client_id: "app",
            trusted_audiences: &[],
            algorithms: &[Algorithm::ES256],
        };
        let jwt = key.sign(typ, claims.to_string().as_bytes()).unwrap();
        signed_userinfo(&jwt, &keys, policy)
    }

    #[test]
    fn the_claims_come_without_issuer_and_audience() {
        let claims = json!({"iss": ISSUER, "aud": ["app"], "sub": "alice", "name": "Alice"});
        let read = read("JWT", &claims).unwrap();
        assert_eq!(json!(read), json!({"sub": "alice", "name": "Alice"}));
    }

    #[test]
    fn another_issuers_and_another_clients_answer_is_refused() {
        for claims in [
            json!({"iss": "https://other.example", "aud": "app", "sub": "alice"}),
            json!({"iss": ISSUER, "aud": "other", "sub": "alice"}),
        ] {
            assert_eq!(read("JWT", &claims), Err(UserinfoError::Parties));
        }
        let token = read("at+jwt", &json!({"sub": "alice"}));
        assert_eq!(token, Err(UserinfoError::Malformed));
    }
}
