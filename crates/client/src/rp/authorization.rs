//! Sending a user to the provider: OpenID Core §3.1.2.1, RFC 7636 §4.3, RFC 9700 §2.1.

use std::fmt;

use cardea_protocol::{pkce::CodeVerifier, scope::Scope};
use cardea_seal::{Entropy, Secret};
use cardea_web::outbound::IssuerMetadata;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::{
    config::Provider, error::RpError, party::RelyingParty, secret_text, settings::Settings,
};

/// A page of the app has no longer address.
const MAX_RETURN_TO_BYTES: usize = 2048;
/// No provider is sent a longer URL.
const MAX_URL_BYTES: usize = 8192;

/// What an app wants of a login.
#[derive(Debug, Clone, Default)]
pub struct LoginOptions {
    /// Where the user wanted to go; the app judges that it is a page of its own.
    pub return_to: String,
    /// `none`, `login`, `consent` or `select_account`.
    pub prompt: Option<String>,
    /// The user must have proved who they are within so many seconds.
    pub max_age: Option<u64>,
    /// Who is expected, as the provider knows them.
    pub login_hint: Option<String>,
    /// How well they must have proved it: one of these, the most wanted first. A provider that reads the parameter `claims` is asked
    /// for them as essential: it answers `unmet_authentication_requirements`, an [`RpError::Refused`], when the user can't reach one.
    /// Whatever the provider does, an ID token with another class is refused ([`RpError::IdToken`]).
    pub acr_values: Vec<String>,
    /// The same, and any answer is accepted: what was reached is in [`IdentityClaims`](super::IdentityClaims).
    pub preferred_acr_values: Vec<String>,
    /// Scopes beside the configured ones.
    pub scope: Scope,
}

impl LoginOptions {
    /// A plain login on the way to a page.
    #[must_use]
    pub fn to(return_to: &str) -> Self {
        Self {
            return_to: return_to.to_owned(),
            ..Self::default()
        }
    }
}

/// A login that has begun.
#[derive(Clone)]
pub struct StartedLogin {
    /// Where the browser is sent.
    pub authorization_url: String,
    /// What is kept until it comes back.
    pub state: LoginState,
}

/// The address carries `state` and `nonce`.
impl fmt::Debug for StartedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedLogin")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What the server remembers of a pending login. It holds secrets: it stays on the server, or goes into a sealed cookie.
#[derive(Clone, Serialize, Deserialize)]
pub struct LoginState {
    #[serde(with = "secret_text")]
    pub(super) state: Secret<String>,
    #[serde(with = "secret_text")]
    pub(super) nonce: Secret<String>,
    #[serde(with = "secret_text")]
    pub(super) code_verifier: Secret<String>,
    pub(super) issuer: String,
    pub(super) scope: Scope,
    #[serde(default)]
    pub(super) max_age: Option<u64>,
    #[serde(default)]
    pub(super) acr_values: Vec<String>,
    pub(super) return_to: String,
    pub(super) started_at: Timestamp,
}

impl LoginState {
    fn draw(entropy: &Entropy, wish: LoginOptions, issuer: &str, now: Timestamp) -> Self {
        // RFC 9700 §2.1.1, RFC 7636 §7.1: 256 random bits each, drawn for each login.
        let random = || entropy.token().to_text();
        Self {
            state: random(),
            nonce: random(),
            code_verifier: random(),
            issuer: issuer.to_owned(),
            scope: wish.scope,
            max_age: wish.max_age,
            acr_values: wish.acr_values,
            return_to: wish.return_to,
            started_at: now,
        }
    }

    /// The random name of this login, by which the callback finds it.
    #[must_use]
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// Where the user wanted to go.
    #[must_use]
    pub fn return_to(&self) -> &str {
        &self.return_to
    }

    /// When it was begun.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }
}

impl fmt::Debug for LoginState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginState")
            .field("issuer", &self.issuer)
            .field("started_at", &self.started_at)
            .finish_non_exhaustive()
    }
}

