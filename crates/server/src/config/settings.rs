//! The configuration after it was checked: parsed once, used everywhere.

use std::net::IpAddr;

use cardea_protocol::{language::Lang, mfa::Policy, model::MetadataError, resources::Resources};
use cardea_web::{config::Duration, inbound::CookieNames};
use ipnet::IpNet;
use jiff::SignedDuration;
use url::{Host, Url};
use webauthn_rs::prelude::AttestationCaList;

use super::{
    Config, ConfigProblem, Places, lifetimes::lifetimes, mail::MailServer, networks::networks,
    sign_up::SignUp,
};
use crate::pages::{Brand, BrandParts, Logo};

/// The checked configuration.
pub struct Settings {
    pub(crate) issuer: Issuer,
    pub(crate) development: bool,
    pub(crate) places: Places,
    pub(crate) code_ttl: SignedDuration,
    pub(crate) access_token_ttl: SignedDuration,
    pub(crate) id_token_ttl: SignedDuration,
    pub(crate) refresh_idle_ttl: SignedDuration,
    pub(crate) refresh_absolute_ttl: SignedDuration,
    pub(crate) session_idle_ttl: SignedDuration,
    pub(crate) session_absolute_ttl: SignedDuration,
    /// How long a session lasts whose user asked to stay signed in, if that is offered.
    pub(crate) session_remember: Option<SignedDuration>,
    pub(crate) mfa: Policy,
    pub(crate) factor_reset_delay: SignedDuration,
    /// The models of authenticators that make passkeys, if not all do.
    pub(crate) authenticators: Option<AttestationCaList>,
    pub(crate) sign_up: SignUp,
    pub(crate) resources: Resources,
    pub(crate) language: Lang,
    pub(crate) brand: Brand,
    pub(crate) mail: Option<MailServer>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) metrics_allow: Vec<IpNet>,
}

/// The issuer and what follows from it.
pub(crate) struct Issuer {
    url: String,
    origin: String,
    path: String,
    https: bool,
    port: Option<u16>,
}

impl Issuer {
    pub(super) fn parse(text: &str, development: bool) -> Result<Self, ConfigProblem> {
        let problem = |what: &str| ConfigProblem::new("issuer", format!("\"{text}\": {what}"));
        if text.is_empty() {
            return Err(ConfigProblem::new(
                "issuer",
                "it is missing; set it to the URL of this provider, such as https://id.example.com",
            ));
        }
        let url = Url::parse(text).map_err(|e| problem(&format!("not a URL ({e})")))?;
        // OpenID Discovery §3: https, no query, no fragment.
        if url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(problem("an issuer has no user, query or fragment"));
        }
        if text.ends_with('/') {
            return Err(problem("an issuer doesn't end with a slash"));
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            None => false,
        };
        let https = url.scheme() == "https";
        let plain = url.scheme() == "http" && loopback;
        if !(https || plain) {
            return Err(problem(
                "an issuer is https; plain http is for loopback only",
            ));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        // The comparison of issuers is by characters, so the text must be the URL's one spelling.
        if format!("{}{path}", url.origin().ascii_serialization()) != text {
            return Err(problem(
                "write it in lower case, without the default port, and percent-encoded",
            ));
        }
        let port = if development {
            url.port_or_known_default()
        } else {
            None
        };
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            url: text.to_owned(),
            path,
            https,
            port,
        })
    }

    /// The identifier, as in `iss`.
    pub(crate) fn as_str(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The host, without a port.
    pub(crate) fn host(&self) -> &str {
        let (_, authority) = self.origin.split_once("://").unwrap_or_default();
        match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => host,
            _ => authority,
        }
    }

    /// The path without a slash at its end, often empty.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    pub(crate) fn cookies(&self) -> CookieNames {
        CookieNames::new(self.https, self.port)
    }

    /// The URL of an endpoint.
    pub(crate) fn endpoint(&self, path: &str) -> String {
        cardea_protocol::metadata::endpoint(&self.url, path)
    }
}

impl Settings {
    /// Checks a configuration.
    ///
    /// # Errors
    /// Names the first key that is wrong with its place, and says what would be right.
    pub fn check(config: &Config) -> Result<Self, ConfigProblem> {
        let first = |problems: Vec<ConfigProblem>| match problems.into_iter().next() {
            Some(problem) => config.places.locate(problem),
            None => ConfigProblem::new("configuration", "it is not valid"),
        };
        Self::parse(config).map_err(first)
    }

    /// The longest time from a login to the end of its session.
    pub(crate) fn longest_session(&self) -> SignedDuration {
        let remembered = self.session_remember.unwrap_or_default();
        self.session_absolute_ttl.max(remembered)
    }

    fn parse(config: &Config) -> Result<Self, Vec<ConfigProblem>> {
        let tokens = &config.tokens;
        let sessions = &config.sessions;
        let one = |problem| vec![problem];
        let lifetimes = lifetimes(config).into_iter();
        lifetimes.collect::<Result<(), _>>().map_err(one)?;
        Ok(Self {
            issuer: Issuer::parse(&config.issuer, config.development).map_err(one)?,
            development: config.development,
            places: config.places.clone(),
            code_ttl: tokens.code_ttl.signed(),
            access_token_ttl: tokens.access_token_ttl.signed(),
            id_token_ttl: tokens.id_token_ttl.signed(),
            refresh_idle_ttl: tokens.refresh_token_idle_ttl.signed(),
            refresh_absolute_ttl: tokens.refresh_token_absolute_ttl.signed(),
            session_idle_ttl: sessions.idle_ttl.signed(),
            session_absolute_ttl: sessions.absolute_ttl.signed(),
            session_remember: sessions.remember.map(Duration::signed),
            mfa: config.mfa.policy()?,
            factor_reset_delay: config.mfa.reset_delay(),
            authenticators: config.passkeys.read()?,
            sign_up: config.sign_up.read()?,
            resources: resources(config)?,
            language: config.language,
            brand: brand(config)?,
            mail: MailServer::read(&config.mail).map_err(one)?,
            trusted_proxies: networks("proxy.trusted", &config.proxy.trusted)?,
            metrics_allow: networks("metrics.allow", &config.metrics.allow)?,
        })
    }
}

