use std::collections::BTreeMap;

use cardea_protocol::model::UserStatus;
use cardea_web::config::SecretText;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{lists::default_limit, schemas, secret};

/// A user as import and export have one: a line of the JSON lines.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortableUser {
    /// The subject. Without it the user gets a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The name to log in with.
    pub username: String,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was verified.
    #[serde(default)]
    pub email_verified: bool,
    /// The roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The claims, by name.
    #[serde(default)]
    pub claims: BTreeMap<String, Value>,
    /// Whether the user can log in.
    #[serde(default = "enabled")]
    #[schema(schema_with = schemas::status)]
    pub status: UserStatus,
    /// The hash of the password: argon2, bcrypt, scrypt, PBKDF2 or SHA-crypt, as crypt, PHC strings, Django or Keycloak write it.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>, format = Password)]
    pub password_hash: Option<SecretText>,
    /// Whether the password has to be changed at the first login with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_change_password: bool,
    /// When the account expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When the user was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

fn enabled() -> UserStatus {
    UserStatus::Enabled
}

/// Users to add.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserImport {
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
    /// The users. One that is refused does not keep the others from being added.
    pub users: Vec<PortableUser>,
}

/// What became of the users of an import, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportResults {
    /// One for each user.
    pub results: Vec<ImportOutcome>,
}

/// What became of one user of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ImportOutcome {
    /// The user was added.
    Added,
    /// A user has the name already, and was not changed.
    Exists,
    /// The user was not added.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Which users to export, and what of them.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// How many users.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: u32,
    /// The cursor: the member `next` of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// With the hashes of the passwords.
    #[serde(default)]
    pub with_hashes: bool,
}
