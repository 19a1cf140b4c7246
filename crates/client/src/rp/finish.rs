//! The way back: the callback is held against the login, and the code becomes an identity. OpenID Core §3.1.2.7, §3.1.3.

use cardea_protocol::verify::{self, IdTokenError, LoginAsked};
use cardea_seal::{Secret, constant_time_eq};
use cardea_web::outbound::IssuerMetadata;
use jiff::SignedDuration;

use super::{
    authorization::LoginState,
    callback::Callback,
    config::Provider,
    error::RpError,
    identity::IdentityClaims,
    party::{Inner, RelyingParty},
    tokens::Tokens,
};

/// Longer than any login takes, including a registration.
const LONGEST_LOGIN: SignedDuration = SignedDuration::from_hours(1);

/// The result of a successful login.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// What the provider handed out.
    pub tokens: Tokens,
    /// Who it is.
    pub identity: IdentityClaims,
    /// Where they wanted to go.
    pub return_to: String,
}

impl RelyingParty {
    /// Ends a login: judges the callback, redeems the code, and proves who came.
    ///
    /// The caller sees to it that `login` is the one this browser began, and that it is used once.
    ///
    /// # Errors
    /// When the callback isn't this login's, the provider refused, or its answer doesn't hold.
    pub async fn finish(
        &self,
        callback: &Callback,
        login: &LoginState,
    ) -> Result<LoggedIn, RpError> {
        let party = &*self.0;
        if login.issuer != self.issuer() {
            return Err(RpError::Mismatch("it was begun at another provider"));
        }
        if party.now().duration_since(login.started_at) > LONGEST_LOGIN {
            return Err(RpError::TooLate);
        }
        judge_state(callback, login)?;
        let metadata = party.metadata().await?;
        party.judge_issuer(callback, &metadata)?;
        let code = code(callback)?;
        let tokens = party.redeem(&metadata, code, login).await?;
        let identity = party.identity(&metadata, &tokens, login).await?;
        Ok(LoggedIn {
            tokens,
            identity,
            return_to: login.return_to.clone(),
        })
    }
}

fn judge_state(callback: &Callback, login: &LoginState) -> Result<(), RpError> {
    // RFC 6749 §10.12: the state is the one that this browser was sent away with, or another browser began the login.
    let ours = login.state.expose().as_bytes();
    let same = |theirs: &String| constant_time_eq(theirs.as_bytes(), ours);
    if !callback.state.as_ref().is_some_and(same) {
        return Err(RpError::Mismatch("the state is another one"));
    }
    Ok(())
}

fn code(callback: &Callback) -> Result<&Secret<String>, RpError> {
    // RFC 6749 §4.1.2.1: an error instead of a code.
    if let Some(error) = &callback.error {
        return Err(RpError::Refused {
            code: error.clone(),
            description: callback.error_description.clone(),
        });
    }
    let code = callback.code.as_ref();
    code.filter(|code| !code.expose().is_empty())
        .ok_or(RpError::Callback("it has no code"))
}

impl Inner {
    fn judge_issuer(&self, callback: &Callback, metadata: &IssuerMetadata) -> Result<(), RpError> {
        // RFC 9207 §2.4: who answers is who was asked, and a provider that always says so never leaves it out. That is
        // judged before an error is believed, too.
        match &callback.iss {
            Some(iss) if self.settings.rule.accepts(iss) => Ok(()),
            Some(_) => Err(RpError::Mismatch("another provider answered")),
            None if metadata.authorization_response_iss_parameter_supported == Some(true) => {
                Err(RpError::Mismatch("the provider did not say who it is"))
            }
            None => Ok(()),
        }
    }

    async fn redeem(
        &self,
        metadata: &IssuerMetadata,
        code: &Secret<String>,
        login: &LoginState,
    ) -> Result<Tokens, RpError> {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose().as_str()),
            // RFC 6749 §4.1.3: the same redirect URI as in the request.
            ("redirect_uri", &self.settings.redirect_uri),
            ("code_verifier", login.code_verifier.expose()),
        ];
        pairs.extend(
            self.settings
                .resource
                .as_deref()
                .map(|one| ("resource", one)),
        );
        self.ask_for_tokens(metadata, &pairs, &login.scope).await
    }

    async fn identity(
        &self,
        metadata: &IssuerMetadata,
        tokens: &Tokens,
        login: &LoginState,
    ) -> Result<IdentityClaims, RpError> {
        if self.settings.provider == Provider::Github {
            return self.github_identity(metadata, tokens).await;
        }
        // OpenID Core §3.1.3.3: the answer to a request with `openid` has an ID token.
        let jwt = tokens.id_token.as_ref();
        let jwt = jwt.ok_or(RpError::Answer("it has no ID token"))?;
        let max_age = login
            .max_age
            .map(|seconds| SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
        let asked = LoginAsked {
            nonce: Some(login.nonce.expose()),
            access_token: Some(tokens.access_token.expose()),
            max_age,
            acr_values: &login.acr_values,
            user: None,
        };
        let mut identity = self.verify_id_token(jwt, asked).await??;
        if self.settings.userinfo && metadata.userinfo_endpoint.is_some() {
            let more = self.userinfo(metadata, &tokens.access_token, &identity.sub);
            match more.await {
                Ok(more) => identity.add(more),
                // The ID token has proved who it is; claims that can't be read are left out.
                Err(RpError::Answer(reason)) => {
                    tracing::warn!(reason, "the answer of userinfo is left out of a login");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(identity)
    }

    /// The outer error is about the way to the keys, the inner one about the token.
    pub(super) async fn verify_id_token(
        &self,
        jwt: &Secret<String>,
        asked: LoginAsked<'_>,
    ) -> Result<Result<IdentityClaims, IdTokenError>, RpError> {
        let keys = match self.keys_for(jwt.expose()).await? {
            Ok(keys) => keys,
            Err(error) => return Ok(Err(error)),
        };
        let policy = self.settings.policy();
        let verified = verify::id_token(jwt.expose(), &keys, policy, asked, self.now());
        Ok(verified.map(IdentityClaims::of))
    }
}