pub(super) fn resources(config: &Config) -> Result<Resources, Vec<ConfigProblem>> {
    let audiences = || config.resources.iter().map(|api| api.audience.as_str());
    let names = || config.scopes.iter().map(|scope| scope.name.as_str());
    let located = |section: &str, index, member: &str| match section {
        "resources" => config.at_entry(section, audiences(), (index, member)),
        _ => config.at_entry(section, names(), (index, member)),
    };
    let found = Resources::problems(&config.resources, &config.scopes);
    let mut problems: Vec<_> = found
        .into_iter()
        .map(|p| {
            let key = located(p.section, p.index, p.error.field);
            ConfigProblem::new(key, p.error.to_string())
        })
        .collect();
    // The issuer is the audience of tokens for userinfo (D12).
    if let Some(index) = audiences().position(|audience| audience == config.issuer) {
        problems.push(ConfigProblem::new(
            located("resources", index, "audience"),
            "audience: the issuer can't be the audience of an API",
        ));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let failed = |e: MetadataError| vec![ConfigProblem::new("resources", e.to_string())];
    Resources::new(&config.resources)
        .and_then(|resources| resources.with_scopes(&config.scopes))
        .map_err(failed)
}

pub(super) fn brand(config: &Config) -> Result<Brand, Vec<ConfigProblem>> {
    let configured = &config.brand;
    let mut problems = Vec::new();
    let mut read = |key: &str, file: &Option<String>| {
        let read = picture(key, file.as_deref());
        read.map_err(|problem| problems.push(problem))
            .unwrap_or_default()
    };
    let parts = BrandParts {
        name: &configured.name,
        show_name: configured.show_name,
        tagline: configured.tagline.as_deref(),
        accent: &configured.accent_color,
        logo: read("brand.logo_file", &configured.logo_file),
        logo_dark: read("brand.logo_dark_file", &configured.logo_dark_file),
        icon: read("brand.icon_file", &configured.icon_file),
        help_url: configured.help_url.as_deref(),
        privacy_url: configured.privacy_url.as_deref(),
        terms_url: configured.terms_url.as_deref(),
    };
    problems.extend(brand_texts(&parts));
    if !problems.is_empty() {
        return Err(problems);
    }
    Brand::new(parts).map_err(|e| vec![ConfigProblem::new("brand", e.to_string())])
}

/// What is wrong with each text, taken by itself.
fn brand_texts(parts: &BrandParts<'_>) -> Vec<ConfigProblem> {
    let none = BrandParts::default;
    let texts = [
        (
            "name",
            BrandParts {
                name: parts.name,
                ..none()
            },
        ),
        (
            "tagline",
            BrandParts {
                tagline: parts.tagline,
                ..none()
            },
        ),
        (
            "accent_color",
            BrandParts {
                accent: parts.accent,
                ..none()
            },
        ),
        (
            "help_url",
            BrandParts {
                help_url: parts.help_url,
                ..none()
            },
        ),
        (
            "privacy_url",
            BrandParts {
                privacy_url: parts.privacy_url,
                ..none()
            },
        ),
        (
            "terms_url",
            BrandParts {
                terms_url: parts.terms_url,
                ..none()
            },
        ),
    ];
    let checked = texts.into_iter().map(|(key, text)| (key, Brand::new(text)));
    checked
        .filter_map(|(key, brand)| Some((key, brand.err()?)))
        .map(|(key, e)| ConfigProblem::new(format!("brand.{key}"), e.to_string()))
        .collect()
}

fn picture(key: &str, file: Option<&str>) -> Result<Option<Logo>, ConfigProblem> {
    let Some(file) = file else { return Ok(None) };
    let problem = |what: String| ConfigProblem::new(key, format!("{file}: {what}"));
    let bytes = std::fs::read(file).map_err(|e| problem(e.to_string()))?;
    let picture = Logo::parse(bytes.into()).map_err(|e| problem(e.to_string()))?;
    Ok(Some(picture))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_loopback_in_its_one_spelling() {
        for good in [
            "https://id.example.com",
            "https://id.example.com/auth",
            "http://localhost:9000",
            "http://[::1]:9000",
        ] {
            assert!(Issuer::parse(good, false).is_ok(), "{good}");
        }
        for bad in [
            "",
            "id.example.com",
            "http://id.example.com",
            "https://id.example.com/",
            "https://ID.example.com",
            "https://id.example.com:443",
            "https://id.example.com?x",
            "https://u@id.example.com",
        ] {
            assert!(Issuer::parse(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_issuer_with_a_path_keeps_it_in_every_url() {
        let issuer = Issuer::parse("https://id.example.com/auth", false).unwrap();
        assert_eq!(
            (issuer.origin(), issuer.path()),
            ("https://id.example.com", "/auth")
        );
        assert_eq!(
            issuer.endpoint("/token"),
            "https://id.example.com/auth/token"
        );
    }
}
