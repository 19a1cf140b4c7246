//! Other providers at which users can sign in.

use std::collections::BTreeMap;

use cardea_protocol::federation::{ClaimTarget, ProviderKind};
use schemars::JsonSchema;
use serde::Deserialize;

/// A provider at which users can sign in.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamConfig {
    /// The provider's name here: small letters, digits, `-` and `_`. Links of users are bound to it, so it can't be changed later.
    /// The redirect URI to register there is the issuer and `/federation/<id>/callback`.
    pub id: String,
    /// The name on the button. Default: that of the preset, or the id.
    pub name: Option<String>,
    /// `openid` (any OpenID provider), `entra`, `google`, `github` or `apple`.
    pub preset: UpstreamPreset,
    /// The provider's issuer, exactly as it writes itself. Google, GitHub and Apple need none. Entra ID:
    /// `https://login.microsoftonline.com/<tenant id>/v2.0`, or with `common` or `organizations` in the tenant's place.
    pub issuer: String,
    /// Cardea's identifier at the provider.
    pub client_id: String,
    /// A file with Cardea's secret at the provider. For Apple it has the signed client secret, which is valid for up to six months.
    pub client_secret_file: Option<String>,
    /// What is asked for. Default: `openid`, `profile` and `email`, or what the preset calls so.
    pub scopes: Vec<String>,
    /// The tenants of Entra ID whose users may sign in, by tenant id; `["*"]` is anybody. `common` and `organizations` need it.
    pub allowed_tenants: Vec<String>,
    /// What claims of the provider become here, beside the usual ones of a profile: `"org.unit" = "department"` takes a member of
    /// a claim, and `"groups" = { roles = { "ops" = "operator" }, groups = { "ops" = "night-shift" } }` gives roles and groups by the
    /// values of a claim. They are set at each sign-in.
    pub claims: BTreeMap<String, ClaimTarget>,
    /// Users who enter an e-mail address of these domains on the sign-in page are sent to this provider.
    pub domains: Vec<String>,
    /// An address of these domains that the provider has verified is believed: it signs in to the account that has the same
    /// verified address, and counts as verified in a new account. Name only domains whose mailboxes this provider controls.
    pub trusted_domains: Vec<String>,
    /// Whether a user who is not known here gets an account at the first sign-in.
    pub just_in_time: bool,
    /// Whether a second factor that was verified by the provider counts here (`amr` with `mfa`, or a class of Cardea in `acr`).
    pub trust_mfa: bool,
    /// Whether users who sign out here are signed out at the provider too.
    pub logout: bool,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: None,
            preset: UpstreamPreset::default(),
            issuer: String::new(),
            client_id: String::new(),
            client_secret_file: None,
            scopes: Vec::new(),
            allowed_tenants: Vec::new(),
            claims: BTreeMap::new(),
            domains: Vec::new(),
            trusted_domains: Vec::new(),
            just_in_time: true,
            trust_mfa: false,
            logout: false,
        }
    }
}

/// Kinds of provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamPreset {
    /// Any OpenID provider.
    #[default]
    Openid,
    /// Microsoft Entra ID.
    Entra,
    /// Google.
    Google,
    /// GitHub.
    Github,
    /// Apple.
    Apple,
}

impl UpstreamPreset {
    /// What the provider's claims mean.
    pub(crate) fn kind(self) -> ProviderKind {
        match self {
            Self::Openid => ProviderKind::Openid,
            Self::Entra => ProviderKind::Entra,
            Self::Google => ProviderKind::Google,
            Self::Github => ProviderKind::Github,
            Self::Apple => ProviderKind::Apple,
        }
    }

    /// The usual name of the provider.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Openid => None,
            Self::Entra => Some("Microsoft"),
            Self::Google => Some("Google"),
            Self::Github => Some("GitHub"),
            Self::Apple => Some("Apple"),
        }
    }
}
