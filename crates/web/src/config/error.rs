//! Configuration errors with their place.

use std::{fmt, ops::Range};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};

use super::environment::Variable;

/// The errors of a configuration; never empty.
#[derive(Debug, Clone)]
pub struct ConfigErrors(Vec<ConfigError>);

/// One error of a configuration.
#[derive(Debug, Clone)]
pub struct ConfigError {
    // For the order of the errors: that of the file, then the variables.
    offset: usize,
    place: String,
    message: String,
    help: Option<String>,
    // Absent for variables, and where the line may hold a secret.
    snippet: Option<Snippet>,
}

#[derive(Debug, Clone)]
struct Snippet {
    name: String,
    number: usize,
    text: String,
    start: usize,
    span: Range<usize>,
}

/// Only the line itself: the lines around it may contain secrets.
impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            self.text.as_bytes(),
            SourceSpan::from(self.start..self.start + self.text.len()),
            self.number - 1,
            0,
            1,
        )))
    }
}

impl ConfigErrors {
    pub(super) fn new(mut errors: Vec<ConfigError>) -> Self {
        errors.sort_by_key(|error| error.offset);
        Self(errors)
    }

    pub(super) fn unreadable(name: &str, error: &std::io::Error) -> Self {
        Self(vec![ConfigError {
            offset: 0,
            place: name.to_owned(),
            message: format!("the file cannot be read: {error}"),
            help: (error.kind() == std::io::ErrorKind::NotFound)
                .then(|| {
                    "choose another file with --config FILE; the sources have samples: deploy/cardea.toml for serve, docs/how-to/put-a-gateway-in-front.md for gateway; cardea dev needs no file".to_owned()
                }),
            snippet: None,
        }])
    }

    /// The single errors.
    #[must_use]
    pub fn errors(&self) -> &[ConfigError] {
        &self.0
    }

    /// A report for the terminal, with the affected lines.
    #[must_use]
    pub fn report(&self, colour: bool) -> String {
        let theme = match colour {
            true => GraphicalTheme::unicode(),
            false => GraphicalTheme::unicode_nocolor(),
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_context_lines(0)
            .with_width(100);
        let mut report = String::new();
        for error in &self.0 {
            if handler.render_report(&mut report, error).is_err() {
                report.push_str(&error.to_string());
            }
        }
        report
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
            if let Some(help) = &error.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl ConfigError {
    /// A suggestion, if there is one.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Diagnostic for ConfigError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let snippet = self.snippet.as_ref()?;
        Some(snippet)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let snippet = self.snippet.as_ref()?;
        let label = LabeledSpan::underline(snippet.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// The file and the variables, to turn a span into a place.
///
/// Spans of variables begin after the end of the file.
pub(super) struct Source {
    name: String,
    text: String,
    variables: Vec<String>,
}

impl Source {
    pub(super) fn new(name: &str, text: &str, variables: &[Variable]) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            variables: variables.iter().map(|one| one.name.clone()).collect(),
        }
    }

    pub(super) fn span_of_variable(&self, index: usize) -> Range<usize> {
        let start = self.text.len() + 1 + index;
        start..start + 1
    }

    pub(super) fn syntax(&self, error: &toml::de::Error) -> ConfigErrors {
        ConfigErrors(vec![self.value(error)])
    }

    pub(super) fn value(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span().unwrap_or(0..0);
        self.error(span, error.message().to_owned(), None)
    }

    pub(super) fn error(
        &self,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) -> ConfigError {
        let variable = span.start.checked_sub(self.text.len() + 1);
        if let Some(name) = variable.and_then(|index| self.variables.get(index)) {
            return ConfigError {
                offset: span.start,
                place: name.clone(),
                message,
                help,
                snippet: None,
            };
        }
        let line = Line::at(&self.text, span.start);
        ConfigError {
            offset: span.start,
            place: format!("{}:{}:{}", self.name, line.number, line.column),
            message,
            help,
            snippet: (!may_hold_secret(line.text)).then(|| Snippet {
                name: self.name.clone(),
                number: line.number,
                text: line.text.to_owned(),
                start: line.start,
                // At most the line: the span of a section is the whole section.
                span: span.start..span.end.clamp(span.start, line.end().max(span.start)),
            }),
        }
    }
}

struct Line<'a> {
    number: usize,
    // Counted in characters, from one.
    column: usize,
    start: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn at(text: &'a str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = text.get(start..).unwrap_or_default();
        Self {
            number: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            start,
            text: rest.lines().next().unwrap_or_default(),
        }
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Reports may be logged, and logs must not contain secrets. The `@` is for URLs with a password.
fn may_hold_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["secret", "password", "master_key", "@"]
        .iter()
        .any(|word| line.contains(word))
}
