//! From the text of a token to what it may.

use std::sync::Arc;

use cardea_jose::{VerifyError, peek};
use cardea_protocol::verify::{BearerError, BearerPolicy, BearerToken, bearer_token};
use cardea_web::{
    inbound::{ClientAddress, limits::Limiter},
    outbound::{FetchError, IssuerKeys},
};
use jiff::Timestamp;

use crate::{
    introspection::Introspector,
    places::Asker,
    refusal::{InvalidToken, TokenError},
};

/// A token that is good now.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) token: Arc<BearerToken>,
    pub(crate) expires_at: Timestamp,
}

/// Checks tokens, and limits how often a network may cause a question to the issuer with tokens that turn out invalid.
pub(crate) struct Verifier {
    pub(crate) kind: Kind,
    /// Counts tokens that were not valid, by the network of the client.
    pub(crate) invalid: Limiter,
}

/// Which tokens are taken, and how each is checked.
pub(crate) enum Kind {
    Jwt(JwtVerifier),
    Introspection(Introspector),
    Both(JwtVerifier, Introspector),
}

impl Verifier {
    /// The verdict, when it needs no question to the issuer.
    pub(crate) fn ready(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Option<Result<Verified, TokenError>> {
        match self.kind.of(token) {
            Check::Jwt(jwt) => jwt.ready(token, now),
            Check::Introspection(issuer) => issuer.ready(token, now),
        }
    }

    /// The verdict, after asking where that is needed.
    pub(crate) async fn verify(
        &self,
        token: &str,
        now: Timestamp,
        client: Option<&ClientAddress>,
    ) -> Result<Verified, TokenError> {
        let check = self.kind.of(token);
        let known = match check {
            // Without any keys at hand it is not the token that causes the question.
            Check::Jwt(jwt) => jwt.keys.ready(None).is_none(),
            Check::Introspection(issuer) => issuer.knows(token),
        };
        // Strangers can invent tokens without end, and each is a question to the issuer.
        let stranger = client.filter(|_| !known);
        if let Some(client) = stranger {
            let decision = self.invalid.peek_address(client);
            if !decision.allowed {
                return Err(TokenError::Limited(decision.retry_after));
            }
        }
        let verdict = match check {
            Check::Jwt(jwt) => jwt.verify(token, now).await,
            Check::Introspection(issuer) => {
                let network = client.map(ClientAddress::network);
                issuer.verify(token, Asker { known, network }).await
            }
        };
        if let (Err(TokenError::Invalid(_)), Some(client)) = (&verdict, stranger) {
            self.invalid.check_address(client);
        }
        verdict
    }

    /// Whether tokens can be checked now.
    pub(crate) async fn probe(&self) -> Result<(), FetchError> {
        match &self.kind {
            Kind::Jwt(jwt) => jwt.keys.keys(None).await.map(drop),
            Kind::Introspection(issuer) => issuer.probe().await,
            Kind::Both(jwt, issuer) => {
                jwt.keys.keys(None).await?;
                issuer.probe().await
            }
        }
    }
}

/// How one token is checked.
enum Check<'a> {
    Jwt(&'a JwtVerifier),
    Introspection(&'a Introspector),
}

impl Kind {
    fn of(&self, token: &str) -> Check<'_> {
        match self {
            Self::Jwt(jwt) => Check::Jwt(jwt),
            Self::Introspection(issuer) => Check::Introspection(issuer),
            Self::Both(jwt, _) if is_jwt(token) => Check::Jwt(jwt),
            Self::Both(_, issuer) => Check::Introspection(issuer),
        }
    }
}

/// RFC 7515 §3.1: three parts, the first of which is a JSON object in base64url.
fn is_jwt(token: &str) -> bool {
    token.starts_with("eyJ") && token.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Checks JWTs with the issuer's keys.
pub(crate) struct JwtVerifier {
    pub(crate) keys: Arc<IssuerKeys>,
    pub(crate) policy: BearerPolicy,
}

impl JwtVerifier {
    /// Without a lock and without waiting: used by nearly every request.
    fn ready(&self, jwt: &str, now: Timestamp) -> Option<Result<Verified, TokenError>> {
        let keys = self.keys.ready(None)?;
        match bearer_token(jwt, &keys, &self.policy, now) {
            // The issuer may have a new key.
            Err(BearerError::Signature(VerifyError::UnknownKey(_))) => None,
            verdict => Some(signed(verdict, now)),
        }
    }

    async fn verify(&self, jwt: &str, now: Timestamp) -> Result<Verified, TokenError> {
        let header = peek(jwt)
            .map_err(BearerError::from)
            .map_err(invalid)?
            .header;
        let keys = self.keys.keys(header.kid.as_deref()).await;
        let keys = keys.map_err(|error| TokenError::Unavailable(error.to_string()))?;
        signed(bearer_token(jwt, &keys, &self.policy, now), now)
    }
}

fn signed(
    verdict: Result<BearerToken, BearerError>,
    now: Timestamp,
) -> Result<Verified, TokenError> {
    let token = verdict.map_err(invalid)?;
    Ok(Verified {
        expires_at: token.expires_at().unwrap_or(now),
        token: Arc::new(token),
    })
}

pub(crate) fn invalid(error: BearerError) -> TokenError {
    TokenError::Invalid(InvalidToken(error))
}

#[cfg(test)]
mod tests {
    use super::is_jwt;

    #[test]
    fn a_token_is_told_by_its_shape() {
        assert!(is_jwt("eyJhbGciOiJFUzI1NiJ9.e30.c2ln"));
        for opaque in ["", "abc", "a.b.c", "eyJhbGciOiJFUzI1NiJ9.e30", "eyJ.a.b.c"] {
            assert!(!is_jwt(opaque), "{opaque}");
        }
    }
}
