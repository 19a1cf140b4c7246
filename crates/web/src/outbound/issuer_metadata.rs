//! The metadata of an issuer: OpenID Discovery §4, RFC 8414 §3.

use std::sync::{Arc, Once};

use http::StatusCode;
use serde::Deserialize;
use url::Url;

use super::{
    guarded_client::FetchError,
    issuer_client::IssuerClient,
    members::{flag, required, text, texts},
    refreshed::{Refreshed, Source},
};
use crate::clock::Clock;

/// The metadata of an issuer, as far as the kits use it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct IssuerMetadata {
    /// The issuer identifier.
    pub issuer: String,
    /// Where users log in.
    #[serde(default, deserialize_with = "required")]
    pub authorization_endpoint: Option<String>,
    /// Where codes are exchanged for tokens.
    #[serde(default, deserialize_with = "required")]
    pub token_endpoint: Option<String>,
    /// The key set.
    #[serde(default, deserialize_with = "required")]
    pub jwks_uri: Option<String>,
    /// Where the claims of the user are.
    #[serde(default, deserialize_with = "text")]
    pub userinfo_endpoint: Option<String>,
    /// Token introspection (RFC 7662).
    #[serde(default, deserialize_with = "text")]
    pub introspection_endpoint: Option<String>,
    /// Token revocation (RFC 7009).
    #[serde(default, deserialize_with = "text")]
    pub revocation_endpoint: Option<String>,
    /// Where a logout begins.
    #[serde(default, deserialize_with = "text")]
    pub end_session_endpoint: Option<String>,
    /// The signing algorithms of ID tokens, including unknown ones.
    #[serde(default, deserialize_with = "texts")]
    pub id_token_signing_alg_values_supported: Option<Vec<String>>,
    /// The client authentication methods.
    #[serde(default, deserialize_with = "texts")]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// PKCE methods (RFC 8414 §2).
    #[serde(default, deserialize_with = "texts")]
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// Whether it reads the request parameter `claims` (OpenID Core §5.5).
    #[serde(default, deserialize_with = "flag")]
    pub claims_parameter_supported: Option<bool>,
    /// The scopes that can be requested.
    #[serde(default, deserialize_with = "texts")]
    pub scopes_supported: Option<Vec<String>>,
    /// Whether authorization responses contain `iss` (RFC 9207).
    #[serde(default, deserialize_with = "flag")]
    pub authorization_response_iss_parameter_supported: Option<bool>,
    /// Whether it sends logout tokens.
    #[serde(default, deserialize_with = "flag")]
    pub backchannel_logout_supported: Option<bool>,
    /// Whether logout tokens contain the session.
    #[serde(default, deserialize_with = "flag")]
    pub backchannel_logout_session_supported: Option<bool>,
}

