//! Providers that many apps use, and what is special about each.

use super::config::{ClientConfig, Provider};

/// Where Google says its issuer is.
pub(super) const GOOGLE: &str = "https://accounts.google.com";
/// GitHub itself; an Enterprise Server has a host of its own.
pub(super) const GITHUB: &str = "https://github.com";

impl ClientConfig {
    /// Cardea, or any OpenID provider: as a public client until `authentication` says otherwise.
    #[must_use]
    pub fn cardea(issuer: &str, client_id: &str, redirect_uri: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            ..Self::default()
        }
    }

    /// Microsoft Entra ID. `tenant` is a tenant's id; or `common` or `organizations`, which also need `allowed_tenants`.
    #[must_use]
    pub fn entra(tenant: &str, client_id: &str, redirect_uri: &str) -> Self {
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        Self {
            provider: Provider::Entra,
            ..Self::cardea(&issuer, client_id, redirect_uri)
        }
    }

    /// Google, which wants a `client_secret`.
    #[must_use]
    pub fn google(client_id: &str, redirect_uri: &str) -> Self {
        Self {
            provider: Provider::Google,
            ..Self::cardea(GOOGLE, client_id, redirect_uri)
        }
    }

    /// GitHub, which wants a `client_secret`.
    #[must_use]
    pub fn github(client_id: &str, redirect_uri: &str) -> Self {
        Self {
            provider: Provider::Github,
            ..Self::cardea(GITHUB, client_id, redirect_uri)
        }
    }
}

impl Provider {
    /// The issuer where the configuration names none.
    pub(super) fn issuer(self) -> Option<&'static str> {
        match self {
            Self::Google => Some(GOOGLE),
            Self::Github => Some(GITHUB),
            Self::Openid | Self::Entra => None,
        }
    }

    /// What is asked for where the configuration doesn't say.
    pub(super) fn scopes(self) -> &'static str {
        match self {
            Self::Github => "read:user user:email",
            _ => "openid profile email",
        }
    }

    /// Whether userinfo knows more than the ID token. Entra's answers only to tokens for Microsoft Graph.
    pub(super) fn has_more_in_userinfo(self) -> bool {
        self == Self::Openid
    }

    /// Google hands out a refresh token for `access_type=offline`, where others have the scope `offline_access`.
    pub(super) fn authorization_parameters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Google => &[("access_type", "offline")],
            _ => &[],
        }
    }

    /// Whether this part of an issuer's path stands for all tenants.
    pub(super) fn is_many_tenants(self, part: &str) -> bool {
        self == Self::Entra && matches!(part, "common" | "organizations")
    }
}
