//! Our own access tokens, when they come back to us: RFC 9068 §4.

use cardea_jose::{Algorithm, Expected, KeySet};
use jiff::Timestamp;

use crate::claims::AccessTokenClaims;

/// An access token of this issuer whose signature and times hold. Whether it is still active is in the store.
#[derive(Debug, Clone)]
pub struct VerifiedAccessToken(AccessTokenClaims);

impl VerifiedAccessToken {
    /// What it says.
    #[must_use]
    pub fn claims(&self) -> &AccessTokenClaims {
        &self.0
    }

    /// From the claims of an opaque token, whose seal is its signature.
    pub fn from_sealed(json: &[u8], issuer: &str, now: Timestamp) -> Result<Self, AccessTokenError> {
        let claims = serde_json::from_slice(json).map_err(|_| AccessTokenError::Malformed)?;
        judge(claims, issuer, now)
    }
}

/// Why a token is no access token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessTokenError {
    /// The signature, `typ` or algorithm.
    #[error("it is not an access token signed by this issuer")]
    Signature,
    /// The claims.
    #[error("its claims are malformed")]
    Malformed,
    /// `iss`
    #[error("it is another issuer's")]
    Issuer,
    /// `exp`
    #[error("it has expired")]
    Expired,
}

/// Verifies a JWT access token with the published keys. The audience is the caller's business.
pub fn access_token(jwt: &str, keys: &KeySet, issuer: &str, now: Timestamp) -> Result<VerifiedAccessToken, AccessTokenError> {
    // RFC 9068 §4: typ must be at+jwt, so that no ID token passes for an access token.
    let expected = Expected { algorithms: &Algorithm::ALL, typ: &["at+jwt"] };
    let verified = keys.verify(jwt, &expected).map_err(|_| AccessTokenError::Signature)?;
    let claims = serde_json::from_slice(&verified.payload).map_err(|_| AccessTokenError::Malformed)?;
    judge(claims, issuer, now)
}

fn judge(claims: AccessTokenClaims, issuer: &str, now: Timestamp) -> Result<VerifiedAccessToken, AccessTokenError> {
    if claims.iss != issuer {
        return Err(AccessTokenError::Issuer);
    }
    // RFC 9068 §4: the current time must be before exp. Our own clock made it, so there is no skew.
    if now.as_second() >= claims.exp {
        return Err(AccessTokenError::Expired);
    }
    Ok(VerifiedAccessToken(claims))
}
