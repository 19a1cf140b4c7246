//! A provider's ID token, verified by the relying party: OpenID Core §3.1.3.7, §3.1.3.8, §12.2.

use cardea_jose::{Algorithm, Expected, Header, KeySet, VerifyError, half_hash};
use cardea_seal::constant_time_eq;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    audience::Audiences,
    claim::{any_texts, perhaps_text},
    issuer_rule::IssuerRule,
    numeric_date::{NumericDate, perhaps},
};

/// Clocks may differ by this much.
pub(super) const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// OpenID Core §2: a subject has at most 255 ASCII characters.
const MAX_SUBJECT_BYTES: usize = 255;

/// The relying party, and the issuers it trusts.
#[derive(Debug, Clone, Copy)]
pub struct RelyingPartyPolicy<'a> {
    /// Whose tokens are accepted.
    pub issuer: &'a IssuerRule,
    /// The client's own identifier.
    pub client_id: &'a str,
    /// Other audiences that a token may also have.
    pub trusted_audiences: &'a [String],
    /// The algorithms a token may be signed with.
    pub algorithms: &'a [Algorithm],
}

impl RelyingPartyPolicy<'_> {
    /// OpenID Core §3.1.3.7, point 3: `aud` names this client, and no other audience that it doesn't trust.
    pub(super) fn accepts_audience(&self, aud: &Audiences) -> bool {
        let trusts =
            |one: &str| one == self.client_id || self.trusted_audiences.iter().any(|t| t == one);
        aud.contains(self.client_id) && aud.iter().all(trusts)
    }
}

/// What this login requested, and what came with the token.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoginAsked<'a> {
    /// The nonce. `None` only for a refresh.
    pub nonce: Option<&'a str>,
    /// The access token of the same answer.
    pub access_token: Option<&'a str>,
    /// The greatest age of the authentication.
    pub max_age: Option<SignedDuration>,
    /// One of these classes of authentication; none: any.
    pub acr_values: &'a [String],
    /// For a refresh: issuer and subject of the login.
    pub user: Option<(&'a str, &'a str)>,
}

/// An ID token that holds in all that OpenID Core §3.1.3.7 asks for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VerifiedIdToken {
    /// `iss`
    pub issuer: String,
    /// `sub`, never reissued by this issuer.
    pub subject: String,
    /// The session at the provider, for back-channel logout.
    pub sid: Option<String>,
    /// When the user authenticated.
    pub auth_time: Option<Timestamp>,
    /// How well.
    pub acr: Option<String>,
    /// By what means.
    pub amr: Vec<String>,
    /// All claims that no rule has used up.
    pub other: Map<String, Value>,
}

