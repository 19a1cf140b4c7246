//! A configuration, checked: what a relying party is from its start to its end.

use std::collections::BTreeMap;

use cardea_jose::Algorithm;
use cardea_protocol::{
    scope::{OPENID, Scope},
    verify::{IssuerRule, RelyingPartyPolicy, Tenants},
};
use cardea_web::outbound::IssuerClientConfig;
use url::Url;

use super::{
    config::{ClientConfig, ClientConfigError, Provider},
    github,
};

/// What Entra ID calls itself in the metadata of `common` and `organizations`.
const TENANT: &str = "{tenantid}";

/// Parameters that the relying party sets itself: another value would undo a defence.
const OWN_PARAMETERS: [&str; 17] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "client_secret",
    "client_assertion",
    "request",
    "request_uri",
    "resource",
    "prompt",
    "max_age",
    "login_hint",
    "acr_values",
];

pub(super) struct Settings {
    pub(super) provider: Provider,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: Scope,
    pub(super) rule: IssuerRule,
    /// The issuer in the metadata document.
    pub(super) documented: String,
    pub(super) trusted_audiences: Vec<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) post_logout_redirect_uri: Option<String>,
    pub(super) authorization_parameters: BTreeMap<String, String>,
    pub(super) resource: Option<String>,
    pub(super) userinfo: bool,
    pub(super) outbound: IssuerClientConfig,
}

impl Settings {
    pub(super) fn read(config: &ClientConfig) -> Result<Self, ClientConfigError> {
        let wrong = ClientConfigError::new;
        let issuer = match config.provider.issuer() {
            Some(usual) if config.issuer.is_empty() => usual,
            _ => config.issuer.as_str(),
        };
        if config.client_id.is_empty() {
            return Err(wrong("client_id", "it is missing"));
        }
        let parsed = Url::parse(issuer).map_err(|_| wrong("issuer", "it must be a URL"))?;
        let tenants = tenants(config, &parsed)?;
        let documented = match &tenants {
            Some((part, _)) => issuer.replacen(part, TENANT, 1),
            None => issuer.to_owned(),
        };
        let rule = match tenants {
            Some((_, tenants)) => IssuerRule::per_tenant(&documented, tenants)
                .ok_or_else(|| wrong("issuer", "its tenant must be a part of its path"))?,
            None if config.provider == Provider::Github => {
                IssuerRule::exact(&github::issuer(issuer))
            }
            None => IssuerRule::exact(issuer),
        };
        Ok(Self {
            provider: config.provider,
            client_id: config.client_id.clone(),
            redirect_uri: redirect_uri(&config.redirect_uri)?,
            scope: scope(config)?,
            rule,
            documented,
            trusted_audiences: config.trusted_audiences.clone(),
            algorithms: algorithms(config),
            post_logout_redirect_uri: config.post_logout_redirect_uri.clone(),
            authorization_parameters: authorization_parameters(config)?,
            resource: config.resource.clone(),
            userinfo: config
                .userinfo
                .unwrap_or(config.provider.has_more_in_userinfo()),
            outbound: IssuerClientConfig {
                issuer: issuer.to_owned(),
                allow: config.allow.clone(),
                ca_pem: ca(config.ca_file.as_deref())?,
            },
        })
    }

    /// Whom this relying party believes.
    pub(super) fn policy(&self) -> RelyingPartyPolicy<'_> {
        RelyingPartyPolicy {
            issuer: &self.rule,
            client_id: &self.client_id,
            trusted_audiences: &self.trusted_audiences,
            algorithms: &self.algorithms,
        }
    }
}

/// For an issuer of many tenants: the part of its path that stands for them, and whose users may log in.
fn tenants<'a>(
    config: &ClientConfig,
    issuer: &'a Url,
) -> Result<Option<(&'a str, Tenants)>, ClientConfigError> {
    let wrong = |what: &str| Err(ClientConfigError::new("allowed_tenants", what));
    let mut parts = issuer.path_segments().into_iter().flatten();
    let many = parts.find(|part| config.provider.is_many_tenants(part));
    match (many, config.allowed_tenants.as_slice()) {
        (None, []) => Ok(None),
        (None, _) => wrong("this issuer is one tenant: only its own users can log in"),
        // Otherwise every account of every tenant could log in, which must not happen by accident.
        (Some(_), []) => wrong(
            "this issuer serves all tenants: name the ids of those that may log in, or [\"*\"] for all",
        ),
        (Some(part), [any]) if any == "*" => Ok(Some((part, Tenants::Any))),
        (Some(part), listed) => {
            let id = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            if listed
                .iter()
                .any(|one| one.is_empty() || !one.bytes().all(id))
            {
                return wrong("a tenant is named by its id, not by its domain");
            }
            Ok(Some((part, Tenants::Only(listed.to_vec()))))
        }
    }
}

fn redirect_uri(text: &str) -> Result<String, ClientConfigError> {
    let wrong = |what: &str| Err(ClientConfigError::new("redirect_uri", what));
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "https" | "http") => wrong("it must be https"),
        // RFC 6749 §3.1.2: a redirection endpoint has no fragment.
        Ok(url) if url.fragment().is_some() => wrong("it must have no fragment"),
        Ok(_) => Ok(text.to_owned()),
        Err(_) => wrong("it must be a URL"),
    }
}

fn scope(config: &ClientConfig) -> Result<Scope, ClientConfigError> {
    let wrong = |what: String| ClientConfigError::new("scopes", what);
    let text = match config.scopes.as_slice() {
        [] => config.provider.scopes().to_owned(),
        scopes => scopes.join(" "),
    };
    let scope = Scope::parse(&text).map_err(|error| wrong(error.to_string()))?;
    // OpenID Core §3.1.2.1: without `openid` there is no ID token, and nothing proves who logged in.
    if config.provider != Provider::Github && !scope.contains(OPENID) {
        return Err(wrong("openid is missing".to_owned()));
    }
    Ok(scope)
}

fn algorithms(config: &ClientConfig) -> Vec<Algorithm> {
    match config.algorithms.as_slice() {
        [] => Algorithm::ALL.to_vec(),
        some => some.to_vec(),
    }
}

fn authorization_parameters(
    config: &ClientConfig,
) -> Result<BTreeMap<String, String>, ClientConfigError> {
    let configured = &config.authorization_parameters;
    if let Some(own) = OWN_PARAMETERS
        .iter()
        .find(|own| configured.contains_key(**own))
    {
        let what = format!("{own} is not for the configuration to set");
        return Err(ClientConfigError::new("authorization_parameters", what));
    }
    let usual = config.provider.authorization_parameters().iter();
    let mut all: BTreeMap<String, String> = usual
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    all.extend(configured.clone());
    Ok(all)
}

fn ca(file: Option<&str>) -> Result<Option<Vec<u8>>, ClientConfigError> {
    let read = |file: &str| {
        std::fs::read(file)
            .map_err(|error| ClientConfigError::new("ca_file", format!("{file}: {error}")))
    };
    file.map(read).transpose()
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
