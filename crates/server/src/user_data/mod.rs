//! Everything that is kept about a user, as one JSON document ([`UserData`](crate::admin::types::UserData)). What can be long is read page
//! by page while it is sent.

mod head;
mod rows;

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use cardea_protocol::model::{Subject, User};
use cardea_store::{AuditFilter, AuditPosition, GrantPosition, Page, SessionPosition, StoreError};
use futures_util::stream::try_unfold;
use http::{HeaderValue, header};
use jiff::Timestamp;
use serde::Serialize;

use crate::{app::Shared, error::no_store};

/// How many rows are in memory at once.
const PAGE: u32 = 200;
/// How a document without rows ends. Its parts are written again round the rows.
const NO_ROWS: &str = r#"],"sessions":[],"activity":[]}"#;

/// A document whose beginning was read.
pub(crate) struct UserDataBody {
    head: String,
    rows: Rows,
}

/// The rest of it.
struct Rows {
    app: Shared,
    subject: Subject,
    now: Timestamp,
    part: Part,
    /// Whether the list has no row yet.
    empty: bool,
}

/// Where the reading stands: in which list, after which row.
enum Part {
    Grants(Option<GrantPosition>),
    Sessions(Option<SessionPosition>),
    Activity(Option<AuditPosition>),
    End,
}

impl UserDataBody {
    /// Reads the beginning of a user's data.
    pub(crate) async fn read(
        app: &Shared,
        user: &User,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let whole = head::of(app, user, now).await?;
        let rejected = |why: &str| StoreError::Rejected {
            why: why.to_owned(),
        };
        let mut head = serde_json::to_string(&whole).map_err(|e| rejected(&e.to_string()))?;
        if !head.ends_with(NO_ROWS) {
            return Err(rejected("the data of a user ends in another way"));
        }
        head.truncate(head.len() - NO_ROWS.len());
        let rows = Rows {
            app: app.clone(),
            subject: user.subject.clone(),
            now,
            part: Part::Grants(None),
            empty: true,
        };
        Ok(Self { head, rows })
    }

    /// The document. A failure of the store cuts it off: a client sees that its JSON is not complete.
    pub(crate) fn into_response(self) -> Response {
        let Self { head, rows } = self;
        let stream = try_unfold((Some(head), rows), |(head, rows)| async move {
            match head {
                Some(head) => Ok(Some((Bytes::from(head), (None, rows)))),
                None => match rows.next().await {
                    Ok(next) => Ok(next.map(|(bytes, rows)| (bytes, (None, rows)))),
                    Err(error) => {
                        tracing::error!(%error, "the data of a user was cut off");
                        Err(error)
                    }
                },
            }
        });
        let mut response = Body::from_stream(stream).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        no_store(headers);
        response
    }
}

impl Rows {
    /// The next piece: a page of rows, and the end of their list after the last one.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let (store, subject, now) = (&self.app.store, &self.subject, self.now);
        let mut out = Vec::new();
        let next = match self.part {
            Part::Grants(after) => {
                let page = store.grants_of(subject, page(after), now).await?;
                let rows = page.items.into_iter().map(rows::grant);
                write(&mut out, &mut self.empty, rows)?;
                page.next.map(|position| Part::Grants(Some(position)))
            }
            Part::Sessions(after) => {
                let page = store.sessions_of(subject, page(after), now).await?;
                let rows = page.items.into_iter().map(rows::session);
                write(&mut out, &mut self.empty, rows)?;
                page.next.map(|position| Part::Sessions(Some(position)))
            }
            Part::Activity(after) => {
                let filter = AuditFilter {
                    subject: Some(subject.clone()),
                    ..AuditFilter::default()
                };
                let page = store.audit(filter, page(after)).await?;
                let rows = page.items.into_iter().map(|row| rows::event(row, subject));
                write(&mut out, &mut self.empty, rows)?;
                page.next.map(|position| Part::Activity(Some(position)))
            }
            Part::End => return Ok(None),
        };
        self.part = match next {
            Some(part) => part,
            None => {
                let (text, part) = self.part.after();
                out.extend_from_slice(text.as_bytes());
                self.empty = true;
                part
            }
        };
        Ok(Some((Bytes::from(out), self)))
    }
}

impl Part {
    /// What stands between this list and the next, and the next.
    fn after(&self) -> (&'static str, Self) {
        match self {
            Self::Grants(_) => (r#"],"sessions":["#, Self::Sessions(None)),
            Self::Sessions(_) => (r#"],"activity":["#, Self::Activity(None)),
            Self::Activity(_) | Self::End => ("]}", Self::End),
        }
    }
}

fn page<P>(after: Option<P>) -> Page<P> {
    Page { limit: PAGE, after }
}

fn write(
    out: &mut Vec<u8>,
    empty: &mut bool,
    rows: impl Iterator<Item = impl Serialize>,
) -> Result<(), StoreError> {
    for row in rows {
        if !std::mem::take(empty) {
            out.push(b',');
        }
        serde_json::to_writer(&mut *out, &row)
            .map_err(|e| StoreError::Rejected { why: e.to_string() })?;
    }
    Ok(())
}
