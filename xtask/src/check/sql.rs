//! `docs/reference/sql.md` lists the SQL of the PostgreSQL store: each keyword, cast and function that it uses, and no other.
//!
//! A keyword is a word in capitals, a function a name right before `(`. A word is listed in the first cell of a table whose
//! first heading is `SQL`: there it has a row that says where its support is documented.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, files::File};
use crate::literals;

const PAGE: &str = "docs/reference/sql.md";
const STATEMENTS: &str = "crates/store/src/postgres/";
const MIGRATIONS: &str = "crates/store/migrations/postgres/";

/// Words of messages, which are literals too.
const NOT_SQL: [&str; 4] = ["PEM", "TLS", "URL", "migration()"];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let page = files.iter().find(|file| file.path == PAGE);
    let listed = listed(page.map_or("", |page| &page.text));
    let mut used = BTreeSet::new();
    let mut findings = Vec::new();
    for file in files {
        let words = words_of(file);
        let missing = words
            .iter()
            .filter(|(word, _)| !listed.contains_key(*word) && !NOT_SQL.contains(&word.as_str()));
        findings.extend(missing.map(|(word, line)| {
            Finding::new(
                format!("{}:{line}", file.path),
                format!("uses {word} in SQL, which {PAGE} does not list"),
                "add what CockroachDB and YugabyteDB document about it, or name it in NOT_SQL if it is a word of a message",
            )
        }));
        used.extend(words.into_keys());
    }
    let stale = listed.iter().filter(|(word, _)| !used.contains(*word));
    findings.extend(stale.map(|(word, line)| {
        let what = format!("lists {word}, which no SQL of the PostgreSQL store uses");
        Finding::new(format!("{PAGE}:{line}"), what, "remove it")
    }));
    findings
}

/// The words that the page lists, each with its first line.
fn listed(page: &str) -> BTreeMap<String, usize> {
    let mut listed = BTreeMap::new();
    let mut is_list = false;
    for (index, line) in page.lines().enumerate() {
        let Some(row) = line.strip_prefix("| ") else {
            // The rule below the heading begins with `|-`.
            is_list &= line.starts_with('|');
            continue;
        };
        let cell = row.split(" |").next().unwrap_or(row);
        is_list |= cell == "SQL";
        let code = cell.split('`').skip(1).step_by(2).filter(|_| is_list);
        for (_, word) in code.flat_map(words) {
            listed.entry(word).or_insert(index + 1);
        }
    }
    listed
}

/// The words of SQL in a file, each with its first line.
fn words_of(file: &File) -> BTreeMap<String, usize> {
    let text = &file.text;
    let path = &file.path;
    let sql = if path.starts_with(MIGRATIONS) && path.ends_with(".sql") {
        std::iter::once(0..text.len()).collect()
    } else if path.starts_with(STATEMENTS) && file.is_rust() && !path.ends_with("tests.rs") {
        literals::of(text)
    } else {
        Vec::new()
    };
    let mut found = BTreeMap::new();
    for range in sql {
        let start = range.start;
        for (at, word) in words(text.get(range).unwrap_or_default()) {
            let before = text.get(..start + at).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            found.entry(word).or_insert(line);
        }
    }
    found
}

