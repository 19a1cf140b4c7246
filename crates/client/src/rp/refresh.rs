//! New tokens for old: RFC 6749 §6, OpenID Core §12.

use cardea_protocol::{scope::Scope, verify::LoginAsked};
use cardea_seal::Secret;

use super::{
    error::{RefreshError, RpError},
    identity::IdentityClaims,
    party::{Inner, RelyingParty},
    tokens::Tokens,
};

impl RelyingParty {
    /// Redeems a refresh token. Who calls it for one session twice at once may lose it: a provider takes the second call
    /// for theft.
    ///
    /// # Errors
    /// [`RefreshError::Dead`] when the provider says that the refresh token is, and only then.
    pub async fn refresh(
        &self,
        refresh_token: &Secret<String>,
        known: &IdentityClaims,
    ) -> Result<Tokens, RefreshError> {
        let party = &*self.0;
        let mut tokens = party
            .redeem_again(refresh_token)
            .await
            .map_err(|error| match error {
                RpError::CodeRefused => RefreshError::Dead,
                other => RefreshError::Unavailable(other),
            })?;
        if let Some(jwt) = tokens.id_token.take() {
            tokens.id_token = party.verified_again(jwt, &tokens, known).await?;
        }
        // RFC 6749 §6: without a new refresh token the old one stays.
        tokens.refresh_token = tokens.refresh_token.or_else(|| Some(refresh_token.clone()));
        Ok(tokens)
    }
}

impl Inner {
    async fn redeem_again(&self, refresh_token: &Secret<String>) -> Result<Tokens, RpError> {
        let metadata = self.metadata().await?;
        let mut pairs = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose().as_str()),
        ];
        pairs.extend(
            self.settings
                .resource
                .as_deref()
                .map(|one| ("resource", one)),
        );
        // What was granted at the login isn't known here; the configured scope is the nearest.
        let scope: &Scope = &self.settings.scope;
        self.ask_for_tokens(&metadata, &pairs, scope).await
    }

    /// The new ID token, when it is the same user's. One that can't be verified for want of keys is left out: the new
    /// refresh token is in the caller's hands only if this returns.
    async fn verified_again(
        &self,
        jwt: Secret<String>,
        tokens: &Tokens,
        known: &IdentityClaims,
    ) -> Result<Option<Secret<String>>, RefreshError> {
        let asked = LoginAsked {
            access_token: Some(tokens.access_token.expose()),
            // OpenID Core §12.2: issuer and subject are those of the login.
            user: Some((&known.iss, &known.sub)),
            ..LoginAsked::default()
        };
        match self.verify_id_token(&jwt, asked).await {
            Ok(Ok(_)) => Ok(Some(jwt)),
            Ok(Err(error)) => Err(RefreshError::Untrusted(error)),
            Err(error) => {
                tracing::warn!(%error, "a refreshed ID token could not be verified and is left out");
                Ok(None)
            }
        }
    }
}
