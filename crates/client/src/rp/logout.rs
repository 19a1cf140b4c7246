//! The end of a login: RP-Initiated Logout §2, RFC 7009 §2, Back-Channel Logout §2.

use cardea_protocol::verify::{self, LogoutTokenError};
use cardea_seal::Secret;
use cardea_web::outbound::FetchError;
use jiff::Timestamp;
use url::Url;

use super::{error::RpError, party::RelyingParty, token_endpoint::is_overload};

/// A longer hint makes a URL that servers refuse; the `client_id` says enough then.
const MAX_HINT_BYTES: usize = 6 * 1024;

/// A logout token that holds. That its `jti` is presented for the first time is for the session store to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutToken {
    /// The issuer whose session ended.
    pub iss: String,
    /// The user: all their sessions end when there is no `sid`.
    pub sub: Option<String>,
    /// The one session that ended.
    pub sid: Option<String>,
    /// The token's own name.
    pub jti: String,
    /// When it was made.
    pub iat: Timestamp,
    /// Until when the `jti` must be remembered.
    pub expires_at: Timestamp,
}

impl RelyingParty {
    /// Where to send the browser so that the user is logged out at the provider as well; `None` when it has no such place.
    /// Without a `post_logout_redirect_uri` the configured one is used.
    ///
    /// # Errors
    /// When the provider's metadata can't be had.
    pub async fn logout_url(
        &self,
        id_token: Option<&Secret<String>>,
        post_logout_redirect_uri: Option<&str>,
        state: Option<&str>,
    ) -> Result<Option<String>, RpError> {
        let settings = &self.0.settings;
        let metadata = self.0.metadata().await?;
        let Some(endpoint) = &metadata.end_session_endpoint else {
            return Ok(None);
        };
        let mut url = Url::parse(endpoint)
            .map_err(|_| RpError::Unsupported("usable end_session endpoint"))?;
        let hint = id_token
            .map(|jwt| jwt.expose().as_str())
            .filter(|jwt| jwt.len() <= MAX_HINT_BYTES);
        let back = post_logout_redirect_uri.or(settings.post_logout_redirect_uri.as_deref());
        let parameters = [
            ("id_token_hint", hint),
            ("client_id", Some(settings.client_id.as_str())),
            ("post_logout_redirect_uri", back),
            // RP-Initiated Logout §2: the state goes to the redirect URI, so it means nothing without one.
            ("state", state.filter(|_| back.is_some())),
        ];
        for (name, value) in parameters {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        Ok(Some(url.into()))
    }

    /// Revokes a refresh token at the provider. `false` when it has no revocation endpoint.
    ///
    /// # Errors
    /// When the revocation failed.
    pub async fn revoke(&self, refresh_token: &Secret<String>) -> Result<bool, RpError> {
        let metadata = self.0.metadata().await?;
        let Some(endpoint) = &metadata.revocation_endpoint else {
            return Ok(false);
        };
        let pairs = [
            ("token", refresh_token.expose().as_str()),
            ("token_type_hint", "refresh_token"),
        ];
        let answer = self.0.post(&metadata, endpoint, &pairs).await?;
        // RFC 7009 §2.2: 200 for a token that is revoked, and for one that is none.
        match answer.status {
            status if status.is_success() => Ok(true),
            status if is_overload(status) => Err(FetchError::Status(status.as_u16()).into()),
            _ => Err(RpError::Answer("the revocation was refused")),
        }
    }

    /// Judges a logout token that the provider posted.
    ///
    /// # Errors
    /// When it is none of this provider's for this client.
    pub async fn logout_token(&self, jwt: &str) -> Result<LogoutToken, RpError> {
        let keys = self.0.keys_for::<LogoutTokenError>(jwt).await??;
        let policy = self.0.settings.policy();
        let token = verify::logout_token(jwt, &keys, policy, self.0.now())?;
        Ok(LogoutToken {
            iss: token.issuer,
            sub: token.subject,
            sid: token.sid,
            jti: token.jti,
            iat: token.issued_at,
            expires_at: token.expires_at,
        })
    }
}
