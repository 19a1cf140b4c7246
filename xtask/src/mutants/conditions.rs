//! The conditions in the SQL of a source: each term after `WHERE` and `AND`.

use std::ops::Range;

use crate::literals;

/// A term, by its place in the source.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// A part of a literal.
    Text(Range<usize>),
    /// A call between literals: `"… AND ", session_alive!()`.
    Call(Range<usize>),
}

impl Condition {
    pub(super) fn range(&self) -> Range<usize> {
        match self {
            Self::Text(range) | Self::Call(range) => range.clone(),
        }
    }
}

/// After these words a term begins.
const BEGIN: [&str; 2] = ["WHERE", "AND"];
/// A term ends before one of these words.
const END: [&str; 12] = [
    "AND",
    "WHERE",
    "ORDER",
    "GROUP",
    "LIMIT",
    "RETURNING",
    "ON",
    "UNION",
    "FROM",
    "JOIN",
    "THEN",
    "SET",
];
/// A literal with one of these is a statement, or a part of one that does not begin with a condition.
const STATEMENT: [&str; 8] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "FROM", "CASE", "VALUES", "PRAGMA",
];

/// All conditions of a source, in their order.
pub(super) fn of(source: &str) -> Vec<Condition> {
    let mut found = Vec::new();
    for literal in literals::of(source) {
        let Some(sql) = source.get(literal.clone()) else {
            continue;
        };
        for term in terms(sql) {
            found.push(Condition::Text(
                literal.start + term.start..literal.start + term.end,
            ));
        }
        if BEGIN.iter().any(|word| sql.trim_end().ends_with(word))
            && let Some(call) = call(source, literal.end + 1)
        {
            found.push(Condition::Call(call));
        }
    }
    found
}

/// A macro call without arguments, as the next argument.
fn call(source: &str, at: usize) -> Option<Range<usize>> {
    let rest = source.get(at..)?.trim_start().strip_prefix(',')?;
    let rest = rest.trim_start();
    let start = source.len() - rest.len();
    let name = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))?;
    let called = rest.get(name..)?.starts_with("!()");
    (called && name > 0).then_some(start..start + name + "!()".len())
}

/// A word of capitals, or a bracket.
#[derive(Debug)]
struct Token<'a> {
    text: &'a str,
    start: usize,
    /// How many brackets are open around it; a bracket is outside of itself.
    depth: usize,
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        if length > 0 {
            let text = rest.get(..length).unwrap_or_default();
            if !quoted && text.chars().all(|c| c.is_ascii_uppercase()) {
                found.push(Token {
                    text,
                    start: at,
                    depth,
                });
            }
            at += length;
            continue;
        }
        let first = rest.chars().next().map_or(1, char::len_utf8);
        let text = rest.get(..first).unwrap_or_default();
        match text {
            "'" => quoted = !quoted,
            "(" if !quoted => {
                found.push(Token {
                    text,
                    start: at,
                    depth,
                });
                depth += 1;
            }
            ")" if !quoted => {
                depth = depth.saturating_sub(1);
                found.push(Token {
                    text,
                    start: at,
                    depth,
                });
            }
            _ => {}
        }
        at += first;
    }
    found
}

/// The terms of a literal. One that goes on in another literal with an open bracket is left out; what is in its brackets is not.
fn terms(sql: &str) -> Vec<Range<usize>> {
    let tokens = tokens(sql);
    let mut found = Vec::new();
    let is_statement = tokens
        .iter()
        .any(|t| t.depth == 0 && STATEMENT.contains(&t.text));
    if !is_statement && begins_with_condition(sql) {
        found.extend(term(sql, &tokens, 0, 0));
    }
    for (number, token) in tokens.iter().enumerate() {
        let between = token.text == "AND"
            && number > 0
            && tokens.get(number - 1).is_some_and(|t| t.text == "BETWEEN");
        if BEGIN.contains(&token.text) && !between {
            let rest = tokens.get(number + 1..).unwrap_or_default();
            found.extend(term(sql, rest, token.start + token.text.len(), token.depth));
        }
    }
    found
}

