use cardea_protocol::language::Lang;

use super::{Assets, Brand};
use crate::i18n::{self, Key, Message};

/// What the frame of every page needs.
#[derive(Clone, Copy)]
pub(crate) struct Shell<'a> {
    /// Name and colours.
    pub(crate) brand: &'a Brand,
    /// The addresses of style sheet and logo.
    pub(crate) assets: &'a Assets,
    /// The path of the issuer without a slash at its end, often empty.
    pub(crate) base: &'a str,
    /// The short id of this request, shown where something went wrong.
    pub(crate) request_id: &'a str,
    /// Whether this is `cardea dev`, which every page says.
    pub(crate) development: bool,
    /// The language of the page.
    pub(crate) lang: Lang,
}

impl Shell<'_> {
    /// A text in the language of the page.
    pub(crate) fn t(&self, key: impl Into<Key>) -> &'static str {
        i18n::t(self.lang, key.into())
    }

    /// A text with arguments.
    pub(crate) fn t_with<'a>(&self, key: impl Into<Key>) -> Message<'a> {
        i18n::t_with(self.lang, key.into())
    }

    /// The request id in groups of four, as it is read out.
    pub(crate) fn reference(&self) -> Vec<String> {
        let letters: Vec<char> = self.request_id.chars().collect();
        letters
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect()
    }
}

#[cfg(test)]
thread_local! {
    static SAMPLE_LANG: std::cell::Cell<Lang> = const { std::cell::Cell::new(Lang::En) };
}

#[cfg(test)]
impl Shell<'static> {
    /// A shell at the root of its host.
    pub(crate) fn sample() -> Self {
        use std::sync::LazyLock;
        static BRAND: LazyLock<Brand> = LazyLock::new(Brand::default);
        static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets::new(&BRAND));
        Self {
            brand: &BRAND,
            assets: &ASSETS,
            base: "",
            request_id: "k7m2p9xq4tza",
            development: false,
            lang: SAMPLE_LANG.get(),
        }
    }

    /// Samples that are made in `make` are in this language.
    pub(crate) fn samples_in<T>(lang: Lang, make: impl FnOnce() -> T) -> T {
        SAMPLE_LANG.set(lang);
        let made = make();
        SAMPLE_LANG.set(Lang::En);
        made
    }

    /// The same as `cardea dev` shows it.
    pub(crate) fn development_sample() -> Self {
        Self {
            development: true,
            ..Self::sample()
        }
    }
}
