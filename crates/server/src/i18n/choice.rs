//! Which language a request is answered in.

use std::sync::OnceLock;

use cardea_protocol::{language::Lang, model::User, profile};
use http::{HeaderMap, header::ACCEPT_LANGUAGE};

/// The language of a request: the first that is offered. Offers are made in the order of their rank as the request is read:
/// `ui_locales` of the authorization request, the user's own setting, and at last what the browser asks for.
#[derive(Debug, Default)]
pub(crate) struct Choice(OnceLock<Lang>);

impl Choice {
    /// Takes this language, unless there is one already.
    pub(crate) fn offer(&self, lang: Option<Lang>) {
        if let Some(lang) = lang {
            self.0.get_or_init(|| lang);
        }
    }

    /// Takes the language that the user chose, else the claim `locale` of OpenID Core §5.1.
    pub(crate) fn offer_of(&self, user: Option<&User>) {
        self.offer(user.and_then(profile::language));
    }

    /// The language: what was offered, or what the browser asks for, or the default.
    pub(crate) fn lang(&self, headers: &HeaderMap, default: Lang) -> Lang {
        *self.0.get_or_init(|| {
            let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
            accepted
                .and_then(Lang::of_accept_language)
                .unwrap_or(default)
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_first_offer_counts_and_the_header_is_the_last() {
        let german = HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static("de"))]);
        let lang = |offers: &[Option<Lang>], headers: &HeaderMap| {
            let choice = Choice::default();
            offers.iter().for_each(|offer| choice.offer(*offer));
            choice.lang(headers, Lang::Es)
        };
        assert_eq!(
            lang(&[None, Some(Lang::Fr), Some(Lang::En)], &german),
            Lang::Fr
        );
        assert_eq!(lang(&[None], &german), Lang::De);
        assert_eq!(lang(&[], &HeaderMap::new()), Lang::Es);
    }
}
