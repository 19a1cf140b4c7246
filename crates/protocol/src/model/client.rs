//! A registered client whose metadata has been checked.

use cardea_jose::KeySet;
use cardea_seal::{Digest, constant_time_eq};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    AuthMethod, ClientId, ClientMetadata, GrantType,
    client_uris::{check_backchannel_logout, check_pages, origins, reached, redirect_uris},
};
use crate::{claims::bad_claims, redirect_uri::RegisteredRedirectUri, scope::Scope};

/// A configured secret is at least this long (D14).
const MIN_SECRET_BYTES: usize = 32;
pub(super) const MAX_URIS: usize = 32;
const MAX_NAME_BYTES: usize = 128;

/// Whether a client is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientStatus {
    /// Its requests are served.
    Enabled,
    /// Its requests are refused and its tokens are inactive.
    Disabled,
}

/// Where a client is defined, and so where it can be changed (D19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The configuration file; read-only to the CLI and the API.
    File,
    /// The store.
    Store,
}

/// Why metadata is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct MetadataError {
    /// The member of the metadata.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// A registered client.
#[derive(Clone)]
pub struct Client {
    id: ClientId,
    metadata: ClientMetadata,
    secret: Option<Digest>,
    status: ClientStatus,
    owner: Owner,
    created_at: Timestamp,
    redirect_uris: Vec<RegisteredRedirectUri>,
    scope: Scope,
    keys: Option<KeySet>,
    origins: Vec<String>,
}

impl Client {
    /// Accepts metadata for registration; the secret in it is hashed and dropped.
    pub fn register(
        mut metadata: ClientMetadata,
        owner: Owner,
        now: Timestamp,
    ) -> Result<Self, MetadataError> {
        let secret = secret(&mut metadata)?;
        Self::restore(metadata, secret, ClientStatus::Enabled, owner, now)
    }

    /// From a row of the store. The same rules hold as at registration.
    pub fn restore(
        metadata: ClientMetadata,
        secret: Option<Digest>,
        status: ClientStatus,
        owner: Owner,
        created_at: Timestamp,
    ) -> Result<Self, MetadataError> {
        let id = ClientId::parse(&metadata.client_id).map_err(|e| MetadataError {
            field: "client_id",
            problem: e.to_string(),
        })?;
        let scope = Scope::parse(&metadata.scope).map_err(|e| MetadataError {
            field: "scope",
            problem: e.to_string(),
        })?;
        let redirect_uris = redirect_uris(&metadata)?;
        let keys = keys(&metadata)?;
        check_client_name(&metadata)?;
        metadata
            .allowed_origins
            .iter()
            .try_for_each(|o| check_origin(o))?;
        check_backchannel_logout(&metadata)?;
        check_pages(&metadata)?;
        check_id_token_claims(&metadata)?;
        check_authentication(&metadata, secret.is_some())?;
        check_grant_types(&metadata)?;
        let origins = origins(&metadata);
        Ok(Self {
            id,
            metadata,
            secret,
            status,
            owner,
            created_at,
            redirect_uris,
            scope,
            keys,
            origins,
        })
    }

    /// The identifier.
    #[must_use]
    pub fn id(&self) -> &ClientId {
        &self.id
    }

    /// The metadata, without the secret.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// The display name: the registered one, else the identifier.
    #[must_use]
    pub fn name(&self) -> &str {
        self.metadata
            .client_name
            .as_deref()
            .unwrap_or(self.id.as_str())
    }

    /// The SHA-256 of the secret, for the row.
    #[must_use]
    pub fn secret_hash(&self) -> Option<Digest> {
        self.secret
    }

    /// Compares a presented secret in constant time.
    #[must_use]
    pub fn secret_is(&self, presented: &str) -> bool {
        let presented = Digest::of(presented.as_bytes());
        self.secret
            .is_some_and(|s| constant_time_eq(s.as_bytes(), presented.as_bytes()))
    }

    /// The same client with another secret.
    #[must_use]
    pub fn with_secret(mut self, secret: Digest) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Enabled or disabled.
    #[must_use]
    pub fn status(&self) -> ClientStatus {
        self.status
    }

    /// Whether it is enabled.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.status == ClientStatus::Enabled
    }

    /// Where it is defined.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// When it was registered.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// The registered redirect URIs.
    #[must_use]
    pub fn redirect_uris(&self) -> &[RegisteredRedirectUri] {
        &self.redirect_uris
    }

    /// The scopes it may ask for.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Its keys for assertions, when they are registered by value.
    #[must_use]
    pub fn keys(&self) -> Option<&KeySet> {
        self.keys.as_ref()
    }

    /// The origins of pages that may call the token endpoint for this client (D21).
    #[must_use]
    pub fn origins(&self) -> &[String] {
        &self.origins
    }

    /// RFC 6749 §2.1: a public client has no credentials.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.metadata.token_endpoint_auth_method == AuthMethod::None
    }

    /// Whether it may use a grant type.
    #[must_use]
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.metadata.grant_types.contains(&grant_type)
    }
}

pub(super) fn refuse<T>(
    field: &'static str,
    problem: impl Into<String>,
) -> Result<T, MetadataError> {
    Err(MetadataError {
        field,
        problem: problem.into(),
    })
}

