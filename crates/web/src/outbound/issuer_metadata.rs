//! The metadata of an issuer: OpenID Discovery §4, RFC 8414 §3.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use url::Url;

use super::{
    guarded_client::FetchError,
    issuer_client::IssuerClient,
    refreshed::{Refreshed, Source},
};
use crate::clock::Clock;

/// The metadata of an issuer, as far as the kits use it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct IssuerMetadata {
    /// The issuer identifier.
    pub issuer: String,
    /// Where users log in.
    pub authorization_endpoint: Option<String>,
    /// Where codes are exchanged for tokens.
    pub token_endpoint: Option<String>,
    /// The key set.
    pub jwks_uri: Option<String>,
    /// Where the claims of the user are.
    pub userinfo_endpoint: Option<String>,
    /// Token introspection (RFC 7662).
    pub introspection_endpoint: Option<String>,
    /// Token revocation (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Where a logout begins.
    pub end_session_endpoint: Option<String>,
    /// The signing algorithms of ID tokens, including unknown ones.
    pub id_token_signing_alg_values_supported: Option<Vec<String>>,
    /// The client authentication methods.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// PKCE methods (RFC 8414 §2).
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// The scopes that can be requested.
    pub scopes_supported: Option<Vec<String>>,
    /// Whether authorization responses contain `iss` (RFC 9207).
    pub authorization_response_iss_parameter_supported: Option<bool>,
    /// Whether it sends logout tokens.
    pub backchannel_logout_supported: Option<bool>,
    /// Whether logout tokens contain the session.
    pub backchannel_logout_session_supported: Option<bool>,
}

impl IssuerMetadata {
    fn endpoints(&self) -> [&Option<String>; 7] {
        [
            &self.authorization_endpoint,
            &self.token_endpoint,
            &self.jwks_uri,
            &self.userinfo_endpoint,
            &self.introspection_endpoint,
            &self.revocation_endpoint,
            &self.end_session_endpoint,
        ]
    }
}

/// The metadata of one issuer, kept fresh.
pub struct MetadataCache(Arc<Refreshed<Discovery>>);

struct Discovery {
    client: IssuerClient,
    documented: String,
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
            Discovery { client, documented },
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
        let metadata: IssuerMetadata = serde_json::from_slice(json)
            .map_err(|error| wrong(format!("metadata: {:?} error", error.classify())))?;
        // OpenID Discovery §4.3, RFC 8414 §3.3: the issuer in the document must be identical to the configured one.
        if metadata.issuer != self.documented {
            let said: String = metadata.issuer.chars().take(100).collect();
            let meant = &self.documented;
            return Err(wrong(format!(
                "its issuer is {said:?}, but {meant:?} is configured"
            )));
        }
        for endpoint in metadata.endpoints().into_iter().flatten() {
            self.client.judge(endpoint)?;
        }
        Ok(metadata)
    }
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
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::outbound::IssuerClientConfig;

    fn discovery(issuer: &str) -> Discovery {
        let config = IssuerClientConfig {
            issuer: issuer.to_owned(),
            ..IssuerClientConfig::default()
        };
        Discovery {
            client: IssuerClient::new(&config).unwrap(),
            documented: issuer.to_owned(),
        }
    }

    #[test]
    fn both_well_known_urls_are_derived_from_the_issuer() {
        assert_eq!(
            places("https://id.example.com/realm/").unwrap(),
            [
                "https://id.example.com/realm/.well-known/openid-configuration",
                "https://id.example.com/.well-known/oauth-authorization-server/realm",
            ]
        );
        assert_eq!(
            places("https://id.example.com").unwrap()[1],
            "https://id.example.com/.well-known/oauth-authorization-server"
        );
    }

    #[test]
    fn a_document_of_another_issuer_is_refused() {
        let discovery = discovery("https://id.example.com");
        assert!(
            discovery
                .read(br#"{"issuer":"https://id.example.com"}"#)
                .is_ok()
        );
        for other in [
            "https://id.example.com/",
            "https://ID.example.com",
            "https://evil.test",
            "",
        ] {
            let json = serde_json::json!({"issuer": other}).to_string();
            let answer = discovery.read(json.as_bytes());
            assert!(matches!(answer, Err(FetchError::Document(_))), "{other}");
        }
    }

    #[test]
    fn a_documented_template_must_be_identical_too() {
        let discovery = Discovery {
            documented: "https://login.example.com/{tenantid}/v2.0".to_owned(),
            ..discovery("https://login.example.com/common/v2.0")
        };
        let template = br#"{"issuer":"https://login.example.com/{tenantid}/v2.0"}"#;
        assert!(discovery.read(template).is_ok());
        let own = br#"{"issuer":"https://login.example.com/common/v2.0"}"#;
        assert!(discovery.read(own).is_err());
    }

    #[test]
    fn a_document_with_internal_urls_is_refused() {
        let discovery = discovery("https://id.example.com");
        for (name, url) in [
            ("jwks_uri", "https://127.0.0.1/keys"),
            ("token_endpoint", "http://id.example.com/token"),
            ("authorization_endpoint", "javascript:alert(1)"),
            ("introspection_endpoint", "https://[::1]/i"),
        ] {
            let json =
                serde_json::json!({"issuer": "https://id.example.com", name: url}).to_string();
            assert!(discovery.read(json.as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn malformed_documents_are_refused_and_unknown_members_are_ignored() {
        let discovery = discovery("https://id.example.com");
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"issuer":1}"#,
            r#"{"issuer":"https://id.example.com","jwks_uri":[]}"#,
        ] {
            assert!(discovery.read(bad.as_bytes()).is_err(), "{bad}");
        }
        let more = br#"{"issuer":"https://id.example.com","x":{"y":[1]}}"#;
        assert!(discovery.read(more).is_ok());
    }
}
