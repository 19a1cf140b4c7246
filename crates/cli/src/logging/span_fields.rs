//! The fields of a span as JSON. Each request has a span, and few are ever logged: tracing-subscriber's own formatter would cost
//! a request more than its routing.

use std::fmt::{self, Debug, Write as _};

use serde::Serialize;
use tracing::{
    field::{Field, Visit},
    span::Record,
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, FormattedFields, format::Writer},
};

/// Room for the fields of a request, so that the text grows only once.
const ROOM: usize = 160;

/// Writes one JSON object.
pub(super) struct SpanFields;

impl<'w> FormatFields<'w> for SpanFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut object = Object::begun("{");
        fields.record(&mut object);
        writer.write_str(&object.end()?)
    }

    fn add_fields(
        &self,
        current: &'w mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        let before = current.fields.strip_suffix('}').unwrap_or("{");
        let mut object = Object::begun(before);
        fields.record(&mut object);
        current.fields = object.end()?;
        Ok(())
    }
}

/// An object in progress.
struct Object {
    text: Vec<u8>,
    failed: bool,
}

impl Object {
    fn begun(before: &str) -> Self {
        let mut text = Vec::with_capacity(ROOM.max(2 * before.len()));
        text.extend_from_slice(before.as_bytes());
        Self {
            text,
            failed: false,
        }
    }

    fn add(&mut self, field: &Field, value: impl Serialize) {
        self.name(field);
        self.failed |= serde_json::to_writer(&mut self.text, &value).is_err();
    }

    fn name(&mut self, field: &Field) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        // A name in the source of a program; none needs an escape.
        self.text.push(b'"');
        self.text.extend_from_slice(field.name().as_bytes());
        self.text.extend_from_slice(b"\":");
    }

    fn string(&mut self, value: &str) {
        self.text.push(b'"');
        self.part(value);
        self.text.push(b'"');
    }

    /// A part of a string, without quotation marks.
    fn part(&mut self, value: &str) {
        // Without an early end, so that many bytes are compared at once.
        let special = |found: bool, b| found | (b < b' ') | (b == b'"') | (b == b'\\');
        if !value.bytes().fold(false, special) {
            self.text.extend_from_slice(value.as_bytes());
            return;
        }
        match serde_json::to_vec(value) {
            Ok(quoted) => {
                let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
                self.text.extend_from_slice(inner);
            }
            Err(_) => self.failed = true,
        }
    }

    fn end(mut self) -> Result<String, fmt::Error> {
        self.text.push(b'}');
        if self.failed {
            return Err(fmt::Error);
        }
        String::from_utf8(self.text).map_err(|_| fmt::Error)
    }
}

impl fmt::Write for Object {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.part(part);
        Ok(())
    }
}

impl Visit for Object {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field);
        self.text.push(b'"');
        self.failed |= write!(self, "{value:?}").is_err();
        self.text.push(b'"');
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.string(value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn a_line_has_the_fields_of_its_span_as_json() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&lines);
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || Lines(Arc::clone(&to)))
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .fmt_fields(SpanFields);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let hostile = "a \"quoted\" \n\u{7f}\u{202e} value";
            let span = tracing::info_span!(
                "request",
                request_id = %"0123abc",
                hostile,
                parts = format_args!("{}{}", "a\"", "\n"),
                count = 3_u64,
                below = -3_i64,
                yes = true,
                late = tracing::field::Empty,
            );
            span.record("late", "later");
            span.in_scope(|| tracing::info!("said"));
        });
        let lines = lines.lock().map(|lines| lines.clone()).unwrap_or_default();
        let line: Value = serde_json::from_slice(&lines).unwrap_or_default();
        let span = &line["spans"][0];
        assert_eq!(span["name"], "request");
        assert_eq!(span["request_id"], "0123abc");
        assert_eq!(span["hostile"], "a \"quoted\" \n\u{7f}\u{202e} value");
        assert_eq!(
            (&span["count"], &span["below"], &span["yes"]),
            (&3.into(), &(-3).into(), &true.into())
        );
        assert_eq!(span["parts"], "a\"\n");
        assert_eq!(span["late"], "later");
    }

    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if let Ok(mut lines) = self.0.lock() {
                lines.extend_from_slice(bytes);
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