/// Which rule an ID token breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// Form, algorithm, key or signature.
    #[error("the ID token: {0}")]
    Signature(#[from] VerifyError),
    /// Another kind of token.
    #[error("it is not an ID token")]
    Kind,
    /// The claims.
    #[error("the ID token's claims are malformed")]
    Malformed,
    /// `iss`, or the tenant.
    #[error("the ID token is of another issuer or tenant")]
    Issuer,
    /// `aud` or `azp`
    #[error("the ID token is not for this client, or also for an untrusted audience")]
    Audience,
    /// `exp`
    #[error("the ID token has expired")]
    Expired,
    /// `iat` or `nbf`
    #[error("the ID token was issued in the future")]
    Future,
    /// `nonce`
    #[error("the ID token belongs to another login")]
    Nonce,
    /// `iss` or `sub` at a refresh
    #[error("the ID token names another user than before")]
    User,
    /// `at_hash`
    #[error("the access token is not the one of the ID token")]
    AccessTokenHash,
    /// `auth_time` against `max_age`
    #[error("the authentication is too old")]
    TooOld,
    /// `acr`
    #[error("the authentication context class is not one that was requested")]
    Acr,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audiences,
    exp: NumericDate,
    iat: NumericDate,
    nbf: Option<NumericDate>,
    azp: Option<String>,
    nonce: Option<String>,
    // What providers write in other types too; where a rule needs one, absent is refused.
    #[serde(default, deserialize_with = "perhaps")]
    auth_time: Option<NumericDate>,
    #[serde(default, deserialize_with = "perhaps_text")]
    at_hash: Option<String>,
    #[serde(default, deserialize_with = "perhaps_text")]
    acr: Option<String>,
    #[serde(default, deserialize_with = "any_texts")]
    amr: Vec<String>,
    #[serde(default, deserialize_with = "perhaps_text")]
    sid: Option<String>,
    #[serde(default, deserialize_with = "perhaps_text")]
    tid: Option<String>,
    events: Option<serde::de::IgnoredAny>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Verifies an ID token with the keys of its issuer.
///
/// # Errors
/// The first rule it breaks. An unknown key may mean that the issuer has a new one.
pub fn id_token(
    jwt: &str,
    keys: &KeySet,
    party: RelyingPartyPolicy<'_>,
    asked: LoginAsked<'_>,
    now: Timestamp,
) -> Result<VerifiedIdToken, IdTokenError> {
    // OpenID Core §3.1.3.7, points 6 to 8: signed by the issuer with an algorithm that the client chose; never `none`.
    let expected = Expected {
        algorithms: party.algorithms,
        typ: &[],
    };
    let verified = keys.verify(jwt, &expected)?;
    let claims: Claims =
        serde_json::from_slice(&verified.payload).map_err(|_| IdTokenError::Malformed)?;
    // RFC 8725 §3.11: an access token or a logout token of the same issuer is no ID token. Few providers name the type.
    if !is_plain(&verified.header) || claims.events.is_some() {
        return Err(IdTokenError::Kind);
    }
    judge_parties(&claims, party)?;
    judge_times(&claims, now)?;
    judge_login(&claims, verified.header.alg, asked, now)?;
    proof(claims)
}

/// Whether a token calls itself a JWT, or nothing.
pub(super) fn is_plain(header: &Header) -> bool {
    let names = ["jwt", "application/jwt"];
    let is_one = |typ: &str| names.iter().any(|name| name.eq_ignore_ascii_case(typ));
    header.typ.as_deref().is_none_or(is_one)
}

fn judge_parties(claims: &Claims, party: RelyingPartyPolicy<'_>) -> Result<(), IdTokenError> {
    // OpenID Core §3.1.3.7, point 2: `iss` is exactly the issuer; with tenants, exactly the issuer of the token's tenant.
    if !party
        .issuer
        .accepts_token(&claims.iss, claims.tid.as_deref())
    {
        return Err(IdTokenError::Issuer);
    }
    if !party.accepts_audience(&claims.aud) {
        return Err(IdTokenError::Audience);
    }
    // OpenID Core §3.1.3.7, points 4 and 5: the authorized party is this client, and is named where there are many.
    let authorized = match &claims.azp {
        Some(azp) => azp == party.client_id,
        None => claims.aud.is_single(),
    };
    if !authorized {
        return Err(IdTokenError::Audience);
    }
    Ok(())
}

fn judge_times(claims: &Claims, now: Timestamp) -> Result<(), IdTokenError> {
    let exp = claims.exp.timestamp().ok_or(IdTokenError::Malformed)?;
    // OpenID Core §3.1.3.7, point 9: the time is before `exp`.
    if now.duration_since(exp) >= SKEW {
        return Err(IdTokenError::Expired);
    }
    // OpenID Core §3.1.3.7, point 10, and RFC 7519 §4.1.5: nothing is made in the future.
    for date in [Some(claims.iat), claims.nbf].into_iter().flatten() {
        let date = date.timestamp().ok_or(IdTokenError::Malformed)?;
        if date.duration_since(now) > SKEW {
            return Err(IdTokenError::Future);
        }
    }
    Ok(())
}

fn judge_login(
    claims: &Claims,
    algorithm: Algorithm,
    asked: LoginAsked<'_>,
    now: Timestamp,
) -> Result<(), IdTokenError> {
    // OpenID Core §3.1.3.7, point 11: the nonce that was sent is in the token.
    if let Some(nonce) = asked.nonce
        && !same(claims.nonce.as_deref(), nonce)
    {
        return Err(IdTokenError::Nonce);
    }
    // OpenID Core §12.2: after a refresh issuer and subject are those of the login.
    if asked
        .user
        .is_some_and(|known| known != (&claims.iss, &claims.sub))
    {
        return Err(IdTokenError::User);
    }
    // OpenID Core §3.1.3.8: where there is an `at_hash`, it is the access token's.
    if let (Some(hash), Some(token)) = (&claims.at_hash, asked.access_token)
        && !same(Some(hash), &half_hash(algorithm, token.as_bytes()))
    {
        return Err(IdTokenError::AccessTokenHash);
    }
    // OpenID Core §3.1.3.7, point 12: a class of authentication that was asked for is the one that is given.
    let acr_fits = |acr: &String| asked.acr_values.contains(acr);
    if !asked.acr_values.is_empty() && !claims.acr.as_ref().is_some_and(acr_fits) {
        return Err(IdTokenError::Acr);
    }
    // OpenID Core §3.1.3.7, point 13: with `max_age` the time of the authentication is present and recent enough.
    if let Some(max_age) = asked.max_age {
        let auth_time = claims.auth_time.and_then(NumericDate::timestamp);
        let age = now.duration_since(auth_time.ok_or(IdTokenError::TooOld)?);
        if age > max_age.saturating_add(SKEW) {
            return Err(IdTokenError::TooOld);
        }
    }
    Ok(())
}

fn same(ours: Option<&str>, theirs: &str) -> bool {
    ours.is_some_and(|ours| constant_time_eq(ours.as_bytes(), theirs.as_bytes()))
}

/// OpenID Core §2: a subject is present, ASCII and bounded.
pub(super) fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT_BYTES).contains(&text.len()) && text.is_ascii()
}

fn proof(claims: Claims) -> Result<VerifiedIdToken, IdTokenError> {
    if !is_subject(&claims.sub) {
        return Err(IdTokenError::Malformed);
    }
    let mut other = claims.other;
    if let Some(tid) = claims.tid {
        other.insert("tid".to_owned(), Value::String(tid));
    }
    Ok(VerifiedIdToken {
        issuer: claims.iss,
        subject: claims.sub,
        sid: claims.sid,
        auth_time: claims.auth_time.and_then(NumericDate::timestamp),
        acr: claims.acr,
        amr: claims.amr,
        other,
    })
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
