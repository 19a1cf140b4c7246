//! The upstreams of the file, checked.

use std::{collections::HashMap, sync::Arc};

use cardea_client::rp::{AuthMethod, AuthenticationConfig, ClientConfig, Provider, RelyingParty};
use cardea_protocol::{
    federation::{ClaimMapping, Domain, LinkPolicy, ProviderKind, UpstreamId},
    metadata::endpoint,
};
use cardea_seal::Entropy;
use cardea_web::clock::SystemClock;

use super::{
    Config, ConfigProblem,
    upstreams::{UpstreamConfig, UpstreamPreset},
};

/// Apple's issuer.
const APPLE: &str = "https://appleid.apple.com";
const MAX_NAME_CHARS: usize = 64;

/// An upstream whose configuration was checked.
pub(crate) struct CheckedUpstream {
    pub(crate) id: UpstreamId,
    pub(crate) name: String,
    pub(crate) kind: ProviderKind,
    pub(crate) client: ClientConfig,
    pub(crate) mapping: ClaimMapping,
    pub(crate) policy: LinkPolicy,
    pub(crate) domains: Vec<Domain>,
    pub(crate) trust_mfa: bool,
    pub(crate) logout: bool,
}

/// A problem of one upstream, at a member.
struct Problem(String, String);

impl UpstreamConfig {
    /// The relying party that speaks with the provider.
    fn client(&self, config: &Config) -> ClientConfig {
        let path = format!("/federation/{}/callback", self.id);
        let redirect_uri = endpoint(&config.issuer, &path);
        let mut client = ClientConfig {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            redirect_uri,
            scopes: self.scopes.clone(),
            authentication: AuthenticationConfig {
                client_secret_file: self.client_secret_file.clone(),
                ..AuthenticationConfig::default()
            },
            allowed_tenants: self.allowed_tenants.clone(),
            allow: config.outbound.allow.clone(),
            ca_file: config.outbound.ca_file.clone(),
            post_logout_redirect_uri: Some(endpoint(&config.issuer, "/end_session/done")),
            ..ClientConfig::default()
        };
        match self.preset {
            UpstreamPreset::Openid => {}
            UpstreamPreset::Entra => client.provider = Provider::Entra,
            UpstreamPreset::Google => client.provider = Provider::Google,
            UpstreamPreset::Github => client.provider = Provider::Github,
            UpstreamPreset::Apple => apple(&mut client),
        }
        client
    }

    fn check(&self, config: &Config) -> Result<CheckedUpstream, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut fail = |member: &str, problem: String| {
            problems.push(Problem(member.to_owned(), problem));
        };
        let id = UpstreamId::parse(&self.id);
        if id.is_none() {
            let what = "it has 1 to 32 small letters, digits, `-` or `_`";
            fail("id", what.to_owned());
        }
        let client = self.client(config);
        let party = RelyingParty::new(&client, Arc::new(SystemClock), Entropy::system());
        // What is wrong with the redirect URI is wrong with the issuer of this provider.
        if let Some(error) = party.err().filter(|error| error.key != "redirect_uri") {
            let member = match error.key {
                "authentication" => "client_secret_file",
                other => other,
            };
            fail(member, error.what);
        }
        if self.preset != UpstreamPreset::Openid && self.client_secret_file.is_none() {
            let what = "this provider wants a secret; set the file that has it";
            fail("client_secret_file", what.to_owned());
        }
        let mut domains = |member: &str, texts: &[String]| -> Vec<Domain> {
            let parsed = texts.iter().map(|text| (text, Domain::parse(text)));
            parsed
                .filter_map(|(text, domain)| {
                    if domain.is_none() {
                        let what = "not a domain such as example.com; others are written as xn--";
                        fail(member, format!("\"{text}\": {what}"));
                    }
                    domain
                })
                .collect()
        };
        let home = domains("domains", &self.domains);
        let trusted_domains = domains("trusted_domains", &self.trusted_domains);
        let name = self.name.as_deref().or(self.preset.name());
        let name = name.unwrap_or(&self.id).trim().to_owned();
        if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            let what =
                format!("it is longer than {MAX_NAME_CHARS} characters, or has a line break");
            fail("name", what);
        }
        let mapping = match ClaimMapping::new(&self.claims) {
            Ok(mapping) => mapping,
            Err(found) => {
                for problem in found {
                    fail(&format!("claims.{}", problem.path), problem.to_string());
                }
                ClaimMapping::default()
            }
        };
        match id {
            Some(id) if problems.is_empty() => Ok(CheckedUpstream {
                id,
                name,
                kind: self.preset.kind(),
                client,
                mapping,
                policy: LinkPolicy {
                    trusted_domains,
                    just_in_time: self.just_in_time,
                },
                domains: home,
                trust_mfa: self.trust_mfa,
                logout: self.logout,
            }),
            _ => Err(problems),
        }
    }
}

/// developer.apple.com, "Request an authorization to the Sign in with Apple server": with a scope the answer is a form.
fn apple(client: &mut ClientConfig) {
    if client.issuer.is_empty() {
        APPLE.clone_into(&mut client.issuer);
    }
    if client.scopes.is_empty() {
        client.scopes = ["openid", "name", "email"].map(str::to_owned).to_vec();
    }
    client.authentication.method = Some(AuthMethod::ClientSecretPost);
    client.userinfo = Some(false);
    client
        .authorization_parameters
        .insert("response_mode".to_owned(), "form_post".to_owned());
}

impl Config {
    /// The upstreams, or everything that is wrong with them.
    pub(crate) fn checked_upstreams(&self) -> Result<Vec<CheckedUpstream>, Vec<ConfigProblem>> {
        let (mut checked, mut problems) = (Vec::new(), Vec::new());
        let mut ids: HashMap<&str, usize> = HashMap::new();
        let mut homes: HashMap<Domain, String> = HashMap::new();
        for (index, upstream) in self.upstreams.iter().enumerate() {
            if ids.insert(&upstream.id, index).is_some() {
                let what = "there is another upstream with this id; remove or rename one";
                problems.push(self.at_upstream(index, "id", what));
            }
            match upstream.check(self) {
                Ok(one) => {
                    for domain in &one.domains {
                        let other = homes.insert(domain.clone(), upstream.id.clone());
                        if let Some(other) = other.filter(|other| *other != upstream.id) {
                            let what = format!("{domain} leads to the upstream {other} already");
                            problems.push(self.at_upstream(index, "domains", &what));
                        }
                    }
                    checked.push(one);
                }
                Err(found) => problems.extend(
                    found
                        .into_iter()
                        .map(|Problem(member, what)| self.at_upstream(index, &member, &what)),
                ),
            }
        }
        match problems.is_empty() {
            true => Ok(checked),
            false => Err(problems),
        }
    }

    fn at_upstream(&self, index: usize, member: &str, what: &str) -> ConfigProblem {
        let ids = self.upstreams.iter().map(|upstream| upstream.id.as_str());
        let key = self.at_entry("upstreams", ids, (index, member));
        match member.starts_with("claims.") {
            true => ConfigProblem::new(key, format!("claims: {what}")),
            false => ConfigProblem::new(key, format!("{member}: {what}")),
        }
    }
}

#[cfg(test)]
#[path = "checked_upstreams_tests.rs"]
mod tests;