/// Takes the secret out of metadata: its hash is kept.
pub(super) fn secret(metadata: &mut ClientMetadata) -> Result<Option<Digest>, MetadataError> {
    let hash = metadata.client_secret_hash.take();
    if metadata.client_secret_file.take().is_some() {
        return refuse(
            "client_secret_file",
            "it is only known in the configuration file",
        );
    }
    match (metadata.client_secret.take(), hash) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => refuse(
            "client_secret_hash",
            "the secret is set twice; keep one of client_secret, client_secret_file, client_secret_hash",
        ),
        (None, Some(hash)) => hashed(&hash).map(Some),
        (Some(text), None) if text.expose().len() < MIN_SECRET_BYTES => {
            // Hex, because many clients skip the encoding of RFC 6749 §2.3.1, and then + and % are read as something else.
            refuse(
                "client_secret",
                "it is shorter than 32 bytes; make one with: openssl rand -hex 32",
            )
        }
        (Some(text), None) => Ok(Some(Digest::of(text.expose().as_bytes()))),
    }
}

pub(super) fn keys(metadata: &ClientMetadata) -> Result<Option<KeySet>, MetadataError> {
    // RFC 7591 §2: jwks and jwks_uri exclude one another.
    if metadata.jwks.is_some() && metadata.jwks_uri.is_some() {
        return refuse("jwks_uri", "jwks and jwks_uri are both set; keep one");
    }
    if let Some(uri) = &metadata.jwks_uri {
        // RFC 7591 §5: an attacker who changes the keys in transit can act as the client.
        reached(uri, "jwks_uri")?;
    }
    let Some(jwks) = &metadata.jwks else {
        return Ok(None);
    };
    match KeySet::parse(jwks.to_string().as_bytes()) {
        Ok(keys) if !keys.keys().is_empty() => Ok(Some(keys)),
        Ok(_) => refuse(
            "jwks",
            "it has no key that can be used; RS256, PS256, ES256, ES384 and EdDSA are supported",
        ),
        Err(e) => refuse("jwks", e.to_string()),
    }
}

pub(super) fn check_client_name(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    let name = metadata.client_name.as_deref().unwrap_or("x");
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        return refuse(
            "client_name",
            "it is empty, longer than 128 bytes, or has control characters",
        );
    }
    if metadata.allowed_origins.len() > MAX_URIS {
        return refuse("allowed_origins", "more than 32");
    }
    Ok(())
}

pub(super) fn check_origin(origin: &str) -> Result<(), MetadataError> {
    let parsed = Url::parse(origin).ok().map(|u| u.origin());
    // RFC 6454 §6.2: scheme, host and port, nothing after; `null` is refused.
    if parsed.is_none_or(|o| !o.is_tuple() || o.ascii_serialization() != origin) {
        return refuse(
            "allowed_origins",
            format!("{origin}: not an origin such as https://app.example.com"),
        );
    }
    Ok(())
}

fn check_id_token_claims(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    let claims = metadata.id_token_claims.as_deref().unwrap_or_default();
    match bad_claims(claims) {
        None => Ok(()),
        Some(problem) => refuse("id_token_claims", problem),
    }
}

/// A digest from hexadecimal.
fn hashed(hex: &str) -> Result<Digest, MetadataError> {
    let mut bytes = [0; 32];
    let pairs = hex.as_bytes().chunks_exact(2);
    let whole = hex.len() == 2 * bytes.len() && pairs.remainder().is_empty();
    let digit = |c: &u8| char::from(*c).to_digit(16);
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let value = match pair {
            [high, low] => digit(high)
                .zip(digit(low))
                .map(|(high, low)| 16 * high + low),
            _ => None,
        };
        match value.and_then(|value| u8::try_from(value).ok()) {
            Some(value) if whole => *byte = value,
            _ => return refuse("client_secret_hash", HASH),
        }
    }
    match whole {
        true => Ok(Digest::from_bytes(bytes)),
        false => refuse("client_secret_hash", HASH),
    }
}

const HASH: &str = "it is not a SHA-256 of 64 hexadecimal digits; make one with: printf %s \"$secret\" | sha256sum";

pub(super) fn check_authentication(
    metadata: &ClientMetadata,
    has_secret: bool,
) -> Result<(), MetadataError> {
    let has_keys = metadata.jwks.is_some() || metadata.jwks_uri.is_some();
    match metadata.token_endpoint_auth_method {
        AuthMethod::None => {
            if has_secret {
                return refuse(
                    "client_secret",
                    "a public client (token_endpoint_auth_method = \"none\") can't have a secret; remove it",
                );
            }
            // RFC 9700 §2.1.1: public clients must use PKCE.
            if metadata.require_pkce == Some(false) {
                return refuse("require_pkce", "a public client must use PKCE");
            }
        }
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {
            if !has_secret {
                return refuse(
                    "client_secret",
                    "the authentication method needs a secret; add one, or set token_endpoint_auth_method = \"none\"",
                );
            }
        }
        AuthMethod::PrivateKeyJwt => {
            if !has_keys {
                return refuse("jwks", "private_key_jwt needs jwks or jwks_uri");
            }
        }
    }
    Ok(())
}

pub(super) fn check_grant_types(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    let has = |g| metadata.grant_types.contains(&g);
    if metadata.grant_types.is_empty() {
        return refuse("grant_types", "it is empty");
    }
    if has(GrantType::AuthorizationCode) && metadata.redirect_uris.is_empty() {
        return refuse("redirect_uris", "authorization_code needs at least one");
    }
    if has(GrantType::RefreshToken) && !has(GrantType::AuthorizationCode) {
        return refuse("grant_types", "refresh_token needs authorization_code too");
    }
    // RFC 6749 §4.4: client credentials are for confidential clients only.
    if has(GrantType::ClientCredentials) && metadata.token_endpoint_auth_method == AuthMethod::None
    {
        return refuse(
            "grant_types",
            "client_credentials is for confidential clients only",
        );
    }
    Ok(())
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
