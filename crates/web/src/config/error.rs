//! Errors with a place.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};

use super::environment::Variable;

/// What is wrong with the configuration; never empty.
#[derive(Debug, Clone)]
pub struct ConfigErrors(Vec<ConfigError>);

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct ConfigError {
    // For the order in which they are told: that of the file, then the variables.
    offset: usize,
    place: String,
    message: String,
    help: Option<String>,
    // Absent for variables, and where the line may hold a secret.
    snippet: Option<Snippet>,
}

#[derive(Debug, Clone)]
struct Snippet {
    source: Arc<NamedSource<String>>,
    span: Range<usize>,
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
            help: None,
            snippet: None,
        }])
    }

    /// The single errors.
    #[must_use]
    pub fn errors(&self) -> &[ConfigError] {
        &self.0
    }

    /// A report for people, with the lines in question.
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
        Some(&*snippet.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let snippet = self.snippet.as_ref()?;
        let label = LabeledSpan::underline(snippet.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// The file and the variables, to turn a span into a place.
///
/// Spans of variables lie behind the end of the file.
pub(super) struct Source {
    named: Arc<NamedSource<String>>,
    variables: Vec<String>,
}

impl Source {
    pub(super) fn new(name: &str, text: &str, variables: &[Variable]) -> Self {
        Self {
            named: Arc::new(NamedSource::new(name, text.to_owned())),
            variables: variables.iter().map(|one| one.name.clone()).collect(),
        }
    }

    fn text(&self) -> &str {
        self.named.inner()
    }

    pub(super) fn span_of_variable(&self, index: usize) -> Range<usize> {
        let start = self.text().len() + 1 + index;
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
        let variable = span.start.checked_sub(self.text().len() + 1);
        if let Some(name) = variable.and_then(|index| self.variables.get(index)) {
            return ConfigError {
                offset: span.start,
                place: name.clone(),
                message,
                help,
                snippet: None,
            };
        }
        let (line, column, content) = self.locate(span.start);
        let snippet = Snippet {
            source: Arc::clone(&self.named),
            // No further than the line: the span of a section would print all of it.
            span: span.start..span.end.min(span.start + content.len()).max(span.start),
        };
        ConfigError {
            offset: span.start,
            place: format!("{}:{line}:{column}", self.named.name()),
            message,
            help,
            snippet: (!may_hold_secret(content)).then_some(snippet),
        }
    }

    /// Line, column (counted in characters) and the rest of the line.
    fn locate(&self, offset: usize) -> (usize, usize, &str) {
        let text = self.text();
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).unwrap_or_default().chars().count() + 1;
        let whole = text.get(start..).unwrap_or_default();
        (line, column, whole.lines().next().unwrap_or_default())
    }
}

/// Reports end up in logs, where no secret may stand.
fn may_hold_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["secret", "password", "master_key", "token", "url"]
        .iter()
        .any(|word| line.contains(word) && line.contains('='))
}
