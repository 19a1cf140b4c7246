//! A text with arguments, as HTML and as plain text.

use std::{borrow::Cow, fmt};

use askama::filters::{Escaper, Html, HtmlSafe};
use cardea_protocol::language::Lang;
use fluent_bundle::{FluentArgs, FluentValue};

use super::{Key, pattern};

/// What stands for an argument while Fluent puts a text together: noncharacters, which no text has. So nothing of an argument
/// is read by Fluent, and each is written where it stands, in a way that fits the place.
const PLACES: [&str; 8] = [
    "\u{fdd0}", "\u{fdd1}", "\u{fdd2}", "\u{fdd3}", "\u{fdd4}", "\u{fdd5}", "\u{fdd6}", "\u{fdd7}",
];
const FIRST_PLACE: char = '\u{fdd0}';
const LAST_PLACE: char = '\u{fdd7}';

/// Unicode UAX #9 §2.1: between these, a name does not change the direction of the text around it.
const ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';

/// A text with its arguments. As it is, it is HTML, escaped: a template writes it between tags.
#[derive(Debug, Clone)]
#[must_use]
pub(crate) struct Message<'a> {
    lang: Lang,
    key: Key,
    args: Vec<(&'static str, Arg<'a>)>,
}

#[derive(Debug, Clone)]
enum Arg<'a> {
    Count(u64),
    Name(&'a str),
    Text(Cow<'a, str>),
    Markup(Markup),
}

/// A piece of HTML in a text, such as `<time>`.
#[derive(Debug, Clone)]
pub(crate) struct Markup {
    html: String,
    text: String,
}

impl Markup {
    /// `text`, escaped, between two tags.
    pub(crate) fn new(open: &str, text: impl Into<String>, close: &'static str) -> Self {
        let text = text.into();
        let mut html = open.to_owned();
        let _ = Html.write_escaped_str(&mut html, &text);
        html.push_str(close);
        Self { html, text }
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.html)
    }
}

impl HtmlSafe for Markup {}

impl<'a> Message<'a> {
    pub(super) fn new(lang: Lang, key: Key) -> Self {
        Self {
            lang,
            key,
            args: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, arg: Arg<'a>) -> Self {
        self.args.push((name, arg));
        self
    }

    /// A number, which the text may select a plural by.
    pub(crate) fn count(self, name: &'static str, count: impl TryInto<u64>) -> Self {
        self.with(name, Arg::Count(count.try_into().unwrap_or(u64::MAX)))
    }

    /// What somebody chose or sent: a name, an address. It is isolated, whatever its direction is.
    pub(crate) fn name(self, name: &'static str, value: &'a str) -> Self {
        self.with(name, Arg::Name(value))
    }

    /// A text in the language of the page.
    pub(crate) fn text(self, name: &'static str, value: &'a str) -> Self {
        self.with(name, Arg::Text(Cow::Borrowed(value)))
    }

    /// The same, of a text that was just made.
    pub(crate) fn owned_text(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with(name, Arg::Text(Cow::Owned(value.into())))
    }

    /// Tags with a text between them.
    pub(crate) fn markup(self, name: &'static str, value: Markup) -> Self {
        self.with(name, Arg::Markup(value))
    }

    /// Without tags: for an attribute, a title, a mail. A template escapes it as any other text.
    pub(crate) fn plain(&self) -> String {
        let mut plain = String::new();
        for piece in self.pieces(&self.formatted()) {
            match piece {
                Piece::Text(text) => plain.push_str(text),
                Piece::Arg(Arg::Name(name)) => {
                    plain.push(ISOLATE);
                    // A name can't end its isolation.
                    plain.extend(name.chars().filter(|c| !is_directional(*c)));
                    plain.push(POP_ISOLATE);
                }
                Piece::Arg(Arg::Text(text)) => plain.push_str(text),
                Piece::Arg(Arg::Markup(markup)) => plain.push_str(&markup.text),
                Piece::Arg(Arg::Count(_)) => {}
            }
        }
        plain
    }

    /// The text with a place for each argument that is no number.
    fn formatted(&self) -> Cow<'static, str> {
        let mut args = FluentArgs::with_capacity(self.args.len());
        for ((name, arg), place) in self.args.iter().zip(PLACES) {
            match arg {
                Arg::Count(count) => args.set(*name, FluentValue::from(*count)),
                _ => args.set(*name, FluentValue::from(place)),
            }
        }
        match pattern(self.lang, self.key) {
            Some((texts, pattern)) => texts.format_pattern(pattern, Some(&args), &mut Vec::new()),
            None => Cow::Borrowed(self.key.0),
        }
    }

    fn pieces<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Piece<'t, 'a>> {
        let is_place = |c: char| (FIRST_PLACE..=LAST_PLACE).contains(&c);
        text.split_inclusive(is_place).flat_map(move |part| {
            let place = part.chars().next_back().filter(|c| is_place(*c));
            let text = part.trim_end_matches(is_place);
            let index = place.map(|c| u32::from(c) - u32::from(FIRST_PLACE));
            let arg = index.and_then(|index| self.args.get(usize::try_from(index).ok()?));
            let arg = arg.map(|(_, arg)| Piece::Arg(arg));
            std::iter::once(Piece::Text(text)).chain(arg)
        })
    }
}

enum Piece<'t, 'a> {
    Text(&'t str),
    Arg(&'t Arg<'a>),
}

/// UAX #9: characters that open or close a change of direction.
pub(crate) fn is_directional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in self.pieces(&self.formatted()) {
            match piece {
                Piece::Text(text) => Html.write_escaped_str(&mut *f, text)?,
                Piece::Arg(Arg::Name(name)) => {
                    f.write_str("<bdi>")?;
                    Html.write_escaped_str(&mut *f, name)?;
                    f.write_str("</bdi>")?;
                }
                Piece::Arg(Arg::Text(text)) => Html.write_escaped_str(&mut *f, text)?,
                Piece::Arg(Arg::Markup(markup)) => f.write_str(&markup.html)?,
                Piece::Arg(Arg::Count(_)) => {}
            }
        }
        Ok(())
    }
}

/// `Display` escapes all that is not a tag of ours.
impl HtmlSafe for Message<'_> {}
