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
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the address was verified.
    pub email_verified: bool,
    /// The password in clear, 8 to 128 characters; better a hash.
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretText>,
    /// The argon2id hash of the password (`$argon2id$…`).
    #[schemars(with = "Option<String>")]
    pub password_hash: Option<SecretText>,
    /// Roles, as tokens carry them.
    pub roles: Vec<String>,
    /// Claims of OpenID Connect: `name`, `phone_number`, `address` …
    pub claims: BTreeMap<String, serde_json::Value>,
}
