//! Statements with named parameters, as `:name` in their text: PostgreSQL knows only `$1`.

use std::{borrow::Cow, cell::RefCell, collections::HashMap, error::Error};

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A statement as PostgreSQL reads it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) sql: String,
    /// The names of its parameters, in their order.
    names: Vec<&'static str>,
}

thread_local! {
    /// By the address of the text. The texts are constants of the program, so there are only so many.
    static KNOWN: RefCell<HashMap<(usize, usize), &'static Statement>> = RefCell::default();
}

impl Statement {
    pub(super) fn of(text: &'static str) -> &'static Self {
        let place = (text.as_ptr().addr(), text.len());
        KNOWN.with_borrow_mut(|known| {
            let statement = known.entry(place);
            *statement.or_insert_with(|| Box::leak(Box::new(Self::translate(text))))
        })
    }

    /// Numbers the parameters. `::` is a cast, and what stands in quotes is a text.
    fn translate(text: &'static str) -> Self {
        let mut sql = String::with_capacity(text.len());
        let mut names: Vec<&'static str> = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find([':', '\'']) {
            let (before, from) = rest.split_at(at);
            sql.push_str(before);
            let len = match from.strip_prefix(':') {
                None => from[1..].find('\'').map_or(from.len(), |end| end + 2),
                Some(cast) if cast.starts_with(':') => 2,
                Some(name) => {
                    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    let len = name.find(|c| !is_name(c)).unwrap_or(name.len());
                    1 + len
                }
            };
            let (piece, behind) = from.split_at(len);
            match piece
                .strip_prefix(':')
                .filter(|name| !name.is_empty() && *name != ":")
            {
                None => sql.push_str(piece),
                Some(_) => {
                    let number = names.iter().position(|name| *name == piece);
                    let number = number.unwrap_or_else(|| {
                        names.push(piece);
                        names.len() - 1
                    });
                    sql.push('$');
                    sql.push_str(&(number + 1).to_string());
                }
            }
            rest = behind;
        }
        sql.push_str(rest);
        Self { sql, names }
    }

    /// The values of the parameters in the order of the statement, if each has one and none is left over.
    pub(super) fn arrange<'v, 'p>(&self, named: &'p [Named<'v>]) -> Option<Vec<&'p Value<'v>>> {
        let find = |name: &&str| Some(&named.iter().find(|(n, _)| n == name)?.1);
        let values: Option<Vec<_>> = self.names.iter().map(find).collect();
        values.filter(|values| values.len() == named.len())
    }
}

/// The name of a parameter, and its value.
pub(super) type Named<'v> = (&'static str, Value<'v>);

/// The values of a statement's parameters: `params! { ":now": now, ":subject": subject.as_str() }`.
macro_rules! params {
    ($($name:literal: $value:expr),* $(,)?) => {
        &[$(($name, $crate::postgres::statement::Value::from($value))),*]
    };
}
pub(super) use params;

/// A value, whose type in PostgreSQL is known: no parameter needs a cast, and none is read as another type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'v> {
    Int(Option<i64>),
    Bool(Option<bool>),
    Text(Option<Cow<'v, str>>),
    Bytes(Option<Cow<'v, [u8]>>),
    Texts(Vec<Cow<'v, str>>),
    Ints(Vec<i64>),
}

impl Value<'_> {
    pub(super) fn type_of(&self) -> Type {
        match self {
            Self::Int(_) => Type::INT8,
            Self::Bool(_) => Type::BOOL,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
            Self::Texts(_) => Type::TEXT_ARRAY,
            Self::Ints(_) => Type::INT8_ARRAY,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Int(value) => value.to_sql(ty, out),
            Self::Bool(value) => value.to_sql(ty, out),
            Self::Text(value) => value.as_deref().to_sql(ty, out),
            Self::Bytes(value) => value.as_deref().to_sql(ty, out),
            Self::Texts(values) => values.to_sql(ty, out),
            Self::Ints(values) => values.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Each kind of value, as it is and as one that may be missing.
macro_rules! from {
    ($variant:ident: $($from:ty => |$value:ident| $into:expr),* $(,)?) => {
        $(
            impl<'v> From<$from> for Value<'v> {
                fn from($value: $from) -> Self {
                    Self::$variant(Some($into))
                }
            }

            impl<'v> From<Option<$from>> for Value<'v> {
                fn from(value: Option<$from>) -> Self {
                    Self::$variant(value.map(|$value| $into))
                }
            }
        )*
    };
}

from!(Int: i64 => |v| v, i32 => |v| i64::from(v), u32 => |v| i64::from(v), u8 => |v| i64::from(v));
from!(Bool: bool => |v| v);
from!(Text: &'v str => |v| v.into(), &'v String => |v| v.as_str().into(), String => |v| v.into());
from!(Bytes: &'v [u8] => |v| v.into(), &'v Vec<u8> => |v| v.as_slice().into(), Vec<u8> => |v| v.into(),
    &'v [u8; 16] => |v| v.as_slice().into(), &'v [u8; 32] => |v| v.as_slice().into(),
    [u8; 16] => |v| v.to_vec().into(), [u8; 32] => |v| v.to_vec().into());

impl<'v> From<&'v Option<String>> for Value<'v> {
    fn from(value: &'v Option<String>) -> Self {
        Self::Text(value.as_deref().map(Cow::from))
    }
}

impl From<Vec<i64>> for Value<'_> {
    fn from(values: Vec<i64>) -> Self {
        Self::Ints(values)
    }
}

impl From<Vec<String>> for Value<'_> {
    fn from(values: Vec<String>) -> Self {
        Self::Texts(values.into_iter().map(Cow::from).collect())
    }
}

impl<'v> From<Vec<&'v str>> for Value<'v> {
    fn from(values: Vec<&'v str>) -> Self {
        Self::Texts(values.into_iter().map(Cow::from).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_by_their_first_place() {
        for (text, sql, names) in [
            ("SELECT 1", "SELECT 1", &[][..]),
            (
                "a = :now AND b > :id OR c < :now",
                "a = $1 AND b > $2 OR c < $1",
                &[":now", ":id"],
            ),
            ("(:a)", "($1)", &[":a"]),
            (
                ":n::text, ':no', x::bigint",
                "$1::text, ':no', x::bigint",
                &[":n"],
            ),
            ("'it''s :no' || :a", "'it''s :no' || $1", &[":a"]),
            (":a :ab :a", "$1 $2 $1", &[":a", ":ab"]),
            ("'open :no", "'open :no", &[]),
            ("a[1 : 2]", "a[1 : 2]", &[]),
        ] {
            let statement = Statement::translate(text);
            assert_eq!(statement.sql, sql);
            assert_eq!(statement.names, names);
        }
    }

    #[test]
    fn a_statement_is_translated_once() {
        let text = "SELECT :a";
        assert!(std::ptr::eq(Statement::of(text), Statement::of(text)));
        assert_eq!(Statement::of("SELECT :a, :b").sql, "SELECT $1, $2");
    }

    #[test]
    fn each_parameter_has_one_value_and_no_value_is_left_over() {
        let statement = Statement::of("SELECT :b, :a, :b");
        let values: &[Named<'_>] = params! { ":a": 1_i64, ":b": "two" };
        assert_eq!(
            statement.arrange(values).unwrap(),
            [&Value::from("two"), &Value::from(1_i64)]
        );
        assert_eq!(statement.arrange(params! { ":a": 1_i64 }), None);
        assert_eq!(
            statement.arrange(params! { ":a": 1_i64, ":b": 2_i64, ":c": 3_i64 }),
            None
        );
    }
}
