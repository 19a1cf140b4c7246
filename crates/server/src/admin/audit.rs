//! The audit, read.

use axum::{
    Json,
    extract::{FromRequestParts, State},
};
use cardea_protocol::{
    explain::similar,
    model::{AuditEvent, ClientId, RecordedEvent, Subject},
};
use cardea_store::{AuditFilter, AuditPosition, Page};
use http::request::Parts;

use super::{
    list,
    operator::Operator,
    refusal::{Answer, Refusal},
    request::Asked,
    sessions::Names,
    types::{AuditEntry, AuditQuery, List},
    users,
};
use crate::app::Shared;

/// How many events are suggested for one that does not exist.
const NEAR: usize = 8;

/// Which rows the query asks for.
pub(super) struct Which {
    filter: AuditFilter,
    page: Page<AuditPosition>,
    /// For a user that does not exist now: the refusal if there never was one.
    unknown: Option<Refusal>,
}

impl FromRequestParts<Shared> for Which {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let Asked(asked) = Asked::<AuditQuery>::from_request_parts(parts, app).await?;
        let page = list::page(asked.limit, asked.after.as_deref())?;
        let (subject, unknown) = match asked.user {
            Some(user) => subject(app, &user).await?,
            None => (None, None),
        };
        let filter = AuditFilter {
            subject,
            client_id: asked.client.as_deref().map(ClientId::parse).transpose()?,
            event: asked.event.as_deref().map(event).transpose()?,
            since: asked.since,
        };
        Ok(Self {
            filter,
            page,
            unknown,
        })
    }
}

/// `GET /audit`: the newest first.
#[utoipa::path(
    get,
    operation_id = "audit_list",
    path = "/audit",
    summary = "Read the audit",
    description = "",
    params(AuditQuery),
    responses(
        (status = 200, description = "A page of the audit, the newest first.", body = List<AuditEntry>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    _operator: Operator,
    which: Which,
) -> Answer<Json<List<AuditEntry>>> {
    if let Some(unknown) = which.unknown {
        let of_user = AuditFilter {
            subject: which.filter.subject.clone(),
            ..AuditFilter::default()
        };
        let first = app.store.audit(of_user, Page::first(1)).await?;
        if first.items.is_empty() {
            return Err(unknown);
        }
    }
    let mut names = Names::default();
    let mut views = Vec::new();
    let rows = app.store.audit(which.filter, which.page).await?;
    for row in rows.items {
        let username = match &row.subject {
            Some(subject) => names.of(&app, subject).await?,
            None => None,
        };
        views.push(AuditEntry::of(row, username));
    }
    Ok(Json(List::page(views, rows.next)))
}

/// The subject of a user, or of one that may have been removed with the refusal in case it never existed.
async fn subject(app: &Shared, user: &str) -> Answer<(Option<Subject>, Option<Refusal>)> {
    match users::find(app, user).await {
        Ok(user) => Ok((Some(user.subject), None)),
        Err(refusal) => match Subject::parse(user) {
            Ok(subject) => Ok((Some(subject), Some(refusal))),
            Err(_) => Err(refusal),
        },
    }
}

fn event(name: &str) -> Answer<AuditEvent> {
    if let Some(event) = RecordedEvent::parse(name).known() {
        return Ok(event);
    }
    let known: Vec<String> = AuditEvent::ALL.iter().map(|event| event.name()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let meant = match near(name, &known).as_slice() {
        [] => format!("the events are:\n  {}", known.join("\n  ")),
        near => format!("did you mean {}?", near.join(" or ")),
    };
    Err(Refusal::bad_request(format!(
        "event: there is no event {name}; {meant}"
    )))
}

/// The events whose name has a part of this one, or is like it.
fn near<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    if let Some(similar) = similar(name, known.iter().copied()) {
        let family = format!("{similar}_");
        let family = known.iter().copied().filter(|k| k.starts_with(&family));
        return std::iter::once(similar).chain(family).take(NEAR).collect();
    }
    let name = name.to_lowercase();
    let parts: Vec<&str> = name
        .split(['_', '-', ' '])
        .filter(|p| p.len() > 2)
        .collect();
    let has_a_part = |known: &&str| {
        let mut of_known = known.split('_');
        of_known.any(|part| parts.contains(&part))
    };
    known
        .iter()
        .copied()
        .filter(has_a_part)
        .take(NEAR)
        .collect()
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
