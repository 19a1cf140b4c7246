//! Pages of lists, read by cursor (D29).

use axum::extract::FromRequestParts;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_protocol::model::{ClientId, OrganizationId};
use cardea_store::{
    AuditPosition, GrantPosition, InvitationPosition, MAX_PAGE, Page, SearchPosition,
    SessionPosition, UserPosition,
};
use http::request::Parts;

use super::{
    refusal::{Answer, Refusal},
    request::Asked,
    types::{List, ListQuery},
};
use crate::app::Shared;

/// The longest cursor that is read. A user name has at most 128 bytes, and at most three times as many as it is compared.
const MAX_CURSOR: usize = 1024;

/// A position in a list as a cursor has it.
pub(super) trait Position: Sized {
    /// The list.
    const LIST: &'static str;

    /// The position as text.
    fn to_text(&self) -> String;

    /// Reads what [`Self::to_text`] has written.
    fn parse(text: &str) -> Option<Self>;
}

impl Position for ClientId {
    const LIST: &'static str = "clients";

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Position for OrganizationId {
    const LIST: &'static str = "organizations";

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Position for UserPosition {
    const LIST: &'static str = "users";

    fn to_text(&self) -> String {
        self.0.clone()
    }

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

macro_rules! number {
    ($($position:ident $list:literal),*) => {$(
        impl Position for $position {
            const LIST: &'static str = $list;

            fn to_text(&self) -> String {
                self.0.to_string()
            }

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok().map(Self)
            }
        }
    )*};
}

number!(SearchPosition "found", SessionPosition "sessions", GrantPosition "grants", InvitationPosition "invitations", AuditPosition "audit");

/// The names of all lists, to say of which one a cursor is.
const LISTS: [&str; 8] = [
    ClientId::LIST,
    OrganizationId::LIST,
    UserPosition::LIST,
    SearchPosition::LIST,
    SessionPosition::LIST,
    GrantPosition::LIST,
    InvitationPosition::LIST,
    AuditPosition::LIST,
];

/// The opaque text of a position: base64url of the list's name and the position.
fn cursor<P: Position>(position: &P) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}:{}", P::LIST, position.to_text()))
}

fn position<P: Position>(cursor: &str) -> Answer<P> {
    let unreadable = || {
        Refusal::bad_request(
            "after: this is not a cursor; pass what the previous page named as next, or leave it out for the first page",
        )
    };
    if cursor.len() > MAX_CURSOR {
        return Err(unreadable());
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| unreadable())?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable())?;
    match text.split_once(':') {
        Some((list, position)) if list == P::LIST => P::parse(position).ok_or_else(unreadable),
        Some((list, _)) if LISTS.contains(&list) => Err(Refusal::bad_request(format!(
            "after: this is a cursor of the list {list}, not of {}; leave it out for the first page",
            P::LIST
        ))),
        _ => Err(unreadable()),
    }
}

/// The page that `limit` and `after` of a query ask for.
pub(super) fn page<P: Position>(limit: u32, after: Option<&str>) -> Answer<Page<P>> {
    // D3: everything has a bound.
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Refusal::bad_request(format!(
            "limit: a page has 1 to {MAX_PAGE} rows"
        )));
    }
    let after = after.map(position).transpose()?;
    Ok(Page { limit, after })
}

/// The page of a list without other parameters.
pub(super) struct Window<P>(pub(super) Page<P>);

impl<P: Position> FromRequestParts<Shared> for Window<P> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let Asked(query) = Asked::<ListQuery>::from_request_parts(parts, app).await?;
        page(query.limit, query.after.as_deref()).map(Self)
    }
}

impl<T> List<T> {
    /// One page of many.
    pub(super) fn page<P: Position>(items: Vec<T>, next: Option<P>) -> Self {
        Self {
            items,
            next: next.map(|position| cursor(&position)),
        }
    }

    /// All there are.
    pub(super) fn all(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d29_a_cursor_is_read_again_and_only_by_its_list() {
        for number in [0, 1, i64::MAX] {
            let text = cursor(&SessionPosition(number));
            let read = position::<SessionPosition>(&text).ok();
            assert_eq!(read, Some(SessionPosition(number)));
            assert!(position::<GrantPosition>(&text).is_err());
            assert!(position::<UserPosition>(&text).is_err());
        }
        for name in ["alice", "a:b", ":", "zoë müller 李", &"x".repeat(384)] {
            let text = cursor(&UserPosition(name.to_owned()));
            let read = position::<UserPosition>(&text).ok();
            assert_eq!(read, Some(UserPosition(name.to_owned())));
            assert!(position::<ClientId>(&text).is_err());
        }
    }

    #[test]
    fn d29_what_is_not_a_cursor_is_refused() {
        let encoded = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
        for bad in [
            String::new(),
            "100".to_owned(),
            "=".to_owned(),
            "é".to_owned(),
            encoded(b"sessions"),
            encoded(b"sessions:"),
            encoded(b"sessions:x"),
            encoded(b"sessions:9223372036854775808"),
            encoded(b"sessions:1 OR 1"),
            encoded(b"other:1"),
            encoded(b"sessions:\xff"),
            format!("{}=", cursor(&SessionPosition(1))),
            encoded(&[b'0'; 5000]),
        ] {
            assert!(position::<SessionPosition>(&bad).is_err(), "{bad}");
        }
    }
}
