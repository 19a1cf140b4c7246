//! Searches users by the index of their words (FTS5), which the triggers of V16 keep.

use std::fmt::Write as _;

use rusqlite::named_params;

use super::{
    SqliteStore, rows,
    users::{USER_COLUMNS, decode, has_password, user_columns},
};
use crate::{Page, Result, Rows, SearchPosition, UserSearch, UserView};

impl SqliteStore {
    /// A page of the users that have all words, the oldest user first.
    pub(super) fn find_users(
        &self,
        search: &UserSearch,
        page: &Page<SearchPosition>,
    ) -> Result<Rows<UserView, SearchPosition>> {
        let sql = concat!(
            "SELECT ",
            user_columns!(),
            ", ",
            has_password!(),
            ", u.user_key FROM user_search s JOIN users u ON u.user_key = s.rowid
             WHERE user_search MATCH :words AND s.rowid > :after ORDER BY s.rowid LIMIT :limit"
        );
        let (limit, read) = rows::limits(page);
        let after = page.after.map_or(i64::MIN, |position| position.0);
        let words = expression(search);
        let found = self.read(|db| {
            let parameters = named_params! { ":words": words, ":after": after, ":limit": read };
            rows::all(db, sql, parameters, |row| {
                let view = UserView {
                    user: decode(row, 0)?,
                    has_password: row.get(USER_COLUMNS)?,
                };
                Ok((SearchPosition(row.get(USER_COLUMNS + 1)?), view))
            })
        })?;
        Ok(rows::page(found, limit))
    }
}

/// Each word as a string of FTS5, in which only the quotation mark means something, followed by `*`: what begins with it.
fn expression(search: &UserSearch) -> String {
    let mut expression = String::new();
    for word in search.words() {
        let _ = write!(expression, "\"{}\"* ", word.replace('"', "\"\""));
    }
    expression
}
