//! The token endpoint: RFC 6749 §4.1.3, §5, §6; OpenID Core §3.1.3.

use cardea_protocol::scope::Scope;
use cardea_seal::Secret;
use cardea_web::outbound::{Answer, FetchError, IssuerMetadata};
use form_urlencoded::Serializer;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    config::Provider,
    error::{RpError, visible},
    party::Inner,
    tokens::Tokens,
};

/// A longer token is kept nowhere.
const MAX_TOKEN_BYTES: usize = 32 * 1024;
/// Longer lives are as good as this one.
const MAX_LIFE_SECONDS: u64 = 10 * 365 * 86_400;

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
    id_token: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
    error_description: Option<String>,
}

impl Inner {
    /// Asks for tokens. `asked` is the scope that an answer without one means.
    pub(super) async fn ask_for_tokens(
        &self,
        metadata: &IssuerMetadata,
        pairs: &[(&str, &str)],
        asked: &Scope,
    ) -> Result<Tokens, RpError> {
        let endpoint = metadata.token_endpoint.as_deref();
        let endpoint = endpoint.ok_or(RpError::Unsupported("token endpoint"))?;
        let answer = self.post(metadata, endpoint, pairs).await?;
        let body = judge(answer)?;
        self.read(body.expose(), asked)
    }

    /// Posts a form with the client's proof in or beside it.
    pub(super) async fn post(
        &self,
        metadata: &IssuerMetadata,
        endpoint: &str,
        pairs: &[(&str, &str)],
    ) -> Result<Answer, RpError> {
        // A serializer is not `Send`, so it must be gone before the await.
        let (form, authorization) = {
            let mut form = Serializer::new(String::new());
            form.extend_pairs(pairs);
            let to = self.addressee(metadata);
            let authorization = self.authentication.apply(&mut form, &to, &self.entropy)?;
            (Secret::new(form.finish()), authorization)
        };
        let authorization = authorization.as_ref().map(|one| one.expose().as_str());
        Ok(self
            .client
            .post_form(endpoint, authorization, form.expose())
            .await?)
    }

    fn read(&self, body: &[u8], asked: &Scope) -> Result<Tokens, RpError> {
        let granted: Granted =
            serde_json::from_slice(body).map_err(|_| RpError::Answer("it is no token answer"))?;
        // RFC 6749 §7.1, OpenID Core §3.1.3.3: a client uses no token of a type that it doesn't know.
        if !granted.token_type.eq_ignore_ascii_case("bearer") {
            return Err(RpError::Answer("the token type is not Bearer"));
        }
        let sized = |token: &str| (1..=MAX_TOKEN_BYTES).contains(&token.len());
        let all = [
            Some(&granted.access_token),
            granted.refresh_token.as_ref(),
            granted.id_token.as_ref(),
        ];
        if !all.into_iter().flatten().all(|token| sized(token)) {
            return Err(RpError::Answer("a token is empty or too long"));
        }
        let life = granted
            .expires_in
            .map(|seconds| seconds.min(MAX_LIFE_SECONDS));
        Ok(Tokens {
            access_token: Secret::new(granted.access_token),
            expires_at: life.map(|seconds| after(self.now(), seconds)),
            refresh_token: granted.refresh_token.map(Secret::new),
            id_token: granted.id_token.map(Secret::new),
            // RFC 6749 §5.1: an answer without a scope means the one that was asked for.
            scope: match granted.scope {
                Some(text) => self.scope(&text)?,
                None => asked.clone(),
            },
            token_type: "Bearer".to_owned(),
        })
    }

    fn scope(&self, text: &str) -> Result<Scope, RpError> {
        // GitHub puts commas between scopes.
        let text = match self.settings.provider {
            Provider::Github => text.replace(',', " "),
            _ => text.to_owned(),
        };
        Scope::parse(&text).map_err(|_| RpError::Answer("the scope is malformed"))
    }
}

fn after(now: Timestamp, seconds: u64) -> Timestamp {
    let life = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    now.saturating_add(life).unwrap_or(Timestamp::MAX)
}

/// The body of an answer that may hold tokens, or why there are none.
fn judge(answer: Answer) -> Result<Secret<Vec<u8>>, RpError> {
    let status = answer.status;
    let body = Secret::new(answer.body);
    if is_overload(status) {
        return Err(FetchError::Status(status.as_u16()).into());
    }
    // RFC 6749 §5.2: a refusal is JSON with a code. GitHub sends it with status 200.
    match serde_json::from_slice::<Refused>(body.expose()) {
        Ok(refused) => Err(refusal(&refused)),
        Err(_) if status == StatusCode::OK => Ok(body),
        Err(_) => Err(FetchError::Status(status.as_u16()).into()),
    }
}

/// Whether a status says nothing of the request, only of the server.
pub(super) fn is_overload(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

fn refusal(refused: &Refused) -> RpError {
    match refused.error.as_str() {
        // RFC 6749 §5.2, and GitHub's names for it.
        "invalid_grant" | "bad_verification_code" | "bad_refresh_token" => RpError::CodeRefused,
        // OpenID Core §3.1.2.6: Entra ID answers a refresh so when only a new login helps.
        "interaction_required" | "login_required" | "consent_required" => RpError::CodeRefused,
        code => RpError::TokenRefused {
            code: visible(code),
            description: refused.error_description.as_deref().map(visible),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> Result<Secret<Vec<u8>>, RpError> {
        judge(Answer {
            status: StatusCode::from_u16(status).unwrap(),
            content_type: None,
            body: body.as_bytes().to_vec(),
        })
    }

    #[test]
    fn a_refusal_is_told_from_an_outage() {
        let refused = |status, body| judged(status, body).err().unwrap();
        let dead = r#"{"error":"invalid_grant","error_description":"used"}"#;
        assert_eq!(refused(400, dead), RpError::CodeRefused);
        assert_eq!(
            refused(200, r#"{"error":"bad_verification_code"}"#),
            RpError::CodeRefused
        );
        assert_eq!(
            refused(400, r#"{"error":"interaction_required"}"#),
            RpError::CodeRefused
        );
        assert!(matches!(
            refused(401, r#"{"error":"invalid_client"}"#),
            RpError::TokenRefused { code, .. } if code == "invalid_client"
        ));
        // A proxy's page, an overloaded server that quotes the specification, a limit.
        for (status, body) in [
            (404, "<html>"),
            (503, dead),
            (500, dead),
            (429, dead),
            (302, ""),
        ] {
            assert_eq!(
                refused(status, body),
                RpError::Unavailable(FetchError::Status(status))
            );
        }
        assert!(judged(200, "{}").is_ok());
    }
}
