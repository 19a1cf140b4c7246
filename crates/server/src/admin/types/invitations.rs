use cardea_protocol::model::{Actor, InvitationId, OrganizationId, Username};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{lists::default_limit, schemas};

pub use cardea_protocol::language::Lang;

/// Seven days.
fn usual() -> u64 {
    cardea_protocol::invitation::USUAL.as_secs().unsigned_abs()
}

/// Which invitations; all of it must hold.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InvitationQuery {
    /// How many rows.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: u32,
    /// The cursor: the member `next` of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// To this organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// An invitation that was not used yet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Its name, which is no secret.
    #[schema(value_type = String)]
    pub id: InvitationId,
    /// Who is invited.
    pub email: String,
    /// The user name that is proposed.
    #[schema(value_type = Option<String>)]
    pub username: Option<Username>,
    /// The organization to join.
    #[schema(value_type = Option<String>)]
    pub organization: Option<OrganizationId>,
    /// The roles inside the organization or, without one, of the new account.
    pub roles: Vec<String>,
    /// The language of the mail and of the page.
    #[schema(value_type = Option<String>)]
    pub language: Option<Lang>,
    /// Who invites.
    #[schema(schema_with = schemas::actor)]
    pub invited_by: Actor,
    /// The name of the user who invites, as it is shown.
    pub inviter: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// An invitation to make. It replaces an earlier one of the same address to the same organization.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Who is invited.
    pub email: String,
    /// A user name to propose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The organization to join; without it the invitation is to make an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The roles inside the organization or, without one, of the new account.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The language of the mail and of the page: `en`, `de`, `fr` or `es`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub language: Option<Lang>,
    /// For how many seconds it can be used: 15 minutes to 30 days.
    #[serde(default = "usual")]
    #[schema(default = 604_800)]
    pub valid_seconds: u64,
}

/// An invitation that an administrator of an organization makes, to this organization. It replaces an earlier one of the same address.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMemberInvitation {
    /// Who is invited.
    pub email: String,
    /// The roles inside the organization.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The language of the mail and of the page: `en`, `de`, `fr` or `es`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub language: Option<Lang>,
    /// For how many seconds it can be used: 15 minutes to 30 days.
    #[serde(default = "usual")]
    #[schema(default = 604_800)]
    pub valid_seconds: u64,
}

/// An invitation that was made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Invited {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: Invitation,
    /// Whether the link is mailed.
    pub mailed: bool,
    /// The link, if it is not mailed. It is a secret: it is shown once.
    pub url: Option<String>,
}
