//! Any issuer's access token, verified by the API it was presented to: RFC 9068 §4, RFC 7662 §2.2, RFC 7519 §4.1.

use std::borrow::Cow;

use cardea_jose::{Algorithm, Expected, KeySet, Verified, VerifyError};
use jiff::{SignedDuration, Timestamp};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{
    audience::Audiences,
    claim::{PerhapsText, PerhapsTexts, ScopeClaim, Text},
    numeric_date::{NumericDate, number_or_text},
};
use crate::{model::SenderBinding, scope::Scope, token::require_unbound};

/// Which access tokens an API accepts.
#[derive(Debug, Clone)]
pub struct BearerPolicy {
    /// The issuer, compared exactly.
    pub issuer: String,
    /// The API's audience, which must be in `aud`.
    pub audience: String,
    /// The algorithms a token may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// By how much the issuer's clock and ours may differ.
    pub skew: SignedDuration,
    /// Whether a JWT with `typ` `JWT` or none is accepted too, for issuers that don't implement RFC 9068.
    pub plain_jwt: bool,
}

/// An access token that is valid for this API.
#[derive(Debug, Clone)]
pub struct BearerToken {
    subject: String,
    client_id: Option<String>,
    scope: Scope,
    roles: Vec<String>,
    permissions: Vec<String>,
    tenant: Option<String>,
    expires_at: Option<Timestamp>,
    confirmation: Option<SenderBinding>,
    claims: Vec<u8>,
}

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BearerError {
    /// Form, algorithm, kind, key or signature.
    #[error("{0}")]
    Signature(#[from] VerifyError),
    /// The claims.
    #[error("the claims of the token are malformed")]
    Malformed,
    /// An ID token, a refresh token, a logout token.
    #[error("the token is not an access token")]
    Kind,
    /// It is bound to a key whose possession was not proved.
    #[error("the token is bound to a key, so it is not a bearer token")]
    SenderConstrained,
    /// `iss`
    #[error("the token was issued by another issuer")]
    Issuer,
    /// `aud`
    #[error("the token is for another audience")]
    Audience,
    /// `exp`
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat`
    #[error("the token is not valid yet")]
    NotYet,
    /// By introspection.
    #[error("the token is not active")]
    Inactive,
}

impl BearerToken {
    /// The user, or the client on its own behalf.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The client it was issued to.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// What it allows.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The holder's roles.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// What the holder's roles allow, as far as the token says so.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        &self.permissions
    }

    /// The holder's tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// When it expires; only an introspected token may have no `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The key that it is bound to (`cnf`). Such a token is refused until a proof of possession is verified.
    #[must_use]
    pub fn confirmation(&self) -> Option<SenderBinding> {
        self.confirmation
    }

    /// All its claims, read into a type of the caller's.
    ///
    /// # Errors
    /// When they don't have that shape.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.claims)
    }

    /// RFC 8705 §3, RFC 9449 §7.2: a token that is bound to a key is refused as a bearer token, or the binding could be undone
    /// by leaving the proof out.
    fn unbound(self, claims: Vec<u8>) -> Result<Self, BearerError> {
        require_unbound(self.confirmation.as_ref()).map_err(|_| BearerError::SenderConstrained)?;
        Ok(Self { claims, ..self })
    }
}

/// Verifies a JWT access token with the issuer's keys. [`VerifyError::UnknownKey`] may mean that there are newer ones.
pub fn bearer_token(
    jwt: &str,
    keys: &KeySet,
    policy: &BearerPolicy,
    now: Timestamp,
) -> Result<BearerToken, BearerError> {
    // RFC 9068 §4: typ must be at+jwt, so that no ID token passes for an access token.
    let typ: &[&str] = if policy.plain_jwt { &[] } else { &["at+jwt"] };
    let expected = Expected {
        algorithms: &policy.algorithms,
        typ,
    };
    let verified = keys.verify(jwt, &expected)?;
    // RFC 8725 §3.11: without a type of its own it must at least not have that of another kind.
    if policy.plain_jwt && !is_plain(&verified) {
        return Err(BearerError::Kind);
    }
    let claims: Claims<'_> =
        serde_json::from_slice(&verified.payload).map_err(|_| BearerError::Malformed)?;
    // RFC 9068 §2.2: iss, aud, exp and sub are required.
    if claims.iss.is_none() || claims.exp.is_none() || claims.sub.is_none() {
        return Err(BearerError::Malformed);
    }
    let token = claims.judge(policy, now)?.read()?;
    token.unbound(verified.payload)
}

