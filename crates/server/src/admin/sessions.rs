//! Sessions: list all, list those of a user, end one, end all of a user.

use std::collections::HashMap;

use axum::{Json, extract::State};
use cardea_protocol::{
    language::Lang,
    model::{Session, SessionEnd, Sid, Subject, Username},
};
use cardea_store::{Applications, EndSessions, EndWhich, SessionPosition};
use http::StatusCode;

use super::{
    list::Window,
    operator::Operator,
    refusal::{Answer, Refusal},
    request::{Asked, Name},
    types::{Ended, EndingQuery, List, ListQuery, Session as View},
    users,
};
use crate::{account::devices::device, app::Shared};

impl View {
    fn of(session: Session, username: Option<Username>) -> Self {
        let device = session.user_agent.as_deref();
        let device = device.map(|user_agent| device::in_words(Lang::En, user_agent));
        Self {
            sid: session.sid,
            sub: session.subject,
            username,
            auth_time: session.context.auth_time,
            acr: session.context.acr,
            amr: session.context.amr,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            remembered: session.remembered,
            ends_at: session.idle_expires_at.min(session.expires_at),
            address: session.address,
            device: device.map(String::from),
            user_agent: session.user_agent,
        }
    }
}

/// The names of the users of a page, each looked up once.
#[derive(Default)]
pub(super) struct Names(HashMap<String, Option<Username>>);

impl Names {
    pub(super) async fn of(&mut self, app: &Shared, subject: &Subject) -> Answer<Option<Username>> {
        if let Some(name) = self.0.get(subject.as_str()) {
            return Ok(name.clone());
        }
        let name = app.store.user(subject).await?.map(|user| user.username);
        self.0.insert(subject.to_string(), name.clone());
        Ok(name)
    }
}

impl EndingQuery {
    pub(super) fn applications(self) -> Applications {
        if self.keep_applications {
            Applications::Keep
        } else {
            Applications::Revoke
        }
    }
}

/// `GET /sessions`: the active ones, the newest first.
#[utoipa::path(
    get,
    operation_id = "sessions_list",
    path = "/sessions",
    summary = "List the active sessions",
    description = "",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of the active sessions, the newest first.", body = List<View>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    operator: Operator,
    Window(page): Window<SessionPosition>,
) -> Answer<Json<List<View>>> {
    let mut names = Names::default();
    let mut views = Vec::new();
    let sessions = app.store.sessions(page, operator.now()).await?;
    for session in sessions.items {
        let name = names.of(&app, &session.subject).await?;
        views.push(View::of(session, name));
    }
    Ok(Json(List::page(views, sessions.next)))
}

/// `GET /users/{user}/sessions`
#[utoipa::path(
    get,
    operation_id = "sessions_of_user",
    path = "/users/{user}/sessions",
    summary = "List the active sessions of a user",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject."), ListQuery),
    responses(
        (status = 200, description = "A page of the active sessions of the user, the newest first.", body = List<View>),
    ),
)]
pub(super) async fn of_user(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Window(page): Window<SessionPosition>,
) -> Answer<Json<List<View>>> {
    let user = users::find(&app, &user).await?;
    let now = operator.now();
    let sessions = app.store.sessions_of(&user.subject, page, now).await?;
    let view = |session| View::of(session, Some(user.username.clone()));
    let views = sessions.items.into_iter().map(view).collect();
    Ok(Json(List::page(views, sessions.next)))
}

/// `DELETE /sessions/{sid}`: with its codes and grants; those with `offline_access` stay with `?keep_applications=true`.
#[utoipa::path(
    delete,
    operation_id = "sessions_end",
    path = "/sessions/{sid}",
    summary = "End a session with its codes and grants",
    description = "",
    params(("sid" = String, Path, description = "The public name of the session."), EndingQuery),
    responses(
        (status = 204, description = "The session was ended."),
    ),
)]
pub(super) async fn end(
    State(app): State<Shared>,
    operator: Operator,
    Name(sid): Name,
    Asked(ending): Asked<EndingQuery>,
) -> Answer<StatusCode> {
    let which = EndWhich::Sid(Sid::parse(&sid)?, None);
    match end_which(&app, operator, which, ending.applications()).await? {
        0 => Err(Refusal::not_found(format_args!("active session {sid}"))),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// `DELETE /users/{user}/sessions`: with all grants, codes and known devices of the user, unless `?keep_applications=true`.
#[utoipa::path(
    delete,
    operation_id = "sessions_end_all",
    path = "/users/{user}/sessions",
    summary = "End all sessions of a user",
    description = "",
    params(("user" = String, Path, description = "The user name or the subject."), EndingQuery),
    responses(
        (status = 200, description = "The sessions were ended.", body = Ended),
    ),
)]
pub(super) async fn end_all(
    State(app): State<Shared>,
    operator: Operator,
    Name(user): Name,
    Asked(ending): Asked<EndingQuery>,
) -> Answer<Json<Ended>> {
    let user = users::find(&app, &user).await?;
    let which = EndWhich::Subject(user.subject);
    let ended = end_which(&app, operator, which, ending.applications()).await?;
    Ok(Json(Ended { ended }))
}

async fn end_which(
    app: &Shared,
    operator: Operator,
    which: EndWhich,
    applications: Applications,
) -> Answer<u64> {
    let command = EndSessions {
        which,
        why: SessionEnd::Operator,
        applications,
        cause: operator.into_cause(),
    };
    let ended = app.store.end_sessions(command).await?;
    app.backchannel_logout.wake();
    Ok(ended)
}
