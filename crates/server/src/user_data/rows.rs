//! What can be long, row by row.

use cardea_protocol::model::{Actor, AuditRow, Session, Subject};
use cardea_store::GrantView;

use crate::admin::types::{DataOfEvent, DataOfGrant, DataOfSession, EventAuthor};

pub(super) fn grant(view: GrantView) -> DataOfGrant {
    let grant = view.grant;
    DataOfGrant {
        scope: grant.scope.to_string(),
        offline: grant.is_offline(),
        created_at: grant.created_at,
        last_used_at: grant
            .refresh
            .as_ref()
            .map_or(grant.created_at, |refresh| refresh.rotated_at),
        expires_at: grant.expires_at,
        client_id: grant.client_id,
    }
}

pub(super) fn session(session: Session) -> DataOfSession {
    DataOfSession {
        sid: session.sid,
        auth_time: session.context.auth_time,
        amr: session.context.amr,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        ends_at: session.idle_expires_at.min(session.expires_at),
        address: session.address,
        user_agent: session.user_agent,
    }
}

/// An event without what is of others: their names and addresses, and the detail for operators.
pub(super) fn event(row: AuditRow, user: &Subject) -> DataOfEvent {
    let by = match &row.actor {
        Actor::Person(subject) if subject == user => EventAuthor::User,
        Actor::Stranger => EventAuthor::Unknown,
        Actor::Client(_) => EventAuthor::App,
        // Another user is an administrator of the user's organization.
        Actor::Person(_) | Actor::Operator(_) => EventAuthor::Administrator,
        Actor::System => EventAuthor::System,
    };
    let theirs = matches!(by, EventAuthor::User | EventAuthor::Unknown);
    DataOfEvent {
        at: row.at,
        event: row.event,
        by,
        client_id: row.client_id,
        address: row.address.filter(|_| theirs),
        user_agent: row.user_agent.filter(|_| theirs),
    }
}