/// Reads the response of an introspection endpoint. The same rules hold as for a signed token.
pub fn introspected_token(
    answer: &[u8],
    policy: &BearerPolicy,
    now: Timestamp,
) -> Result<BearerToken, BearerError> {
    let claims: Claims<'_> = serde_json::from_slice(answer).map_err(|_| BearerError::Malformed)?;
    match claims.active {
        Some(true) => {}
        // RFC 7662 §2.2: an inactive token has no other members.
        Some(false) => return Err(BearerError::Inactive),
        None => return Err(BearerError::Malformed),
    }
    // RFC 7662 §2.2: token_type is as in RFC 6749 §5.1; older servers write the kind of token there.
    if let Some(kind) = &claims.token_type.0
        && !["bearer", "access_token"].contains(&kind.to_ascii_lowercase().as_str())
    {
        return Err(BearerError::Kind);
    }
    let token = claims.judge(policy, now)?.read()?;
    token.unbound(answer.to_vec())
}

/// The claims that a rule looks at; what isn't copied stands in the payload.
#[derive(Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    iss: Option<Text<'a>>,
    #[serde(borrow)]
    sub: Option<Text<'a>>,
    aud: Option<Audiences>,
    #[serde(default, deserialize_with = "number_or_text")]
    exp: Option<NumericDate>,
    #[serde(default, deserialize_with = "number_or_text")]
    nbf: Option<NumericDate>,
    #[serde(default, deserialize_with = "number_or_text")]
    iat: Option<NumericDate>,
    #[serde(borrow, default)]
    client_id: PerhapsText<'a>,
    /// The same, as OpenID Connect names it.
    #[serde(borrow, default)]
    azp: PerhapsText<'a>,
    /// The same, as Okta names it.
    #[serde(borrow, default)]
    cid: PerhapsText<'a>,
    /// The same, as Entra ID names it in version 1.
    #[serde(borrow, default)]
    appid: PerhapsText<'a>,
    scope: Option<ScopeClaim>,
    /// The same, as Entra ID names it.
    scp: Option<ScopeClaim>,
    #[serde(default)]
    roles: PerhapsTexts,
    /// The same, as Keycloak nests it.
    realm_access: Option<PerhapsRealm>,
    #[serde(default)]
    permissions: PerhapsTexts,
    #[serde(borrow, default)]
    tenant: PerhapsText<'a>,
    /// The same, as Entra ID names it.
    #[serde(borrow, default)]
    tid: PerhapsText<'a>,
    /// The same, as Cardea names it.
    #[serde(borrow, default)]
    org_id: PerhapsText<'a>,
    /// The kind of token, as Keycloak writes it into the claims.
    #[serde(borrow, default)]
    typ: PerhapsText<'a>,
    /// The same, as Cognito and Cardea's introspection name it.
    #[serde(borrow, default)]
    token_use: PerhapsText<'a>,
    #[serde(borrow, default)]
    token_type: PerhapsText<'a>,
    active: Option<bool>,
    nonce: Option<IgnoredAny>,
    at_hash: Option<IgnoredAny>,
    c_hash: Option<IgnoredAny>,
    events: Option<IgnoredAny>,
    cnf: Option<PerhapsBinding>,
}

/// Keycloak's own claim: of another shape it counts as absent.
#[derive(Deserialize)]
#[serde(untagged)]
enum PerhapsRealm {
    Is {
        #[serde(default)]
        roles: Vec<String>,
    },
    Other(IgnoredAny),
}

/// A key that is named in another way is none whose possession can be proved.
#[derive(Deserialize)]
#[serde(untagged)]
enum PerhapsBinding {
    Is(SenderBinding),
    Other(IgnoredAny),
}

