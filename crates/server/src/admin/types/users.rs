use std::collections::BTreeMap;

use cardea_protocol::model::{Subject, Username};
use cardea_web::config::SecretText;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{lists::default_limit, schemas, secret};

pub use cardea_protocol::{
    claims::{is_text, may_be_given},
    model::UserStatus,
};

/// Which users.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UsersQuery {
    /// How many rows.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: u32,
    /// The cursor: the member `next` of the previous page. It belongs to the same search.
    pub after: Option<String>,
    /// Only users with these words: each begins a word of the user name, the e-mail address or the name. The oldest user comes first.
    pub search: Option<String>,
}

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The subject: never changed, and never used again.
    #[schema(value_type = String)]
    pub sub: Subject,
    /// The name to log in with.
    #[schema(value_type = String)]
    pub username: Username,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the address was verified.
    pub email_verified: bool,
    /// The roles.
    pub roles: Vec<String>,
    /// The claims, by name.
    pub claims: BTreeMap<String, Value>,
    /// Whether the user can log in.
    #[schema(schema_with = schemas::status)]
    pub status: UserStatus,
    /// Whether the user has a password.
    pub has_password: bool,
    /// Set after too many failed logins: no password is checked before.
    pub locked_until: Option<Timestamp>,
    /// Whether the password has to be changed at the next login with it.
    #[serde(default)]
    pub must_change_password: bool,
    /// When the account expires. From then on the user can't log in, and what is left of the sessions ends.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When the user is removed, as the user asked. A login before keeps the account.
    #[serde(default)]
    pub delete_at: Option<Timestamp>,
    /// When the user was added.
    pub created_at: Timestamp,
    /// When the user was changed last.
    pub updated_at: Timestamp,
}

/// A user to add.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name to log in with.
    pub username: String,
    /// The password; without it the user cannot log in by password.
    #[serde(default, serialize_with = "secret::expose_option")]
    #[schema(value_type = Option<String>, format = Password)]
    pub password: Option<SecretText>,
    /// Whether it has to be changed at the first login.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_change_password: bool,
    /// The e-mail address.
    #[serde(default)]
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
}

/// Changes of a user. Members that are not set stay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserPatch {
    /// The e-mail address; an empty one removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was verified; a new address is not, unless this says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// All roles. It excludes `add_roles` and `remove_roles`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Roles to add.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_roles: Vec<String>,
    /// Roles to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_roles: Vec<String>,
    /// Whether the password has to be changed at the next login with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub must_change_password: Option<bool>,
    /// When the account expires; `null` lifts it. A user who was disabled by it stays so until enabled.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Option<Timestamp>>,
    /// Claims to set; `null` removes one (RFC 7396).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, Value>,
}

/// A member that is there, maybe with `null`.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A new password.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The password.
    #[serde(serialize_with = "secret::expose")]
    #[schema(value_type = String, format = Password)]
    pub password: SecretText,
    /// Whether applications keep the access that the user gave them.
    #[serde(default)]
    pub keep_applications: bool,
    /// Whether it has to be changed at the next login.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_change: bool,
}
