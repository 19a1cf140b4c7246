//! The parameters of a request, not yet interpreted.

use crate::error::OAuthError;

/// RFC 8707 §2: the one parameter that may come more than once.
const REPEATABLE: &str = "resource";
const MAX_PARAMS: usize = 64;

/// Parameters, each at most once, none empty, all together within a bound.
#[derive(Debug, Clone, Copy)]
pub struct Params<'a>(&'a [(String, String)]);

impl<'a> Params<'a> {
    /// Accepts decoded pairs of at most `max_bytes` together.
    pub fn new(pairs: &'a [(String, String)], max_bytes: usize) -> Result<Self, OAuthError> {
        let bytes: usize = pairs.iter().map(|(k, v)| k.len() + v.len()).sum();
        if bytes > max_bytes || pairs.len() > MAX_PARAMS {
            return Err(OAuthError::invalid_request(format!(
                "the request is larger than {max_bytes} bytes or {MAX_PARAMS} parameters"
            )));
        }
        for (i, (name, _)) in pairs.iter().enumerate() {
            // RFC 6749 §3.1, §3.2: parameters must not be included more than once.
            if name != REPEATABLE && pairs.iter().take(i).any(|(earlier, _)| earlier == name) {
                // RFC 6749 §5.2: a description holds neither quotes nor backslashes.
                let shown: String = name
                    .chars()
                    .filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'))
                    .take(32)
                    .collect();
                return Err(OAuthError::invalid_request(format!(
                    "the parameter {shown} comes more than once"
                )));
            }
            // A NUL is no part of any grammar here, and no store keeps it.
            if pairs.get(i).is_some_and(|(_, v)| v.contains('\0')) {
                return Err(OAuthError::invalid_request(
                    "a parameter has a NUL character",
                ));
            }
        }
        Ok(Self(pairs))
    }

    /// Pairs that [`Params::new`] refused. Only a parameter that comes once is unambiguous.
    pub(super) fn flawed(pairs: &'a [(String, String)]) -> Self {
        Self(pairs)
    }

    /// How often a parameter comes, with or without a value.
    pub(super) fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(k, _)| k == name).count()
    }

    /// The value of a parameter.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// All values of a parameter that may come more than once.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        // RFC 6749 §3.1: a parameter without a value counts as omitted.
        self.0
            .iter()
            .filter(move |(k, v)| k == name && !v.is_empty())
            .map(|(_, v)| v.as_str())
    }

    /// The value of a required parameter.
    pub fn required(&self, name: &str) -> Result<&'a str, OAuthError> {
        self.one(name)
            .ok_or_else(|| OAuthError::invalid_request(format!("the parameter {name} is missing")))
    }

    /// The value of a parameter within its own bound.
    pub fn bounded(&self, name: &str, max_bytes: usize) -> Result<Option<&'a str>, OAuthError> {
        match self.one(name) {
            Some(value) if value.len() > max_bytes => Err(OAuthError::invalid_request(format!(
                "the parameter {name} is longer than {max_bytes} bytes"
            ))),
            value => Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn a_repeated_parameter_is_refused_but_for_resource() {
        assert!(Params::new(&pairs(&[("a", "1"), ("a", "1")]), 100).is_err());
        assert!(Params::new(&pairs(&[("a", "1"), ("a", "")]), 100).is_err());
        let twice = pairs(&[("resource", "1"), ("resource", "2")]);
        assert_eq!(Params::new(&twice, 100).unwrap().all("resource").count(), 2);
    }

    #[test]
    fn an_empty_parameter_counts_as_omitted() {
        let list = pairs(&[("a", "")]);
        assert_eq!(Params::new(&list, 100).unwrap().one("a"), None);
    }

    #[test]
    fn sizes_and_counts_are_bounded() {
        assert!(Params::new(&pairs(&[("a", &"x".repeat(100))]), 100).is_err());
        let many: Vec<_> = (0..65).map(|i| (format!("p{i}"), "1".to_owned())).collect();
        assert!(Params::new(&many, 10_000).is_err());
        assert!(Params::new(&pairs(&[("a", "x\0")]), 100).is_err());
        let list = pairs(&[("a", "12345")]);
        assert!(Params::new(&list, 100).unwrap().bounded("a", 4).is_err());
    }

    #[test]
    fn the_name_of_a_repeated_parameter_is_shown_only_as_far_as_a_description_may_hold_it() {
        let error =
            Params::new(&pairs(&[("a\"\\\n<é", "1"), ("a\"\\\n<é", "2")]), 100).unwrap_err();
        assert_eq!(error.description(), "the parameter a< comes more than once");
    }

    proptest::proptest! {
        #[test]
        fn what_is_accepted_has_each_parameter_once_and_within_the_bound(
            list in proptest::collection::vec(("[a-c]{0,2}|resource", "\\PC{0,8}|\0"), 0..8),
        ) {
            let Ok(params) = Params::new(&list, 40) else { return Ok(()) };
            proptest::prop_assert!(list.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>() <= 40);
            for (name, value) in &list {
                let count = list.iter().filter(|(n, _)| n == name).count();
                proptest::prop_assert!(count == 1 || name == REPEATABLE);
                proptest::prop_assert!(params.all(name).all(|v| !v.is_empty()));
                proptest::prop_assert!(value.is_empty() || params.all(name).any(|v| v == value));
            }
        }
    }
}
