use std::net::IpAddr;

use cardea_protocol::model::{AuditRow, ClientId, GrantId, RecordedEvent, Subject, Username};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{lists::default_limit, schemas};

pub use cardea_protocol::model::Actor;

/// Which entries of the audit; all of it must hold.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// How many entries.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: u32,
    /// The cursor: the member `next` of the previous page.
    pub after: Option<String>,
    /// Of this user: the user name or the subject.
    pub user: Option<String>,
    /// Of this client.
    pub client: Option<String>,
    /// Of this kind.
    pub event: Option<String>,
    /// Written at this time or later.
    pub since: Option<Timestamp>,
}

/// An entry of the audit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Ascending; it has no other meaning.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What: `docs/reference/audit-events.md` lists the events.
    #[schema(value_type = String)]
    pub event: RecordedEvent,
    /// Who caused it.
    #[schema(schema_with = schemas::actor)]
    pub actor: Actor,
    /// The user concerned.
    #[schema(value_type = Option<String>)]
    pub subject: Option<Subject>,
    /// The client concerned.
    #[schema(value_type = Option<String>)]
    pub client_id: Option<ClientId>,
    /// The grant concerned.
    #[schema(value_type = Option<String>)]
    pub grant_id: Option<GrantId>,
    /// The address of the request.
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the request.
    pub user_agent: Option<String>,
    /// The id of the request, which the log has too.
    pub request_id: String,
    /// More about it; never a secret.
    pub detail: Option<String>,
    /// The name of the user concerned, if the user still exists.
    #[schema(value_type = Option<String>)]
    pub username: Option<Username>,
}

impl AuditEntry {
    pub(crate) fn of(row: AuditRow, username: Option<Username>) -> Self {
        Self {
            id: row.id,
            at: row.at,
            event: row.event,
            actor: row.actor,
            subject: row.subject,
            client_id: row.client_id,
            grant_id: row.grant_id,
            address: row.address,
            user_agent: row.user_agent,
            request_id: row.request_id,
            detail: row.detail,
            username,
        }
    }
}
