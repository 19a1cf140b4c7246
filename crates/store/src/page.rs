//! Lists, read page by page.

/// A part of a list: the rows that come after a position, in the order of the list.
///
/// A position is the value of the unique column that the list is ordered by. So a row that is added or removed between
/// two pages neither repeats nor hides another one, and a page far behind costs as much as the first.
#[derive(Debug, Clone)]
pub struct Page<P> {
    /// How many rows, at most [`MAX_PAGE`].
    pub limit: u32,
    /// The position of the last row of the previous page; `None` for the first page.
    pub after: Option<P>,
}

/// The most rows of a page.
pub const MAX_PAGE: u32 = 500;

impl<P> Page<P> {
    /// The first rows of a list.
    #[must_use]
    pub const fn first(limit: u32) -> Self {
        Self { limit, after: None }
    }
}

/// The rows of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<T, P> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins, if there are more rows.
    pub next: Option<P>,
}

/// A position in the list of users: the name as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPosition(pub String);

/// A position in what a search of users found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchPosition(pub i64);

/// A position in a list of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPosition(pub i64);

/// A position in a list of grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantPosition(pub i64);

/// A position in a list of invitations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitationPosition(pub i64);

/// A position in the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditPosition(pub i64);