/// The keywords, casts and functions in SQL, each with its offset.
fn words(sql: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((before, rest)) = sql.split_at_checked(at)
        && let Some(first) = rest.chars().next()
    {
        if let Some(length) = skipped(rest) {
            at += length;
            continue;
        }
        let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        if let Some((word, after)) = rest.split_at_checked(length)
            && let Some(word) = kind(before, word, after)
        {
            found.push((at, word));
        }
        at += length.max(first.len_utf8());
    }
    found
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The length of what stands here and is no SQL: a comment, a quoted text or name, a placeholder, an escaped character.
fn skipped(rest: &str) -> Option<usize> {
    const ENCLOSED: [(&str, &str); 5] = [
        ("/*", "*/"),
        ("'", "'"),
        ("\"", "\""),
        ("\\\"", "\\\""),
        ("{", "}"),
    ];
    if rest.starts_with("--") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    // An apostrophe alone encloses nothing.
    let enclosed = ENCLOSED.into_iter().find_map(|(open, close)| {
        let inside = rest.strip_prefix(open)?;
        Some(open.len() + inside.find(close)? + close.len())
    });
    enclosed.or_else(|| {
        let escaped = rest.strip_prefix('\\')?.chars().next();
        Some(1 + escaped.map_or(0, char::len_utf8))
    })
}

/// What a word is listed as: `WORD`, `name()` or `::type`; none for names and parameters.
fn kind(before: &str, word: &str, after: &str) -> Option<String> {
    let is_keyword = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let first = word.chars().next()?;
    if before.ends_with("::") {
        let is_type = first.is_ascii_lowercase();
        is_type.then(|| format!("::{word}"))
    } else if before.ends_with(':') {
        None
    } else if first.is_ascii_uppercase() && word.len() > 1 && word.chars().all(is_keyword) {
        Some(word.to_owned())
    } else if first.is_ascii_lowercase() && after.starts_with('(') {
        Some(format!("{word}()"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "# SQL\n\n| SQL | where |\n|---|---|\n";

    /// What the check says when the page has these rows and a file this text.
    fn found(rows: &str, path: &str, text: &str) -> Vec<String> {
        let page = format!("{ROWS}{rows}");
        let findings = check(&[File::new(PAGE, &page), File::new(path, text)]);
        let said = findings
            .into_iter()
            .map(|f| format!("{} {}", f.place, f.what));
        said.map(|said| said.replace(" in SQL, which docs/reference/sql.md does not list", ""))
            .collect()
    }

    fn in_statements(rows: &str, text: &str) -> Vec<String> {
        found(rows, "crates/store/src/postgres/a.rs", text)
    }

    fn in_migrations(rows: &str, text: &str) -> Vec<String> {
        found(rows, "crates/store/migrations/postgres/V1__a.sql", text)
    }

    #[test]
    fn a_keyword_that_is_not_listed_is_found_with_its_file_and_line() {
        let text = "fn a() {\n    b(\"SELECT c \\\n       FOR UPDATE\")\n}\n";
        assert_eq!(
            in_statements("| `SELECT`, `UPDATE` | a |\n", text),
            ["crates/store/src/postgres/a.rs:3 uses FOR"]
        );
        assert_eq!(
            in_migrations(
                "| `TABLE` | a |\n",
                "CREATE TABLE a (b INT8);\nCREATE TABLE c ();\n"
            ),
            [
                "crates/store/migrations/postgres/V1__a.sql:1 uses CREATE",
                "crates/store/migrations/postgres/V1__a.sql:1 uses INT8"
            ]
        );
    }

    #[test]
    fn a_function_and_a_cast_are_listed_as_such() {
        let text = "a!(\"SELECT count(*), b.lower(c)::bigint, count\")";
        assert_eq!(
            in_statements("| `SELECT`, `count(*)` | `lower()` |\n", text),
            [
                "crates/store/src/postgres/a.rs:1 uses ::bigint",
                "crates/store/src/postgres/a.rs:1 uses lower()"
            ]
        );
        let rows = "| `SELECT`, `count(*)` | a |\n| `lower()`, `::bigint` | a |\n";
        assert_eq!(in_statements(rows, text), [""; 0]);
    }

    #[test]
    fn parts_of_a_statement_are_read_one_by_one() {
        let text = "concat!(\"SELECT a FROM unnest(\", b!(), \") WHERE \", c!())";
        assert_eq!(
            in_statements("| `SELECT … FROM`, `unnest()` | a |\n", text),
            ["crates/store/src/postgres/a.rs:1 uses WHERE"]
        );
    }

    #[test]
    fn comments_and_code_outside_of_literals_are_no_sql() {
        let text = "//! LISTEN\n/// \"NOTIFY\"\n/* \"WAIT\" */ const MAX: u8 = lower('\"');\nlet a: B<KEY> = sum(b);\n";
        assert_eq!(in_statements("", text), [""; 0]);
        let tests = "a(\"SELECT\");\n#[cfg(test)]\nmod tests { b(\"LISTEN\") }\n";
        assert_eq!(in_statements("| `SELECT` | a |\n", tests), [""; 0]);
        let text = "-- IT'S A TABLE of max(a)\nSELECT 1; /* FROM\nb */\n-- LISTEN";
        assert_eq!(in_migrations("| `SELECT` | a |\n", text), [""; 0]);
    }

    #[test]
    fn texts_names_placeholders_and_parameters_are_no_sql() {
        let text = r#"a!("SELECT 'OPEN' AS \"NAME\", {MAX_LINKS}, :ID, ::1, A FROM b \n")"#;
        assert_eq!(
            in_statements("| `SELECT … FROM` | a |\n", text),
            ["crates/store/src/postgres/a.rs:1 uses AS"]
        );
        assert_eq!(
            in_statements("", "a!(\"the server's TLS: see the URL\")"),
            [""; 0]
        );
    }

    #[test]
    fn only_the_store_on_postgresql_is_read() {
        for path in [
            "crates/store/src/sqlite/a.rs",
            "crates/store/src/postgres/tests.rs",
            "crates/store/src/postgres/a.md",
            "crates/store/migrations/sqlite/V1__a.sql",
        ] {
            assert_eq!(found("", path, "\"SELECT a\" SELECT"), [""; 0], "{path}");
        }
    }

    #[test]
    fn a_word_is_listed_in_the_first_cell_of_a_list_only() {
        let rows =
            "| basics | `SELECT` |\n\n`SELECT`\n\n| setting | a |\n|---|---|\n| `SELECT` | a |\n";
        assert_eq!(
            in_statements(rows, "a(\"SELECT 1\")"),
            ["crates/store/src/postgres/a.rs:1 uses SELECT"]
        );
    }

    #[test]
    fn a_word_that_nothing_uses_any_more_is_found() {
        let rows = "| `SELECT` | a |\n| `lower()` | a |\n";
        assert_eq!(
            in_statements(rows, "a(\"SELECT 1\")"),
            ["docs/reference/sql.md:6 lists lower(), which no SQL of the PostgreSQL store uses"]
        );
    }
}