/// `column = …`, as macros pass conditions around.
fn begins_with_condition(sql: &str) -> bool {
    let name = sql
        .find(|c: char| !(c.is_ascii_lowercase() || c == '_' || c == '.'))
        .unwrap_or(0);
    let operator = sql.get(name..).unwrap_or_default().trim_start();
    let operators = [
        "= ", "<> ", "< ", "<= ", "> ", ">= ", "IS ", "NOT IN ", "IN ",
    ];
    name > 0 && operators.iter().any(|o| operator.starts_with(o))
}

/// The term from `start`, at this depth.
fn term(sql: &str, rest: &[Token<'_>], start: usize, depth: usize) -> Option<Range<usize>> {
    let mut open = depth;
    let mut end = None;
    let mut between = false;
    for token in rest {
        match token.text {
            "(" => open += 1,
            ")" if token.depth < depth || open == depth => {
                end = Some(token.start);
                break;
            }
            ")" => open = token.depth,
            "BETWEEN" if token.depth == depth => between = true,
            "AND" if between && token.depth == depth => between = false,
            word if token.depth == depth && END.contains(&word) => {
                end = Some(token.start);
                break;
            }
            _ => {}
        }
    }
    if end.is_none() && open != 0 {
        return None;
    }
    let text = sql.get(start..end.unwrap_or(sql.len()))?;
    let trimmed = text.trim();
    let start = start + (text.len() - text.trim_start().len());
    (!trimmed.is_empty()).then_some(start..start + trimmed.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sql: &str) -> Vec<&str> {
        terms(sql).into_iter().map(|range| &sql[range]).collect()
    }

    #[test]
    fn terms_end_where_the_next_begins() {
        assert_eq!(
            found("UPDATE t SET a = ?1 WHERE b = ?2 AND (c IS NULL OR c <= ?1 - ?3) RETURNING b"),
            ["b = ?2", "(c IS NULL OR c <= ?1 - ?3)"]
        );
        assert_eq!(
            found(
                "SELECT a FROM t JOIN u ON u.k = t.k AND u.x = 'AND' WHERE a > 1 ORDER BY a LIMIT 1"
            ),
            ["u.x = 'AND'", "a > 1"]
        );
        assert_eq!(
            found("DELETE FROM t WHERE x BETWEEN 1 AND 2 AND y = 3"),
            ["x BETWEEN 1 AND 2", "y = 3"]
        );
    }

    #[test]
    fn subqueries_have_terms_of_their_own() {
        assert_eq!(
            found("DELETE FROM t WHERE k IN (SELECT k FROM u WHERE a = 1 AND b = 2) AND c = 3"),
            [
                "k IN (SELECT k FROM u WHERE a = 1 AND b = 2)",
                "a = 1",
                "b = 2",
                "c = 3"
            ]
        );
    }

    #[test]
    fn what_goes_on_elsewhere_is_left_out() {
        assert_eq!(
            found(
                "SELECT 1 FROM t WHERE a = 1 AND (b OR EXISTS (SELECT 1 FROM u WHERE u.k = t.k AND "
            ),
            ["a = 1", "u.k = t.k"]
        );
        assert!(found("SELECT 1 FROM t WHERE ").is_empty());
        assert!(found("time and reason belong together").is_empty());
    }

    #[test]
    fn a_literal_can_be_a_condition() {
        assert_eq!(found("s.sid = :sid AND "), ["s.sid = :sid"]);
        assert_eq!(found("u.subject = :subject"), ["u.subject = :subject"]);
        assert_eq!(
            found("due_at <= :now AND k NOT IN\n (SELECT k FROM c) ORDER BY due_at"),
            ["due_at <= :now", "k NOT IN\n (SELECT k FROM c)"]
        );
        assert!(found(", u.status = 'enabled', c.status = 'enabled'").is_empty());
    }

    #[test]
    fn calls_between_literals_are_conditions() {
        let source =
            r#"concat!("SELECT 1 FROM s WHERE a = 1 AND ", crate::x::alive!(), " ORDER BY a")"#;
        let texts: Vec<&str> = of(source).iter().map(|c| &source[c.range()]).collect();
        assert_eq!(texts, ["a = 1", "crate::x::alive!()"]);
    }
}