impl IssuerMetadata {
    /// Those that every login or API needs.
    fn required(&self) -> [(&'static str, &Option<String>); 3] {
        [
            ("authorization_endpoint", &self.authorization_endpoint),
            ("token_endpoint", &self.token_endpoint),
            ("jwks_uri", &self.jwks_uri),
        ]
    }

    fn optional(&mut self) -> [(&'static str, &mut Option<String>); 4] {
        [
            ("userinfo_endpoint", &mut self.userinfo_endpoint),
            ("introspection_endpoint", &mut self.introspection_endpoint),
            ("revocation_endpoint", &mut self.revocation_endpoint),
            ("end_session_endpoint", &mut self.end_session_endpoint),
        ]
    }
}

/// The metadata of one issuer, kept fresh.
pub struct MetadataCache(Arc<Refreshed<Discovery>>);

struct Discovery {
    client: IssuerClient,
    documented: String,
    /// The document is read every few minutes; what is wrong with it is logged once.
    warned: Once,
}

impl MetadataCache {
    /// For the issuer of the client; the document must contain exactly that identifier.
    #[must_use]
    pub fn new(client: IssuerClient, clock: Arc<dyn Clock>) -> Arc<Self> {
        let documented = client.issuer().to_owned();
        Self::documented_as(client, clock, documented)
    }

    /// For an issuer whose document contains another identifier: Entra ID writes a template with `{tenantid}` into it.
    #[must_use]
    pub fn documented_as(
        client: IssuerClient,
        clock: Arc<dyn Clock>,
        documented: String,
    ) -> Arc<Self> {
        Arc::new(Self(Refreshed::new(
            Discovery {
                client,
                documented,
                warned: Once::new(),
            },
            clock,
        )))
    }

    /// The metadata, at most 15 minutes old while the issuer is in use and reachable, at most a day old otherwise.
    ///
    /// # Errors
    /// When there is no metadata.
    pub async fn get(&self) -> Result<Arc<IssuerMetadata>, FetchError> {
        self.0.get(|_| true).await
    }
}

impl Source for Discovery {
    type Document = IssuerMetadata;
    const NAME: &'static str = "metadata";

    async fn fetch(&self) -> Result<IssuerMetadata, FetchError> {
        let [first, second] = places(self.client.issuer())?;
        let mut answer = self.client.get(&first, &["application/json"], None).await?;
        if answer.status == StatusCode::NOT_FOUND {
            answer = self
                .client
                .get(&second, &["application/json"], None)
                .await?;
        }
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status.as_u16()));
        }
        self.read(&answer.body)
    }
}

impl Discovery {
    fn read(&self, json: &[u8]) -> Result<IssuerMetadata, FetchError> {
        let wrong = |reason: String| FetchError::Document(reason);
        let mut metadata: IssuerMetadata =
            serde_json::from_slice(json).map_err(|error| wrong(unreadable(&error)))?;
        // OpenID Discovery §4.3, RFC 8414 §3.3: the issuer in the document must be identical to the configured one.
        if metadata.issuer != self.documented {
            let said: String = metadata.issuer.chars().take(100).collect();
            let meant = &self.documented;
            return Err(wrong(format!(
                "its issuer is {said:?}, but {meant:?} is configured"
            )));
        }
        for (name, endpoint) in metadata.required() {
            let Some(endpoint) = endpoint else { continue };
            self.client.judge(endpoint).map_err(|error| match error {
                FetchError::Url(reason) => wrong(format!("{name} may not be fetched: {reason}")),
                other => other,
            })?;
        }
        self.drop_unusable(&mut metadata);
        Ok(metadata)
    }

    /// An optional endpoint that may not be used is as if it were absent: most apps never use it.
    fn drop_unusable(&self, metadata: &mut IssuerMetadata) {
        let mut dropped = Vec::new();
        for (name, endpoint) in metadata.optional() {
            if endpoint
                .take_if(|url| self.client.judge(url).is_err())
                .is_some()
            {
                dropped.push(name);
            }
        }
        if !dropped.is_empty() {
            self.warned.call_once(|| {
                let issuer = self.client.issuer();
                tracing::warn!(
                    issuer,
                    endpoints = dropped.join(" "),
                    "endpoints of the issuer are ignored: their URLs may not be used"
                );
            });
        }
    }
}

/// Why a document is no metadata; its own words are cut and can't forge a line of a log.
fn unreadable(error: &serde_json::Error) -> String {
    if !error.is_data() {
        return "the metadata is not JSON".to_owned();
    }
    let reason: String = error.to_string().chars().take(100).collect();
    format!("the metadata: {}", reason.escape_debug())
}

/// OpenID Discovery §4.1 appends to the issuer; RFC 8414 §3.1 inserts between host and path.
fn places(issuer: &str) -> Result<[String; 2], FetchError> {
    let openid = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let mut oauth = Url::parse(issuer).map_err(|_| FetchError::Url("not a URL"))?;
    let path = oauth.path().trim_end_matches('/').to_owned();
    oauth.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    Ok([openid, oauth.into()])
}

#[cfg(test)]
#[path = "issuer_metadata_tests.rs"]
mod tests;
