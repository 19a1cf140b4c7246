//! The texts of pages and mails, in all languages: `locales/<language>/<page>.ftl` (Fluent).
//!
//! They are compiled in and parsed once, at the start. A template writes `{{ shell.t("login-title") }}`, or
//! `{{ shell.t_with("login-heading-app").name("app", app.name) }}` for a text with arguments; code names a text by its [`Key`].
//! A test finds texts that are missing in a language, used by nothing, or have other arguments in another language.

mod choice;
mod formats;
mod message;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::english_left_in;

use std::sync::LazyLock;

use cardea_protocol::language::Lang;
use fluent_bundle::{FluentResource, concurrent::FluentBundle};
use fluent_syntax::ast::{Pattern, PatternElement};
use unic_langid::LanguageIdentifier;

pub(crate) use choice::Choice;
pub(crate) use formats::{all_of, date};
pub(crate) use message::{Markup, Message, is_directional};

/// The files of one language, one for each folder that has texts. A new file has a line here.
macro_rules! files {
    ($lang:literal) => {
        files!($lang:
            "account",
            "activity",
            "choose_account",
            "choose_organization",
            "consent",
            "deletion",
            "email_change",
            "end_session",
            "error_page",
            "export",
            "factor_reset",
            "federation",
            "form_post",
            "invitation",
            "layout",
            "login",
            "mail",
            "new_password",
            "not_me",
            "password",
            "password_reset",
            "when",
            "passkey",
            "second_factor",
            "sign_up",
            "verify_email"
        )
    };
    ($lang:literal: $($page:literal),*) => {
        &[$(include_str!(concat!("../../locales/", $lang, "/", $page, ".ftl"))),*]
    };
}

/// The name of a text, as code uses it. A template has the name itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) &'static str);

impl From<&'static str> for Key {
    fn from(name: &'static str) -> Self {
        Self(name)
    }
}

/// Templates borrow what they pass on.
impl From<&Self> for Key {
    fn from(key: &Self) -> Self {
        *key
    }
}

type Texts = FluentBundle<FluentResource>;

/// In the order of [`Lang::ALL`].
static TEXTS: LazyLock<[Texts; Lang::ALL.len()]> = LazyLock::new(|| Lang::ALL.map(read));

/// Parses all texts, so that no request has to.
pub(crate) fn load() {
    LazyLock::force(&TEXTS);
    formats::load();
}

fn files(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::En => files!("en"),
        Lang::De => files!("de"),
        Lang::Fr => files!("fr"),
        Lang::Es => files!("es"),
    }
}

/// What can't be read is left out: a test reads the same files and takes no error.
fn read(lang: Lang) -> Texts {
    let identifier: LanguageIdentifier = lang.as_str().parse().unwrap_or_default();
    let mut texts = FluentBundle::new_concurrent(vec![identifier]);
    // Arguments are isolated by `Message`, in a way that fits the place.
    texts.set_use_isolating(false);
    for file in files(lang) {
        let file = FluentResource::try_new((*file).to_owned());
        let _ = texts.add_resource(file.unwrap_or_else(|(readable, _)| readable));
    }
    texts
}

fn texts(lang: Lang) -> &'static Texts {
    let [en, de, fr, es] = &*TEXTS;
    match lang {
        Lang::En => en,
        Lang::De => de,
        Lang::Fr => fr,
        Lang::Es => es,
    }
}

/// The pattern of a text, with the language that it is in: English, if the text does not exist in this one.
fn pattern(lang: Lang, key: Key) -> Option<(&'static Texts, &'static Pattern<&'static str>)> {
    let in_lang = |lang| {
        let texts = texts(lang);
        Some((texts, texts.get_message(key.0)?.value()?))
    };
    in_lang(lang).or_else(|| in_lang(Lang::En))
}

/// A text without arguments. It takes neither a lock nor memory.
pub(crate) fn t(lang: Lang, key: Key) -> &'static str {
    let elements = pattern(lang, key).map(|(_, pattern)| pattern.elements.as_slice());
    match elements {
        Some([PatternElement::TextElement { value }]) => value,
        // A test finds these.
        _ => key.0,
    }
}

/// A text with arguments.
pub(crate) fn t_with<'a>(lang: Lang, key: Key) -> Message<'a> {
    Message::new(lang, key)
}
