//! Decodes rows into types, naming table, column and row on failure; and runs statements.

use std::fmt::Display;

use cardea_seal::Digest;
use jiff::Timestamp;
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer, value::Error as WordError},
};
use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};

use super::{connection::Connection, fault::Verb, statement::Named};
use crate::{MAX_PAGE, Page, Result, Rows, StoreError};

/// The columns of one table in a row, read one after the other by their names. The first is the key of the row.
pub(super) struct Fields<'r> {
    row: &'r Row,
    table: &'static str,
    first: usize,
    next: usize,
}

impl<'r> Fields<'r> {
    /// Begins at a column.
    pub(super) fn new(row: &'r Row, table: &'static str, first: usize) -> Self {
        Self {
            row,
            table,
            first,
            next: first,
        }
    }

    /// The next column, which must have this name.
    pub(super) fn get<T: Column>(&mut self, column: &'static str) -> Result<T> {
        let index = self.advance(column);
        T::read(self.row, index).map_err(|why| self.corrupt(column, why))
    }

    /// The position of the next column. That the statement has it under this name is checked wherever debug assertions are on, so
    /// in every test.
    fn advance(&mut self, column: &'static str) -> usize {
        let index = self.next;
        self.next += 1;
        debug_assert_eq!(
            self.row.columns().get(index).map(|c| c.name()),
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
        let text: Option<&str> = match self.row.try_get(index) {
            Ok(text) => text,
            Err(error) => return Err(self.corrupt(column, error)),
        };
        let Some(text) = text else { return Ok(None) };
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
        StoreError::Corrupt {
            table: self.table,
            column,
            id: self.key().unwrap_or_else(|| "?".to_owned()),
            why: why.to_string(),
        }
    }

    fn key(&self) -> Option<String> {
        let (row, first) = (self.row, self.first);
        match *row.columns().get(first)?.type_() {
            Type::TEXT => row.try_get(first).ok(),
            Type::INT8 => row.try_get(first).ok().map(|n: i64| n.to_string()),
            // Enough to find the row, too little to use the value.
            Type::BYTEA => {
                let bytes: &[u8] = row.try_get(first).ok()?;
                Some(bytes.iter().take(12).map(|b| format!("{b:02x}")).collect())
            }
            _ => None,
        }
    }
}

/// What a column can be read as.
pub(super) trait Column: Sized {
    fn read(row: &Row, index: usize) -> Result<Self, String>;
}

fn sql<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<T, String> {
    row.try_get(index)
        .map_err(|e| match std::error::Error::source(&e) {
            Some(cause) => cause.to_string(),
            None => e.to_string(),
        })
}

/// Columns that are read as PostgreSQL has them, and such that are numbers or bytes within bounds.
macro_rules! columns {
    ($($as_it_is:ty),*; $($bounded:ty => $from:ty),* $(,)?) => {
        $(impl Column for $as_it_is {
            fn read(row: &Row, index: usize) -> Result<Self, String> {
                sql(row, index)
            }
        }

        impl Column for Option<$as_it_is> {
            fn read(row: &Row, index: usize) -> Result<Self, String> {
                sql(row, index)
            }
        })*
        $(impl Column for $bounded {
            fn read(row: &Row, index: usize) -> Result<Self, String> {
                let value: $from = sql(row, index)?;
                <$bounded>::try_from(value).map_err(|e| e.to_string())
            }
        }

        impl Column for Option<$bounded> {
            fn read(row: &Row, index: usize) -> Result<Self, String> {
                let value: Option<$from> = sql(row, index)?;
                value.map(<$bounded>::try_from).transpose().map_err(|e| e.to_string())
            }
        })*
    };
}

columns!(i64, bool, String, Vec<u8>, Vec<String>;
    u32 => i64, u8 => i64, u64 => i64, [u8; 16] => &[u8], [u8; 32] => &[u8]);

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
pub(super) async fn first<T>(
    db: &Connection,
    sql: &'static str,
    params: &[Named<'_>],
    read: impl FnOnce(&Row) -> Verb<T>,
) -> Verb<Option<T>> {
    let rows = db.query(sql, params).await?;
    rows.first().map(read).transpose()
}

/// All rows.
pub(super) async fn all<T>(
    db: &Connection,
    sql: &'static str,
    params: &[Named<'_>],
    read: impl FnMut(&Row) -> Verb<T>,
) -> Verb<Vec<T>> {
    let rows = db.query(sql, params).await?;
    rows.iter().map(read).collect()
}

/// Executes; returns the number of rows written.
pub(super) async fn execute(db: &Connection, sql: &'static str, params: &[Named<'_>]) -> Verb<u64> {
    db.execute(sql, params).await
}

/// One value of the first row, if there is one.
pub(super) async fn value<T: Column>(
    db: &Connection,
    sql: &'static str,
    params: &[Named<'_>],
) -> Verb<Option<T>> {
    first(db, sql, params, |row| Ok(read(row, 0)?)).await
}

/// One value of a row.
pub(super) fn read<T: Column>(row: &Row, index: usize) -> Result<T> {
    T::read(row, index).map_err(|why| {
        let column = row.columns().get(index).map_or("?", |c| c.name());
        StoreError::rejected(format!("column {column}: {why}"))
    })
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
