//! A logout token, verified by the relying party: OpenID Back-Channel Logout §2.4, §2.6.

use cardea_jose::{Expected, KeySet, VerifyError};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    audience::Audiences,
    id_token::{RelyingPartyPolicy, SKEW, is_plain, is_subject},
    numeric_date::NumericDate,
};

/// OpenID Back-Channel Logout §2.4: the member of `events` of a logout token.
pub const BACKCHANNEL_LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The bound of an identifier.
const MAX_ID_BYTES: usize = 512;

/// A verified logout token. The session store checks by its `jti` whether it was presented before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedLogoutToken {
    /// `iss`
    pub issuer: String,
    /// The user; without `sid`, all of the user's sessions end.
    pub subject: Option<String>,
    /// The one session at the provider that ended.
    pub sid: Option<String>,
    /// The token's identifier.
    pub jti: String,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Until when its `jti` must be remembered.
    pub expires_at: Timestamp,
}

/// Which rule a logout token breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogoutTokenError {
    /// Form, algorithm, key or signature.
    #[error("the logout token: {0}")]
    Signature(#[from] VerifyError),
    /// Another kind of token, an ID token above all.
    #[error("it is not a logout token")]
    Kind,
    /// The claims.
    #[error("the logout token's claims are malformed")]
    Malformed,
    /// `iss`, or the tenant.
    #[error("the logout token was issued by another issuer or tenant")]
    Issuer,
    /// `aud`
    #[error("the logout token is not for this client")]
    Audience,
    /// `exp`
    #[error("the logout token has expired")]
    Expired,
    /// `iat`
    #[error("the logout token was issued in the future")]
    Future,
    /// Neither `sub` nor `sid`.
    #[error("the logout token has neither sub nor sid")]
    Nobody,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audiences,
    exp: NumericDate,
    iat: NumericDate,
    jti: String,
    #[serde(default)]
    events: Map<String, Value>,
    sub: Option<String>,
    sid: Option<String>,
    tid: Option<String>,
    // By hand, because `null` counts as present.
    #[serde(default, deserialize_with = "is_there")]
    nonce: bool,
}

fn is_there<'de, D: serde::Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(value).map(|_| true)
}

/// Verifies a logout token with the keys of its issuer.
///
/// # Errors
/// The first rule it breaks. An unknown key may mean that the issuer has a new one.
pub fn logout_token(
    jwt: &str,
    keys: &KeySet,
    party: RelyingPartyPolicy<'_>,
    now: Timestamp,
) -> Result<VerifiedLogoutToken, LogoutTokenError> {
    // OpenID Back-Channel Logout §2.6, points 2 and 3: signed as an ID token is, never with `none`.
    let expected = Expected {
        algorithms: party.algorithms,
        typ: &[],
    };
    let verified = keys.verify(jwt, &expected)?;
    let typ = verified.header.typ.as_deref().unwrap_or_default();
    // OpenID Back-Channel Logout §2.4: `logout+jwt` is recommended, and older providers write `JWT` or nothing.
    let named = ["logout+jwt", "application/logout+jwt"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(typ));
    if !named && !is_plain(&verified.header) {
        return Err(LogoutTokenError::Kind);
    }
    let claims: Claims =
        serde_json::from_slice(&verified.payload).map_err(|_| LogoutTokenError::Malformed)?;
    // OpenID Back-Channel Logout §2.6, points 6 and 7: the event is present and a nonce is not, so an ID token does not end a session.
    let event = claims.events.get(BACKCHANNEL_LOGOUT_EVENT);
    if !event.is_some_and(Value::is_object) || claims.nonce {
        return Err(LogoutTokenError::Kind);
    }
    judge(claims, party, now)
}

fn judge(
    claims: Claims,
    party: RelyingPartyPolicy<'_>,
    now: Timestamp,
) -> Result<VerifiedLogoutToken, LogoutTokenError> {
    // OpenID Back-Channel Logout §2.6, point 4: `iss`, `aud`, `iat` and `exp` as in an ID token. The tenant is only
    // looked at where the token names it.
    let issuer_holds = match &claims.tid {
        Some(tid) => party.issuer.accepts_token(&claims.iss, Some(tid)),
        None => party.issuer.accepts(&claims.iss),
    };
    if !issuer_holds {
        return Err(LogoutTokenError::Issuer);
    }
    if !party.accepts_audience(&claims.aud) {
        return Err(LogoutTokenError::Audience);
    }
    let expires_at = claims.exp.timestamp().ok_or(LogoutTokenError::Malformed)?;
    if now.duration_since(expires_at) >= SKEW {
        return Err(LogoutTokenError::Expired);
    }
    let issued_at = claims.iat.timestamp().ok_or(LogoutTokenError::Malformed)?;
    if issued_at.duration_since(now) > SKEW {
        return Err(LogoutTokenError::Future);
    }
    // OpenID Back-Channel Logout §2.6, point 5: it names the user, the session or both.
    if claims.sub.is_none() && claims.sid.is_none() {
        return Err(LogoutTokenError::Nobody);
    }
    let named = |id: &str| (1..=MAX_ID_BYTES).contains(&id.len());
    let sound = named(&claims.jti)
        && claims.sid.as_deref().is_none_or(named)
        && claims.sub.as_deref().is_none_or(is_subject);
    if !sound {
        return Err(LogoutTokenError::Malformed);
    }
    Ok(VerifiedLogoutToken {
        issuer: claims.iss,
        subject: claims.sub,
        sid: claims.sid,
        jti: claims.jti,
        issued_at,
        // With the skew, for which the token is still accepted.
        expires_at: expires_at.saturating_add(SKEW).unwrap_or(Timestamp::MAX),
    })
}

#[cfg(test)]
#[path = "logout_token_tests.rs"]
mod tests;
