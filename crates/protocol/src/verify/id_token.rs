//! Our own ID tokens, when they come back as `id_token_hint`: OpenID Core §3.1.2.1, RP-Initiated Logout §2.

use cardea_jose::{Algorithm, Expected, KeySet};
use serde::Deserialize;

use crate::model::{ClientId, Sid, Subject};

/// An ID token that this issuer once made. It may have expired long ago.
#[derive(Debug, Clone)]
pub struct VerifiedHint {
    /// Who it speaks of.
    pub subject: Subject,
    /// The client it was made for.
    pub client_id: ClientId,
    /// The session it was made in.
    pub sid: Option<Sid>,
}

/// Why a hint is none.
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
    #[serde(default)]
    sid: Option<String>,
}

/// Verifies a hint with all keys that ever signed ID tokens of living sessions. `exp` is not looked at.
pub fn id_token_hint(jwt: &str, keys: &KeySet, issuer: &str) -> Result<VerifiedHint, HintError> {
    // RFC 8725 §3.11: typ keeps access tokens and logout tokens from passing as a hint.
    let expected = Expected { algorithms: &Algorithm::ALL, typ: &["JWT"] };
    let verified = keys.verify(jwt, &expected).map_err(|_| HintError::Foreign)?;
    let claims: Claims = serde_json::from_slice(&verified.payload).map_err(|_| HintError::Malformed)?;
    if claims.iss != issuer {
        return Err(HintError::Foreign);
    }
    let malformed = |_| HintError::Malformed;
    Ok(VerifiedHint {
        subject: Subject::parse(&claims.sub).map_err(malformed)?,
        client_id: ClientId::parse(&claims.aud).map_err(malformed)?,
        sid: claims.sid.as_deref().map(Sid::parse).transpose().map_err(malformed)?,
    })
}
