//! Decodes rows into types, naming table, column and row on failure; and runs statements.

use std::fmt::Display;

use cardea_seal::Digest;
use jiff::Timestamp;
use rusqlite::{
    Connection, Params, Row,
    types::{FromSql, ValueRef},
};
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer, value::Error as WordError},
};

use super::fault::Verb;
use crate::{MAX_PAGE, Page, Result, Rows, StoreError};

/// The columns of one table in a row, read one after the other by their names. The first is the key of the row.
pub(super) struct Fields<'a, 'r> {
    row: &'a Row<'r>,
    table: &'static str,
    first: usize,
    next: usize,
}

impl<'a, 'r> Fields<'a, 'r> {
    /// Begins at a column.
    pub(super) fn new(row: &'a Row<'r>, table: &'static str, first: usize) -> Self {
        Self {
            row,
            table,
            first,
            next: first,
        }
    }

    /// The next column, which must have this name.
    pub(super) fn get<T: FromSql>(&mut self, column: &'static str) -> Result<T> {
        let index = self.advance(column);
        self.row.get(index).map_err(|e| self.corrupt(column, e))
    }

    /// The position of the next column. That the statement has it under this name is checked wherever debug assertions are on, so
    /// in every test.
    fn advance(&mut self, column: &'static str) -> usize {
        let index = self.next;
        self.next += 1;
        debug_assert_eq!(
            self.row.as_ref().column_name(index).ok(),
            Some(column),
            "column {index} of a row of {}",
            self.table
        );
        index
    }

    /// A text that is parsed.
    pub(super) fn parse<T, E: Display>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T> {
        let parsed = self.parse_opt(column, parse)?;
        parsed.ok_or_else(|| self.corrupt(column, "it is missing"))
    }

    /// A text that is parsed if it is not null.
    pub(super) fn parse_opt<T, E: Display>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>> {
        let index = self.advance(column);
        let text = match self.row.get_ref(index) {
            Ok(ValueRef::Null) => return Ok(None),
            Ok(value) => value.as_str().map_err(|e| self.corrupt(column, e))?,
            Err(error) => return Err(self.corrupt(column, error)),
        };
        parse(text).map(Some).map_err(|e| self.corrupt(column, e))
    }

    /// One of a few words.
    pub(super) fn word<T: DeserializeOwned>(&mut self, column: &'static str) -> Result<T> {
        self.parse(column, word)
    }

    /// One of a few words, if it is not null.
    pub(super) fn word_opt<T: DeserializeOwned>(
        &mut self,
        column: &'static str,
    ) -> Result<Option<T>> {
        self.parse_opt(column, word)
    }

    /// A JSON document.
    pub(super) fn json<T: DeserializeOwned>(&mut self, column: &'static str) -> Result<T> {
        self.parse(column, |text| serde_json::from_str(text))
    }

    /// A time.
    pub(super) fn time(&mut self, column: &'static str) -> Result<Timestamp> {
        let time = self.time_opt(column)?;
        time.ok_or_else(|| self.corrupt(column, "it is missing"))
    }

    /// A time, if it is not null.
    pub(super) fn time_opt(&mut self, column: &'static str) -> Result<Option<Timestamp>> {
        let millis: Option<i64> = self.get(column)?;
        millis
            .map(Timestamp::from_millisecond)
            .transpose()
            .map_err(|e| self.corrupt(column, e))
    }

    /// A SHA-256.
    pub(super) fn digest(&mut self, column: &'static str) -> Result<Digest> {
        self.get(column).map(Digest::from_bytes)
    }

    /// A SHA-256, if it is not null.
    pub(super) fn digest_opt(&mut self, column: &'static str) -> Result<Option<Digest>> {
        Ok(self
            .get::<Option<[u8; 32]>>(column)?
            .map(Digest::from_bytes))
    }

    /// Names the row.
    pub(super) fn corrupt(&self, column: &'static str, why: impl Display) -> StoreError {
        let id = match self.row.get_ref(self.first) {
            Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            Ok(ValueRef::Integer(number)) => number.to_string(),
            // Enough to find the row, too little to use the value.
            Ok(ValueRef::Blob(bytes)) => {
                bytes.iter().take(12).map(|b| format!("{b:02x}")).collect()
            }
            _ => "?".to_owned(),
        };
        StoreError::Corrupt {
            table: self.table,
            column,
            id,
            why: why.to_string(),
        }
    }
}

fn word<T: DeserializeOwned>(text: &str) -> Result<T, WordError> {
    T::deserialize(text.into_deserializer())
}

/// The word of a value in a column, as [`Fields::word`] reads it.
pub(super) fn to_word(value: impl Serialize) -> Verb<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(StoreError::rejected("a value that is not a word").into()),
    }
}

/// The JSON of a value in a column.
pub(super) fn to_json(value: &impl Serialize) -> Verb<String> {
    serde_json::to_string(value).map_err(|e| StoreError::rejected(e.to_string()).into())
}

/// The first row, if there is one.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Verb<T>,
) -> Verb<Option<T>> {
    connection
        .prepare_cached(sql)?
        .query_and_then(params, read)?
        .next()
        .transpose()
}

/// All rows.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Verb<T>,
) -> Verb<Vec<T>> {
    connection
        .prepare_cached(sql)?
        .query_and_then(params, read)?
        .collect()
}

/// Executes; returns the number of rows written.
pub(super) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Verb<u64> {
    Ok(connection.prepare_cached(sql)?.execute(params)? as u64)
}

/// One value of the first row, if there is one.
pub(super) fn value<T: FromSql>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Verb<Option<T>> {
    first(connection, sql, params, |row| Ok(row.get(0)?))
}

/// The limit of a page, and of the statement that reads it: one row more, which shows whether a page follows.
pub(super) fn limits<P>(page: &Page<P>) -> (usize, u32) {
    let limit = page.limit.min(MAX_PAGE);
    (limit as usize, limit + 1)
}

/// The rows of a page, from those that its statement found with their positions.
pub(super) fn page<T, P>(mut found: Vec<(P, T)>, limit: usize) -> Rows<T, P> {
    let more = found.len() > limit;
    found.truncate(limit);
    let (mut positions, items): (Vec<P>, Vec<T>) = found.into_iter().unzip();
    Rows {
        items,
        next: positions.pop().filter(|_| more),
    }
}
