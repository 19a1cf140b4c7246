//! More claims about the user: OpenID Core §5.3.

use cardea_protocol::verify::{self, UserinfoError};
use cardea_seal::Secret;
use cardea_web::outbound::{Answer, FetchError, IssuerMetadata};
use http::StatusCode;
use serde_json::{Map, Number, Value};

use super::{
    error::RpError,
    party::{Inner, RelyingParty},
    token_endpoint::is_overload,
};

/// Claims are kept with the session: no more of them.
const MAX_BYTES: usize = 64 * 1024;

impl RelyingParty {
    /// Reads the claims behind an access token, of the user with this `sub`.
    ///
    /// # Errors
    /// When the provider has none, doesn't answer, or describes another user.
    pub async fn userinfo(
        &self,
        access_token: &Secret<String>,
        expected_sub: &str,
    ) -> Result<Map<String, Value>, RpError> {
        let metadata = self.0.metadata().await?;
        self.0.userinfo(&metadata, access_token, expected_sub).await
    }
}

impl Inner {
    pub(super) async fn userinfo(
        &self,
        metadata: &IssuerMetadata,
        access_token: &Secret<String>,
        expected_sub: &str,
    ) -> Result<Map<String, Value>, RpError> {
        let endpoint = metadata.userinfo_endpoint.as_deref();
        let endpoint = endpoint.ok_or(RpError::Unsupported("userinfo endpoint"))?;
        let accept = ["application/json", "application/jwt"];
        let answer = self
            .client
            .get(endpoint, &accept, Some(access_token.expose()));
        let answer = granted(answer.await?)?;
        // OpenID Core §5.3.2: a signed answer says so by its type.
        let claims = match answer.content_type.as_deref() {
            Some("application/jwt") => self.signed(&answer.body).await?,
            _ => object(&answer.body)?,
        };
        // OpenID Core §5.3.2: `sub` is exactly the ID token's, or the claims are not to be used.
        match claims.get("sub") {
            Some(Value::String(sub)) if sub == expected_sub => Ok(claims),
            // Some providers write the same digits as a number.
            Some(Value::Number(sub)) if is_same_number(sub, expected_sub) => Ok(claims),
            Some(Value::String(_) | Value::Number(_)) => Err(RpError::Subject),
            _ => Err(RpError::Answer("the claims have no subject")),
        }
    }

    async fn signed(&self, body: &[u8]) -> Result<Map<String, Value>, RpError> {
        let malformed = RpError::Userinfo(UserinfoError::Malformed);
        let jwt = std::str::from_utf8(body).map_err(|_| malformed)?.trim();
        let keys = self.keys_for::<UserinfoError>(jwt).await??;
        Ok(verify::signed_userinfo(jwt, &keys, self.settings.policy())?)
    }
}

/// Only of whole numbers: `1.0` and `1e3` have more than one form.
fn is_same_number(sub: &Number, expected: &str) -> bool {
    (sub.is_u64() || sub.is_i64()) && sub.to_string() == expected
}

/// The answer to a GET with an access token, when it is one.
pub(super) fn granted(answer: Answer) -> Result<Answer, RpError> {
    match answer.status {
        StatusCode::OK if answer.body.len() > MAX_BYTES => {
            Err(RpError::Answer("there are too many claims"))
        }
        StatusCode::OK => Ok(answer),
        status if is_overload(status) => Err(FetchError::Status(status.as_u16()).into()),
        _ => Err(RpError::Answer("the access token is not accepted")),
    }
}

pub(super) fn object(json: &[u8]) -> Result<Map<String, Value>, RpError> {
    serde_json::from_slice(json).map_err(|_| RpError::Answer("the claims are no JSON object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c6_a_subject_as_a_number_is_the_same_digits() {
        let same = |json: &str, expected| is_same_number(&json.parse().unwrap(), expected);
        assert!(same("42", "42"));
        assert!(same("-7", "-7"));
        assert!(same("18446744073709551615", "18446744073709551615"));
        for (json, expected) in [
            ("42", "43"),
            ("42", "042"),
            ("42", "42.0"),
            ("42.0", "42"),
            ("42.0", "42.0"),
            ("1e3", "1000"),
            ("184467440737095516150", "18446744073709551615"),
        ] {
            assert!(!same(json, expected), "{json} {expected}");
        }
    }
}
