//! GitHub, which has OAuth and a REST API in the place of OpenID: docs.github.com, "Authorizing OAuth apps" and "Users".

use cardea_web::outbound::IssuerMetadata;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    error::RpError, identity::IdentityClaims, party::Inner, presets::GITHUB, tokens::Tokens,
    userinfo::granted,
};

const ACCEPT: [&str; 1] = ["application/vnd.github+json"];

/// What GitHub calls itself in its authorization responses (RFC 9207), and by which its users are known here.
pub(super) fn issuer(server: &str) -> String {
    format!("{}/login/oauth", server.trim_end_matches('/'))
}

/// The endpoints of GitHub, or of an Enterprise Server, by its documentation: there is no discovery.
pub(super) fn metadata(server: &str) -> IssuerMetadata {
    let issuer = issuer(server);
    let api = match server.trim_end_matches('/') {
        GITHUB => "https://api.github.com".to_owned(),
        server => format!("{server}/api/v3"),
    };
    IssuerMetadata {
        authorization_endpoint: Some(format!("{issuer}/authorize")),
        token_endpoint: Some(format!("{issuer}/access_token")),
        issuer,
        userinfo_endpoint: Some(format!("{api}/user")),
        ..IssuerMetadata::default()
    }
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
    email: Option<String>,
    avatar_url: Option<String>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct Email {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

impl Inner {
    /// Who an access token of GitHub belongs to. It came over TLS from GitHub itself for a code that PKCE binds to this
    /// login, which is what there is in the place of an ID token.
    pub(super) async fn github_identity(
        &self,
        metadata: &IssuerMetadata,
        tokens: &Tokens,
    ) -> Result<IdentityClaims, RpError> {
        let endpoint = metadata.userinfo_endpoint.as_deref();
        let endpoint = endpoint.ok_or(RpError::Unsupported("userinfo endpoint"))?;
        let user: User = self.read_from_github(endpoint, tokens).await?;
        let may_read = ["user:email", "user"]
            .iter()
            .any(|s| tokens.scope.contains(s));
        let emails = match may_read {
            true => self.emails(&format!("{endpoint}/emails"), tokens).await?,
            false => Vec::new(),
        };
        Ok(identity(&metadata.issuer, user, emails))
    }

    /// The addresses that can be read. A GitHub App names no scope in its answers, and may not be allowed to read them.
    async fn emails(&self, url: &str, tokens: &Tokens) -> Result<Vec<Email>, RpError> {
        match self.read_from_github::<Vec<Value>>(url, tokens).await {
            Ok(list) => {
                let read = |one| serde_json::from_value(one).ok();
                Ok(list.into_iter().filter_map(read).collect())
            }
            Err(RpError::Answer(reason)) => {
                tracing::warn!(reason, "GitHub's list of addresses is left out of a login");
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    async fn read_from_github<T: serde::de::DeserializeOwned>(
        &self,
        url: &str,
        tokens: &Tokens,
    ) -> Result<T, RpError> {
        let bearer = Some(tokens.access_token.expose().as_str());
        let answer = granted(self.client.get(url, &ACCEPT, bearer).await?)?;
        serde_json::from_slice(&answer.body)
            .map_err(|_| RpError::Answer("it is no answer of GitHub's API"))
    }
}

/// The claims by their OpenID names. Login names can change hands; the number can't.
fn identity(issuer: &str, user: User, emails: Vec<Email>) -> IdentityClaims {
    let mut other = Map::new();
    let primary = emails.into_iter().find(|one| one.primary);
    let verified = primary.as_ref().is_some_and(|one| one.verified);
    let email = primary.map(|one| one.email).or(user.email);
    if email.is_some() {
        other.insert("email_verified".to_owned(), Value::Bool(verified));
    }
    let texts = [
        ("preferred_username", Some(user.login)),
        ("name", user.name),
        ("email", email),
        ("picture", user.avatar_url),
        ("profile", user.html_url),
    ];
    for (name, text) in texts {
        other.extend(text.map(|text| (name.to_owned(), Value::String(text))));
    }
    IdentityClaims {
        iss: issuer.to_owned(),
        sub: user.id.to_string(),
        sid: None,
        auth_time: None,
        acr: None,
        amr: Vec::new(),
        roles: Vec::new(),
        other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_endpoints_of_github_and_of_an_enterprise_server() {
        let github = metadata(GITHUB);
        assert_eq!(github.issuer, "https://github.com/login/oauth");
        assert_eq!(
            github.token_endpoint.as_deref(),
            Some("https://github.com/login/oauth/access_token")
        );
        assert_eq!(
            github.userinfo_endpoint.as_deref(),
            Some("https://api.github.com/user")
        );
        let server = metadata("https://git.example.com/");
        assert_eq!(
            server.userinfo_endpoint.as_deref(),
            Some("https://git.example.com/api/v3/user")
        );
    }

    #[test]
    fn an_unverified_address_is_not_called_verified() {
        let user = || User {
            id: 1,
            login: "octocat".to_owned(),
            name: None,
            email: Some("public@example.test".to_owned()),
            avatar_url: None,
            html_url: None,
        };
        let listed = |verified| {
            vec![Email {
                email: "own@example.test".to_owned(),
                primary: true,
                verified,
            }]
        };
        let of = |emails| identity(GITHUB, user(), emails);
        assert_eq!(of(listed(true)).other["email_verified"], true);
        assert_eq!(of(listed(false)).other["email_verified"], false);
        let public = of(Vec::new());
        assert_eq!(public.text("email"), Some("public@example.test"));
        assert_eq!(public.other["email_verified"], false);
    }
}
