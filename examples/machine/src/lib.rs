//! A program that calls an API in its own name: the client credentials grant (RFC 6749 §4.4).
//!
//! It finds the token endpoint by discovery, gets a token with its id and secret, and calls the API with it.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cardea_web::{
    clock::SystemClock,
    config::SecretText,
    outbound::{Answer, IssuerClient, IssuerClientConfig, MetadataCache},
};
use form_urlencoded::{Serializer, byte_serialize};
use schemars::JsonSchema;
use serde::Deserialize;

/// The contents of `machine.toml`.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The provider.
    pub issuer: String,
    /// The id of this program at the provider.
    pub client_id: String,
    /// Its secret; better in the variable `CARDEA__CLIENT_SECRET` than in a file.
    pub client_secret: SecretText,
    /// The requested scope, separated by spaces.
    pub scope: String,
    /// The URL to call, such as `http://localhost:4000/orders`.
    pub url: String,
    /// A PEM file with certificate authorities to trust beside the system's.
    #[serde(default)]
    pub ca_file: Option<String>,
}

/// A program with its HTTP client for the provider and the API.
pub struct Machine {
    config: Config,
    client: IssuerClient,
    metadata: Arc<MetadataCache>,
}

/// The token response of the provider.
#[derive(Deserialize)]
pub struct Token {
    /// For the API; it is never logged.
    pub access_token: SecretText,
    /// Its lifetime in seconds.
    pub expires_in: u64,
}

/// The error response (RFC 6749 §5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

impl Machine {
    /// Nothing is fetched yet.
    ///
    /// # Errors
    /// When a setting is invalid.
    pub fn new(config: Config) -> anyhow::Result<Self> {
        let read = |file: &String| std::fs::read(file).with_context(|| format!("ca_file: {file}"));
        let client = IssuerClient::new(&IssuerClientConfig {
            issuer: config.issuer.clone(),
            allow: vec![config.url.clone()],
            ca_pem: config.ca_file.as_ref().map(read).transpose()?,
        })?;
        let metadata = MetadataCache::new(client.clone(), Arc::new(SystemClock));
        Ok(Self {
            config,
            client,
            metadata,
        })
    }

    /// Gets an access token.
    ///
    /// # Errors
    /// When the provider can't be reached, or refuses.
    pub async fn token(&self) -> anyhow::Result<Token> {
        let issuer = &self.config.issuer;
        let metadata = self.metadata.get().await;
        let metadata = metadata.with_context(|| format!("the provider {issuer} can't be asked"))?;
        let Some(endpoint) = &metadata.token_endpoint else {
            bail!("the provider {issuer} names no token endpoint");
        };
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &self.config.scope)
            .finish();
        let basic = self.basic();
        let answer = self.client.post_form(endpoint, Some(&basic), &form).await;
        let answer = answer.with_context(|| format!("{endpoint} can't be reached"))?;
        if answer.status.is_success() {
            let token = serde_json::from_slice(&answer.body);
            return token
                .with_context(|| format!("{endpoint} answered with something else than a token"));
        }
        let status = answer.status;
        match serde_json::from_slice(&answer.body) {
            Ok(Refusal {
                error,
                error_description: Some(why),
            }) => bail!("no token: {error}: {why}"),
            Ok(Refusal {
                error,
                error_description: None,
            }) => bail!("no token: {error}"),
            Err(_) => bail!("no token: {endpoint} answered {status}"),
        }
    }

    /// Calls the API, and returns the body of its response.
    ///
    /// # Errors
    /// When the API can't be reached, or refuses.
    pub async fn call(&self, token: &Token) -> anyhow::Result<String> {
        let url = &self.config.url;
        let bearer = Some(token.access_token.expose());
        let called = self.client.get(url, &["application/json"], bearer).await;
        let Answer { status, body, .. } =
            called.with_context(|| format!("{url} can't be reached"))?;
        let body = String::from_utf8_lossy(&body).into_owned();
        if !status.is_success() {
            bail!("{url} answered {status}: {body}");
        }
        Ok(body)
    }

    /// RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
    fn basic(&self) -> String {
        let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let id = encode(&self.config.client_id);
        let secret = encode(self.config.client_secret.expose());
        format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
    }
}
