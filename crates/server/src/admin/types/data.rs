use std::{collections::BTreeMap, net::IpAddr};

use cardea_protocol::model::{
    ClientId, OrganizationId, RecordedEvent, Sid, Subject, UserStatus, Username,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::schemas;

/// Everything that is kept about a user, without secrets: no password, no hash, no key, no code and no token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserData {
    /// The provider.
    pub issuer: String,
    /// When the data was read.
    pub exported_at: Timestamp,
    /// Who the user is.
    pub profile: DataOfProfile,
    /// What the user signs in with.
    pub sign_in: DataOfSignIn,
    /// Accounts at other providers that the user signs in with.
    pub linked_accounts: Vec<DataOfLink>,
    /// The roles.
    pub roles: Vec<String>,
    /// The names of the groups.
    pub groups: Vec<String>,
    /// The organizations that are enabled.
    pub organizations: Vec<DataOfMembership>,
    /// What the user allowed applications.
    pub apps: Vec<DataOfApp>,
    /// The access that applications have now, the newest first.
    pub grants: Vec<DataOfGrant>,
    /// The sessions that have not ended, the newest first.
    pub sessions: Vec<DataOfSession>,
    /// What happened to the account, the newest first. The audit is kept for 400 days.
    pub activity: Vec<DataOfEvent>,
}

/// Who a user is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfProfile {
    /// The subject: what applications know the user by.
    #[schema(value_type = String)]
    pub sub: Subject,
    /// The name to log in with.
    #[schema(value_type = String)]
    pub username: Username,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the address was verified.
    pub email_verified: bool,
    /// The claims, by name.
    pub claims: BTreeMap<String, Value>,
    /// The language that the user chose.
    pub language: Option<String>,
    /// Whether the user can log in.
    #[schema(schema_with = schemas::status)]
    pub status: UserStatus,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Whether the password has to be changed at the next login with it.
    #[serde(default)]
    pub must_change_password: bool,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it is deleted, as the user asked.
    pub delete_at: Option<Timestamp>,
}

/// What a user signs in with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfSignIn {
    /// Whether there is a password.
    pub password: bool,
    /// The authenticator app.
    pub authenticator_app: Option<DataOfAuthenticatorApp>,
    /// The passkeys, the first one first.
    pub passkeys: Vec<DataOfPasskey>,
    /// How many backup codes are left.
    pub backup_codes: u32,
    /// Browsers that are not asked for the second factor.
    pub trusted_devices: Vec<DataOfTrustedDevice>,
}

/// An authenticator app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfAuthenticatorApp {
    /// When it was set up.
    pub created_at: Timestamp,
    /// When a code of it was used for the last time.
    pub last_used_at: Option<Timestamp>,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfPasskey {
    /// The name that the user gave it.
    pub name: String,
    /// Whether its private key can be on several devices.
    pub synced: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When the user signed in with it for the last time.
    pub last_used_at: Option<Timestamp>,
}

/// A browser that is not asked for the second factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfTrustedDevice {
    /// Its `User-Agent`.
    pub user_agent: String,
    /// The address from which it was last used.
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// When the user said to trust it.
    pub created_at: Timestamp,
    /// When it was used for the last time.
    pub last_used_at: Timestamp,
    /// Until when it is trusted.
    pub expires_at: Timestamp,
}

/// An account at another provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfLink {
    /// The provider's id here.
    pub provider: String,
    /// Its issuer.
    pub issuer: String,
    /// What it knows the user by.
    pub subject: String,
    /// What it calls the user.
    pub label: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When the user signed in with it for the last time.
    pub last_used_at: Option<Timestamp>,
}

/// An organization of a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfMembership {
    /// Its id.
    #[schema(value_type = String)]
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The user's roles inside it.
    pub roles: Vec<String>,
}

/// What a user allowed an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfApp {
    /// The client.
    #[schema(value_type = String)]
    pub client_id: ClientId,
    /// Its name, if it still exists.
    pub name: Option<String>,
    /// The scopes, separated by spaces.
    pub scope: String,
    /// When the user first allowed it something.
    pub given_at: Timestamp,
    /// When the user last allowed it more.
    pub updated_at: Timestamp,
}

/// The access of an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfGrant {
    /// The client.
    #[schema(value_type = String)]
    pub client_id: ClientId,
    /// The scopes, separated by spaces.
    pub scope: String,
    /// Whether it outlives the session.
    pub offline: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used for the last time.
    pub last_used_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A browser in which a user is signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfSession {
    /// The session's public name, as ID tokens have it.
    #[schema(value_type = String)]
    pub sid: Sid,
    /// When the user signed in.
    pub auth_time: Timestamp,
    /// The authentication methods (RFC 8176).
    pub amr: Vec<String>,
    /// When the session began.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends if it is not used again.
    pub ends_at: Timestamp,
    /// The address of the sign-in.
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the sign-in.
    pub user_agent: Option<String>,
}

/// Something that happened to an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataOfEvent {
    /// When.
    pub at: Timestamp,
    /// What: `docs/reference/audit-events.md` lists the events.
    #[schema(value_type = String)]
    pub event: RecordedEvent,
    /// Who caused it.
    pub by: EventAuthor,
    /// The application concerned.
    #[schema(value_type = Option<String>)]
    pub client_id: Option<ClientId>,
    /// The address of the request, if it was the user's or that of someone who was not signed in.
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the request, likewise.
    pub user_agent: Option<String>,
}

/// Who caused an event, as its user sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventAuthor {
    /// The user, signed in.
    User,
    /// A caller that was not signed in.
    Unknown,
    /// An application.
    App,
    /// An operator, or an administrator of an organization.
    Administrator,
    /// The provider itself.
    System,
}
