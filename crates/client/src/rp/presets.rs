//! Providers that many apps use, and what is special about each.

use cardea_web::config::SecretText;
use url::Url;

use super::config::{ClientConfig, Provider};

/// Where Google says its issuer is.
pub(super) const GOOGLE: &str = "https://accounts.google.com";
/// GitHub itself; an Enterprise Server has a host of its own.
pub(super) const GITHUB: &str = "https://github.com";

impl ClientConfig {
    /// Cardea, or any OpenID provider: as a public client until [`ClientConfig::secret`] or `authentication` says otherwise.
    ///
    /// After a logout at the provider users come back to the first page of the app: `post_logout_redirect_uri` is the redirect
    /// URI's origin and `/`, to be registered at the provider as well. `None` leaves them there.
    #[must_use]
    pub fn cardea(issuer: &str, client_id: &str, redirect_uri: &str) -> Self {
        Self {
            post_logout_redirect_uri: first_page(redirect_uri),
            ..Self::at(issuer, client_id, redirect_uri)
        }
    }

    fn at(issuer: &str, client_id: &str, redirect_uri: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            ..Self::default()
        }
    }

    /// As a confidential client with this secret.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.authentication.client_secret = Some(SecretText::new(secret.into()));
        self
    }

    /// Asks for this scope instead of `openid profile email`; separated by spaces.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes = scope.split_ascii_whitespace().map(str::to_owned).collect();
        self
    }

    /// Microsoft Entra ID. `tenant` is a tenant's id; or `common` or `organizations`, which also need `allowed_tenants`.
    #[must_use]
    pub fn entra(tenant: &str, client_id: &str, redirect_uri: &str) -> Self {
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        Self {
            provider: Provider::Entra,
            ..Self::at(&issuer, client_id, redirect_uri)
        }
    }

    /// Google, which wants a `client_secret`.
    #[must_use]
    pub fn google(client_id: &str, redirect_uri: &str) -> Self {
        Self {
            provider: Provider::Google,
            ..Self::at(GOOGLE, client_id, redirect_uri)
        }
    }

    /// GitHub, which wants a `client_secret`.
    #[must_use]
    pub fn github(client_id: &str, redirect_uri: &str) -> Self {
        Self {
            provider: Provider::Github,
            ..Self::at(GITHUB, client_id, redirect_uri)
        }
    }
}

/// The first page of the app that this redirect URI belongs to. A private scheme of a native app has none.
fn first_page(redirect_uri: &str) -> Option<String> {
    let url = Url::parse(redirect_uri).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    is_web.then(|| format!("{}/", url.origin().ascii_serialization()))
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn b5_after_a_logout_users_come_back_to_the_app() {
        for (redirect_uri, expected) in [
            (
                "https://app.example.com/callback",
                Some("https://app.example.com/"),
            ),
            (
                "https://app.example.com:8443/a/b/callback",
                Some("https://app.example.com:8443/"),
            ),
            (
                "http://localhost:5174/callback",
                Some("http://localhost:5174/"),
            ),
            ("http://[::1]:5174/callback", Some("http://[::1]:5174/")),
            ("com.example.app:/callback", None),
            ("not a URL", None),
        ] {
            let config = ClientConfig::cardea("https://id.example.com", "app", redirect_uri);
            assert_eq!(
                config.post_logout_redirect_uri.as_deref(),
                expected,
                "{redirect_uri}"
            );
        }
        assert_eq!(
            ClientConfig::google("app", "https://a.example/callback").post_logout_redirect_uri,
            None
        );
    }
}
