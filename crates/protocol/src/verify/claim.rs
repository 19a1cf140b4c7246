//! The shapes of claims, read directly: a derived untagged type would buffer everything first.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use crate::scope::Scope;

/// A text, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A text without a registered meaning: of another type it counts as absent.
#[derive(Default)]
pub(super) struct PerhapsText<'a>(pub(super) Option<Cow<'a, str>>);

/// A list of texts without a registered meaning: of another type it counts as absent.
#[derive(Default)]
pub(super) struct PerhapsTexts(pub(super) Option<Vec<String>>);

/// RFC 9068 §2.2.3: a text with spaces. Some issuers write a list.
pub(super) struct ScopeClaim(pub(super) Scope);

impl<'de: 'a, 'a> Deserialize<'de> for PerhapsText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PerhapsTextVisitor)
    }
}

impl<'de> Deserialize<'de> for PerhapsTexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PerhapsTextsVisitor)
    }
}

impl<'de> Deserialize<'de> for ScopeClaim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScopeVisitor)
    }
}

/// A text on which no rule depends: of another type it counts as absent.
pub(super) fn perhaps_text<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// A list of texts, or one text; what else is in it is left out.
pub(super) fn any_texts<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let list = match Value::deserialize(input)? {
        Value::Array(list) => list,
        text @ Value::String(_) => vec![text],
        _ => Vec::new(),
    };
    let texts = list.into_iter().filter_map(|one| match one {
        Value::String(text) => Some(text),
        _ => None,
    });
    Ok(texts.collect())
}

/// Other JSON types count as absent.
macro_rules! other_types_are_absent {
    ($($name:ident($type:ty))*) => {
        $(fn $name<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

struct PerhapsTextVisitor;

impl<'de> Visitor<'de> for PerhapsTextVisitor {
    type Value = PerhapsText<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(PerhapsText(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(PerhapsText(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(PerhapsText(None))
    }

    other_types_are_absent! { visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) }
}

struct PerhapsTextsVisitor;

impl<'de> Visitor<'de> for PerhapsTextsVisitor {
    type Value = PerhapsTexts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(PerhapsText(text)) = list.next_element()? {
            texts = texts.zip(text).map(|(mut texts, text)| {
                texts.push(text.into_owned());
                texts
            });
        }
        Ok(PerhapsTexts(texts))
    }

    other_types_are_absent! {
        visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str)
    }
}

struct ScopeVisitor;

impl<'de> Visitor<'de> for ScopeVisitor {
    type Value = ScopeClaim;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scopes in a text or a list")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Scope::parse(text).map(ScopeClaim).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut all = String::new();
        while let Some(Text(one)) = list.next_element()? {
            all.push_str(&one);
            all.push(' ');
        }
        Scope::parse(all.trim_end())
            .map(ScopeClaim)
            .map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_borrowed_until_it_has_escapes() {
        let read = |json| serde_json::from_str::<PerhapsText<'_>>(json).unwrap().0;
        assert!(matches!(read(r#""acme""#), Some(Cow::Borrowed("acme"))));
        assert_eq!(read(r#""ac\u006de""#).as_deref(), Some("acme"));
    }

    #[test]
    fn what_is_no_text_or_no_list_of_texts_is_absent() {
        for json in [
            "null",
            "true",
            "-1",
            "1",
            "1.5",
            "[[1], {}]",
            r#"{"a": {"b": []}}"#,
        ] {
            let text: PerhapsText<'_> = serde_json::from_str(json).unwrap();
            let texts: PerhapsTexts = serde_json::from_str(json).unwrap();
            assert_eq!((text.0, texts.0), (None, None), "{json}");
        }
        let texts = |json| serde_json::from_str::<PerhapsTexts>(json).unwrap().0;
        assert_eq!(texts(r#""a""#), None);
        assert_eq!(texts(r#"["a", 1, "b"]"#), None);
        assert_eq!(texts(r#"["a", "b"]"#).unwrap(), ["a", "b"]);
        assert_eq!(texts("[]").unwrap(), [""; 0]);
    }

    #[test]
    fn scopes_are_a_text_or_a_list_and_nothing_else() {
        let read = |json| serde_json::from_str::<ScopeClaim>(json);
        for json in [r#""a b""#, r#"["a", "b"]"#, r#"["a b"]"#] {
            assert_eq!(read(json).unwrap().0.to_string(), "a b", "{json}");
        }
        for json in ["7", "{}", "true", r#"["a", 7]"#, r#"["\""]"#, r#""\"""#] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn broken_json_is_an_error_in_every_shape() {
        for json in ["[1", r#"{"a""#, "", "nul", r#"["a",]"#] {
            assert!(
                serde_json::from_str::<PerhapsText<'_>>(json).is_err(),
                "{json}"
            );
            assert!(
                serde_json::from_str::<PerhapsTexts>(json).is_err(),
                "{json}"
            );
        }
    }
}