impl RelyingParty {
    /// Begins a login: draws `state`, `nonce` and the PKCE verifier, and says where to send the browser.
    ///
    /// # Errors
    /// When the wish is out of bounds, or the provider can't be reached or can't do PKCE.
    pub async fn begin(&self, mut wish: LoginOptions) -> Result<StartedLogin, RpError> {
        if wish.return_to.len() > MAX_RETURN_TO_BYTES {
            return Err(RpError::Options("return_to is too long"));
        }
        let party = &*self.0;
        let metadata = party.metadata().await?;
        wish.scope = party.settings.scope.union(&wish.scope);
        let (prompt, login_hint) = (wish.prompt.take(), wish.login_hint.take());
        let preferred_acr_values = std::mem::take(&mut wish.preferred_acr_values);
        let state = LoginState::draw(&party.entropy, wish, self.issuer(), party.now());
        let asked = Asked {
            settings: &party.settings,
            state: &state,
            prompt: prompt.as_deref(),
            login_hint: login_hint.as_deref(),
            preferred_acr_values: &preferred_acr_values,
        };
        let authorization_url = asked.url(&metadata)?;
        Ok(StartedLogin {
            authorization_url,
            state,
        })
    }
}

struct Asked<'a> {
    settings: &'a Settings,
    state: &'a LoginState,
    prompt: Option<&'a str>,
    login_hint: Option<&'a str>,
    preferred_acr_values: &'a [String],
}

impl Asked<'_> {
    fn url(&self, metadata: &IssuerMetadata) -> Result<String, RpError> {
        // RFC 9700 §2.1.1: a provider that lists its PKCE methods has S256 among them, or it would ignore ours.
        let methods = metadata.code_challenge_methods_supported.as_ref();
        if methods.is_some_and(|all| !all.iter().any(|one| one == "S256")) {
            return Err(RpError::Unsupported("PKCE with S256"));
        }
        let endpoint = metadata.authorization_endpoint.as_deref();
        let endpoint = endpoint.ok_or(RpError::Unsupported("authorization endpoint"))?;
        let mut url = Url::parse(endpoint)
            .map_err(|_| RpError::Unsupported("usable authorization endpoint"))?;
        self.write(&mut url)?;
        // A provider that does not know the parameter could refuse it.
        if metadata.claims_parameter_supported == Some(true) {
            self.write_claims(&mut url);
        }
        let url = String::from(url);
        if url.len() > MAX_URL_BYTES {
            return Err(RpError::Options("the request is too long"));
        }
        Ok(url)
    }

    fn write(&self, url: &mut Url) -> Result<(), RpError> {
        let (settings, state) = (self.settings, self.state);
        let verifier = CodeVerifier::parse(state.code_verifier.expose())
            .map_err(|_| RpError::Options("no PKCE verifier"))?;
        let mut query = url.query_pairs_mut();
        query.append_pair("response_type", "code");
        query.append_pair("client_id", &settings.client_id);
        query.append_pair("redirect_uri", &settings.redirect_uri);
        query.append_pair("scope", &state.scope.to_string());
        query.append_pair("state", state.state.expose());
        if settings.provider != Provider::Github {
            query.append_pair("nonce", state.nonce.expose());
        }
        query.append_pair("code_challenge", verifier.challenge().as_str());
        query.append_pair("code_challenge_method", "S256");
        let max_age = state.max_age.map(|seconds| seconds.to_string());
        let acr_values = [state.acr_values.as_slice(), self.preferred_acr_values].concat();
        let acr_values = acr_values.join(" ");
        let wished = [
            ("prompt", self.prompt),
            ("max_age", max_age.as_deref()),
            ("login_hint", self.login_hint),
            ("acr_values", Some(acr_values.as_str())),
            ("resource", settings.resource.as_deref()),
        ];
        for (name, value) in wished {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                query.append_pair(name, value);
            }
        }
        for (name, value) in &settings.authorization_parameters {
            query.append_pair(name, value);
        }
        Ok(())
    }

    /// OpenID Core §5.5.1.1: `acr_values` is a wish; only an essential claim must be met. It is also answered by one of the values
    /// asked for when the user has reached more.
    fn write_claims(&self, url: &mut Url) {
        let values = &self.state.acr_values;
        if values.is_empty()
            || self
                .settings
                .authorization_parameters
                .contains_key("claims")
        {
            return;
        }
        let claims = json!({"id_token": {"acr": {"essential": true, "values": values}}});
        url.query_pairs_mut()
            .append_pair("claims", &claims.to_string());
    }
}