impl<'a> Claims<'a> {
    fn judge(self, policy: &BearerPolicy, now: Timestamp) -> Result<Self, BearerError> {
        if !self.is_access_token() {
            return Err(BearerError::Kind);
        }
        // RFC 9068 §4: the issuer must match exactly. RFC 7662 §2.2: an answer need not name it.
        if self.iss.as_ref().is_some_and(|iss| iss.0 != policy.issuer) {
            return Err(BearerError::Issuer);
        }
        // RFC 9068 §4: aud must name this API; other audiences beside it don't matter.
        let audience = self.aud.as_ref();
        if !audience.is_some_and(|aud| aud.contains(&policy.audience)) {
            return Err(BearerError::Audience);
        }
        let at = |date: Option<NumericDate>| match date.map(NumericDate::timestamp) {
            Some(None) => Err(BearerError::Malformed),
            date => Ok(date.flatten()),
        };
        let late = |time: Timestamp| now.duration_since(time) >= policy.skew;
        let early = |time: Timestamp| time.duration_since(now) > policy.skew;
        // RFC 7519 §4.1.4: not on or after exp, with some leeway for clocks.
        if at(self.exp)?.is_some_and(late) {
            return Err(BearerError::Expired);
        }
        // RFC 7519 §4.1.5 and §4.1.6: not before nbf, and not made in the future.
        if at(self.nbf)?.is_some_and(early) || at(self.iat)?.is_some_and(early) {
            return Err(BearerError::NotYet);
        }
        Ok(self)
    }

    /// RFC 8725 §3.12: whatever typ says, claims of other kinds of token are refused.
    fn is_access_token(&self) -> bool {
        let kind = self.typ.0.as_deref();
        // Keycloak before version 24 copies the nonce into access tokens, and says in `typ` that they are.
        let says_bearer = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer"));
        let nonce = self.nonce.as_ref().filter(|_| !says_bearer);
        let of_others = [
            nonce,
            self.at_hash.as_ref(),
            self.c_hash.as_ref(),
            self.events.as_ref(),
        ];
        let used_as = self.token_use.0.as_deref();
        let other_kind = |kind: &str| {
            ["ID", "Refresh", "Offline", "Logout"]
                .iter()
                .any(|other| kind.eq_ignore_ascii_case(other))
        };
        of_others.iter().all(|claim| claim.is_none())
            && !kind.is_some_and(other_kind)
            && used_as.is_none_or(|used_as| used_as.starts_with("access"))
    }

    fn read(self) -> Result<BearerToken, BearerError> {
        let names = [self.client_id, self.azp, self.cid, self.appid];
        let client_id = names.into_iter().find_map(|PerhapsText(id)| id);
        let client_id = client_id.map(Cow::into_owned);
        let subject = self.sub.map(|Text(subject)| subject.into_owned());
        // RFC 9068 §2.2: without a user, the subject is the client.
        let subject = subject.or_else(|| client_id.clone());
        // RFC 9068 §2.2: it must identify a user or client. An empty subject would own every object without an owner.
        let subject = subject.filter(|subject| !subject.is_empty());
        let mut roles = self.roles.0.unwrap_or_default();
        if let Some(PerhapsRealm::Is { roles: of_realm }) = self.realm_access {
            roles.extend(of_realm);
        }
        let scope = self.scope.or(self.scp);
        let confirmation = match self.cnf {
            None => None,
            Some(PerhapsBinding::Is(binding)) => Some(binding),
            Some(PerhapsBinding::Other(_)) => return Err(BearerError::SenderConstrained),
        };
        Ok(BearerToken {
            subject: subject.ok_or(BearerError::Malformed)?,
            client_id,
            scope: scope.map(|ScopeClaim(scope)| scope).unwrap_or_default(),
            roles,
            permissions: self.permissions.0.unwrap_or_default(),
            tenant: self
                .tenant
                .0
                .or(self.tid.0)
                .or(self.org_id.0)
                .map(Cow::into_owned),
            expires_at: self.exp.and_then(NumericDate::timestamp),
            confirmation,
            claims: Vec::new(),
        })
    }
}

fn is_plain(verified: &Verified) -> bool {
    let typ = verified.header.typ.as_deref();
    typ.is_none_or(|typ| {
        ["JWT", "at+jwt", "application/at+jwt"]
            .iter()
            .any(|plain| typ.eq_ignore_ascii_case(plain))
    })
}

#[cfg(test)]
#[path = "bearer_token_issuers_tests.rs"]
mod issuers_tests;

#[cfg(test)]
#[path = "bearer_token_tests.rs"]
mod tests;
