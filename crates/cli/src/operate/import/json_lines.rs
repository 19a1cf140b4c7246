//! A JSON document a line.

use std::io::{BufRead as _, Read as _};

use super::source::{MAX_ROW_BYTES, Reader, Row, Sink};

pub(super) fn read(mut reader: Reader, sink: &mut Sink<'_>) -> anyhow::Result<()> {
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let longest = MAX_ROW_BYTES as u64 + 1;
        if reader.by_ref().take(longest).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let place = format!("line {number}");
        if line.len() > MAX_ROW_BYTES {
            sink(Row::refused(place, "The line is longer than 64 KiB."))?;
            skip_line(&mut reader, &line)?;
            continue;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let user = serde_json::from_slice(&line).map_err(|e| e.to_string());
        sink(Row {
            place,
            user,
            notes: Vec::new(),
        })?;
    }
    Ok(())
}

fn skip_line(reader: &mut Reader, read: &[u8]) -> anyhow::Result<()> {
    let mut ends = read.ends_with(b"\n");
    while !ends {
        let buffer = reader.fill_buf()?;
        let (length, found) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(length);
        ends = found;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Format, source::rows_of};

    #[test]
    fn a_bad_line_refuses_itself() {
        let long = format!("{{\"username\":\"{}\"}}", "x".repeat(70_000));
        let text = format!(
            "{{\"username\":\"a\",\"roles\":[\"x\"],\"status\":\"disabled\"}}\n\n{long}\nnot json\n{{\"username\":\"b\",\"passwd\":\"x\"}}\n{{\"username\":\"c\"}}"
        );
        let (rows, outcome) = rows_of(Format::Jsonl, &text);
        outcome.unwrap();
        let read: Vec<_> = rows
            .iter()
            .map(|row| (row.place.as_str(), row.user.is_ok()))
            .collect();
        assert_eq!(
            read,
            [
                ("line 1", true),
                ("line 3", false),
                ("line 4", false),
                ("line 5", false),
                ("line 6", true)
            ]
        );
    }
}
