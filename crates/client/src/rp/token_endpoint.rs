//! The token endpoint: RFC 6749 §4.1.3, §5, §6; OpenID Core §3.1.3.

use cardea_protocol::scope::Scope;
use cardea_seal::Secret;
use cardea_web::outbound::{Answer, FetchError, IssuerMetadata};
use form_urlencoded::Serializer;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::{
    config::Provider,
    error::{RpError, visible},
    party::Inner,
    token_answer::{Refused, granted, refused},
    tokens::Tokens,
};

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
        // GitHub puts commas between scopes.
        let separators: &[char] = match self.settings.provider {
            Provider::Github => &[','],
            _ => &[],
        };
        let granted = granted(body, separators)?;
        Ok(Tokens {
            access_token: granted.access_token,
            expires_at: granted.expires_in.map(|seconds| after(self.now(), seconds)),
            refresh_token: granted.refresh_token,
            id_token: granted.id_token,
            // RFC 6749 §5.1: an answer without a scope means the one that was asked for.
            scope: granted.scope.unwrap_or_else(|| asked.clone()),
            token_type: "Bearer".to_owned(),
        })
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
    match refused(body.expose()) {
        Some(refused) => Err(refusal(&refused)),
        None if status.is_success() => Ok(body),
        None => Err(FetchError::Status(status.as_u16()).into()),
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
