//! What the API says of itself: RFC 9728.

use axum::{
    Json, Router,
    response::{IntoResponse, Response},
    routing::get,
};
use cardea_web::inbound::cors;
use serde::Serialize;
use url::Url;

use crate::config::{ApiConfig, ConfigError};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The protected-resource metadata document (RFC 9728 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// The API's URL.
    pub resource: String,
    /// Whose tokens it takes.
    pub authorization_servers: Vec<String>,
    /// Scopes that a client may ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// How a token is sent: only in the header.
    pub bearer_methods_supported: Vec<String>,
    #[serde(skip)]
    path: String,
    #[serde(skip)]
    url: String,
}

impl Metadata {
    /// The document, if the API has a URL to name.
    pub(crate) fn new(config: &ApiConfig) -> Result<Option<Self>, ConfigError> {
        let is_https = |one: &&String| one.starts_with("https://");
        let named = config.resource.as_ref();
        let Some(resource) = named.or(Some(&config.audience).filter(is_https)) else {
            return Ok(None);
        };
        let wrong = || ConfigError::Resource(resource.clone());
        let mut url = Url::parse(resource).map_err(|_| wrong())?;
        // RFC 9728 §1.2: a URL without a fragment; we serve no document for a query either.
        let plain = url.fragment().is_none() && url.query().is_none() && url.has_host();
        if !plain || !matches!(url.scheme(), "https" | "http") {
            return Err(wrong());
        }
        // RFC 9728 §3.1: the well-known part stands between host and path; a slash that is the whole path goes.
        let path = match url.path() {
            "/" => WELL_KNOWN.to_owned(),
            path => format!("{WELL_KNOWN}{path}"),
        };
        // The router would take these for patterns.
        let is_pattern = |part: &str| part.starts_with([':', '*']) || part.contains(['{', '}']);
        if path.split('/').any(is_pattern) {
            return Err(wrong());
        }
        url.set_path(&path);
        Ok(Some(Self {
            resource: resource.clone(),
            authorization_servers: vec![config.issuer.clone()],
            scopes_supported: config.scopes.clone(),
            bearer_methods_supported: vec!["header".to_owned()],
            path,
            url: url.into(),
        }))
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Serves it to everybody; also to clients that leave out a slash at the end of the path.
    pub(crate) fn route(&self) -> Router {
        let document = self.clone();
        let answer = move || {
            let answer = answer(&document);
            async { answer }
        };
        let route = get(answer).options(async || cors::open_preflight());
        let router = Router::new().route(&self.path, route.clone());
        match self.path.trim_end_matches('/') {
            bare if bare == self.path => router,
            bare => router.route(bare, route),
        }
    }
}

fn answer(document: &Metadata) -> Response {
    let mut response = Json(document).into_response();
    cors::open(response.headers_mut());
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn of(audience: &str, resource: Option<&str>) -> Result<Option<Metadata>, ConfigError> {
        Metadata::new(&ApiConfig {
            resource: resource.map(str::to_owned),
            ..ApiConfig::new("https://id.example.com", audience)
        })
    }

    #[test]
    fn the_document_stands_between_host_and_path() {
        for (resource, url) in [
            (
                "https://api.example.com",
                "https://api.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "https://api.example.com/v1/",
                "https://api.example.com/.well-known/oauth-protected-resource/v1/",
            ),
            (
                "https://api.example.com/",
                "https://api.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "http://localhost:4000/orders",
                "http://localhost:4000/.well-known/oauth-protected-resource/orders",
            ),
        ] {
            let document = of("api://orders", Some(resource)).unwrap().unwrap();
            assert_eq!((document.url(), &*document.resource), (url, resource));
        }
    }

    #[test]
    fn an_audience_that_is_a_url_names_the_api_and_another_does_not() {
        let document = of("https://api.example.com", None).unwrap().unwrap();
        assert_eq!(document.resource, "https://api.example.com");
        assert_eq!(of("api://orders", None).unwrap(), None);
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for bad in [
            "",
            "api",
            "api://orders",
            "https://a.test/#x",
            "https://a.test/?x",
            "https://a.test/:version",
            "https://a.test/v1/*all",
            "mailto:a@b",
        ] {
            assert!(of("api", Some(bad)).is_err(), "{bad}");
        }
    }
}
