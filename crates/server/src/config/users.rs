//! People to begin with (D19).

use std::collections::BTreeMap;

use cardea_web::config::SecretText;
use schemars::JsonSchema;
use serde::Deserialize;

/// A person who is added once. Later changes here change nothing.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeedUser {
    /// The name to log in with.
    pub username: String,
    /// The claim `email`.
    pub email: Option<String>,
    /// The claim `email_verified`.
    pub email_verified: bool,
    /// The password in clear, 8 to 128 characters. Take it out of the file after the first start, or give a hash.
    #[schemars(with = "Option<SecretText>")]
    pub password: Option<SecretText>,
    /// The argon2id hash of the password (`$argon2id$…`), instead of it.
    #[schemars(with = "Option<SecretText>")]
    pub password_hash: Option<SecretText>,
    /// Roles, as tokens carry them.
    pub roles: Vec<String>,
    /// Claims of OpenID Connect beside these: `{ name = "Alice A", address = { country = "NL" } }`.
    pub claims: BTreeMap<String, serde_json::Value>,
}
