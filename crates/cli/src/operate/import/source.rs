//! A file of users: its form, and its rows.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use anyhow::bail;
use cardea_server::admin::types::PortableUser;
use serde_json::{Map, Value};

use super::{Format, csv, json_lines, keycloak};

/// No row of a file is longer.
pub(super) const MAX_ROW_BYTES: usize = 64 * 1024;

/// One row of a file.
pub(super) struct Row {
    /// `line 3`, `user 3`
    pub(super) place: String,
    /// The user, or why there is none.
    pub(super) user: Result<PortableUser, String>,
    /// What was left out.
    pub(super) notes: Vec<String>,
}

impl Row {
    pub(super) fn refused(place: String, reason: impl Into<String>) -> Self {
        Self {
            place,
            user: Err(reason.into()),
            notes: Vec::new(),
        }
    }
}

/// Takes the rows of a file, one by one.
pub(super) type Sink<'a> = dyn FnMut(Row) -> anyhow::Result<()> + 'a;

pub(super) type Reader = Box<dyn BufRead + Send>;

/// Opens a file; its start decides what it is, if that was not said.
pub(super) fn open(path: &Path, format: Option<Format>) -> anyhow::Result<(Format, Reader)> {
    let mut file = BufReader::new(File::open(path)?);
    let mut start = Vec::new();
    file.by_ref()
        .take(MAX_ROW_BYTES as u64)
        .read_to_end(&mut start)?;
    // A byte order mark is no part of the text.
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    let format = match format {
        Some(format) => format,
        None => guess(text)?,
    };
    let text = text.to_vec();
    Ok((
        format,
        Box::new(BufReader::new(io::Cursor::new(text).chain(file))),
    ))
}

fn guess(start: &[u8]) -> anyhow::Result<Format> {
    let Some(first) = start.iter().find(|byte| !byte.is_ascii_whitespace()) else {
        bail!("the file is empty");
    };
    if *first != b'{' {
        return Ok(Format::Csv);
    }
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let object: Option<Map<String, Value>> = serde_json::from_slice(line).ok();
    match object.is_some_and(|object| object.contains_key("username")) {
        true => Ok(Format::Jsonl),
        false => Ok(Format::Keycloak),
    }
}

/// Reads all rows. Bytes that are no UTF-8 are refused by row where rows are known, else with the file.
pub(super) fn read(format: Format, reader: Reader, sink: &mut Sink<'_>) -> anyhow::Result<()> {
    match format {
        Format::Csv => csv::read(reader, sink),
        Format::Jsonl => json_lines::read(reader, sink),
        Format::Keycloak => keycloak::read(reader, sink),
    }
}

#[cfg(test)]
pub(super) fn rows_of(format: Format, text: &str) -> (Vec<Row>, anyhow::Result<()>) {
    let mut rows = Vec::new();
    let reader = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
    let outcome = read(format, reader, &mut |row| {
        rows.push(row);
        Ok(())
    });
    (rows, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_says_what_a_file_is() {
        for (start, expected) in [
            ("username,email\n", Format::Csv),
            (
                "{\"username\":\"a\"}\n{\"username\":\"b\"}\n",
                Format::Jsonl,
            ),
            ("{\n  \"id\" : \"x\",\n", Format::Keycloak),
            (
                "{\"realm\":\"x\",\"users\":[{\"username\":\"a\"}]}",
                Format::Keycloak,
            ),
        ] {
            assert_eq!(guess(start.as_bytes()).unwrap(), expected, "{start}");
        }
        assert!(guess(b" \n").is_err());
    }
}
