//! The string literals of a Rust source.

use std::ops::Range;

/// Where the content of each string literal is, up to the tests of the file.
pub(crate) fn of(source: &str) -> Vec<Range<usize>> {
    let end = source.find("#[cfg(test)]").unwrap_or(source.len());
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < end {
        at = match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'/'), Some(b'/')) => after(source, at, "\n"),
            (Some(b'/'), Some(b'*')) => after(source, at, "*/"),
            // A character; a lifetime has no closing quote so near.
            (Some(b'\''), Some(b'\\')) => after(source, at + 3, "'"),
            (Some(b'\''), Some(_)) if bytes.get(at + 2) == Some(&b'\'') => at + 3,
            (Some(b'"'), _) => {
                let close = closing_quote(bytes, at + 1);
                found.push(at + 1..close);
                close + 1
            }
            _ => at + 1,
        };
    }
    found
}

fn after(source: &str, at: usize, end: &str) -> usize {
    let rest = source.get(at..).and_then(|rest| rest.find(end));
    rest.map_or(source.len(), |length| at + length + end.len())
}

fn closing_quote(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(source: &str) -> Vec<&str> {
        of(source).into_iter().map(|range| &source[range]).collect()
    }

    #[test]
    fn only_literals_are_found() {
        let source = r#"
            // "a comment"
            fn a<'x>(t: &'x str) { let q = '"'; let e = '\''; b("one", 'c', "t\"wo"); /* "three" */ }
        "#;
        assert_eq!(contents(source), ["one", r#"t\"wo"#]);
    }

    #[test]
    fn tests_are_left_out() {
        assert_eq!(contents("a(\"x\");\n#[cfg(test)]\nb(\"y\");"), ["x"]);
    }
}
