//! Licence expressions: names joined by `OR`, `AND`, `WITH` and parentheses, and the older `MIT/Apache-2.0`.

/// Far above what a real expression needs; bounds the recursion too.
const LONGEST: usize = 1_000;

/// Whether a user may choose, among the alternatives, only licences that are allowed.
pub(super) fn is_satisfied(
    expression: &str,
    allowed: &dyn Fn(&str) -> bool,
) -> Result<bool, String> {
    if expression.len() > LONGEST {
        return Err("too long".into());
    }
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser {
        words: words.as_slice(),
        allowed,
    };
    let satisfied = parser.any_of()?;
    match parser.words.first() {
        None => Ok(satisfied),
        Some(word) => Err(format!("unexpected `{word}`")),
    }
}

struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn any_of(&mut self) -> Result<bool, String> {
        let mut satisfied = self.all_of()?;
        while self.take("OR") {
            satisfied |= self.all_of()?;
        }
        Ok(satisfied)
    }

    /// SPDX 2.3 annex D.4: `AND` binds closer than `OR`, `WITH` closer than both.
    fn all_of(&mut self) -> Result<bool, String> {
        let mut satisfied = self.one()?;
        while self.take("AND") {
            satisfied &= self.one()?;
        }
        Ok(satisfied)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.take("(") {
            let satisfied = self.any_of()?;
            return if self.take(")") {
                Ok(satisfied)
            } else {
                Err("a parenthesis is not closed".into())
            };
        }
        let licence = self.name()?;
        if self.take("WITH") {
            let exception = self.name()?;
            return Ok((self.allowed)(&format!("{licence} WITH {exception}")));
        }
        Ok((self.allowed)(licence))
    }

    fn name(&mut self) -> Result<&'a str, String> {
        match self.words.split_first() {
            Some((word, rest)) if !["OR", "AND", "WITH", "(", ")"].contains(word) => {
                self.words = rest;
                Ok(word)
            }
            Some((word, _)) => Err(format!("`{word}` where a licence should stand")),
            None => Err("it ends where a licence should stand".into()),
        }
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn satisfied(expression: &str) -> Result<bool, String> {
        let allowed = ["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"];
        is_satisfied(expression, &|name| allowed.contains(&name))
    }

    #[test]
    fn one_alternative_is_enough() {
        assert_eq!(satisfied("MIT"), Ok(true));
        assert_eq!(satisfied("GPL-3.0-only OR MIT"), Ok(true));
        assert_eq!(satisfied("GPL-3.0-only OR LGPL-2.1-or-later"), Ok(false));
    }

    #[test]
    fn every_part_of_an_and_counts() {
        assert_eq!(satisfied("MIT AND ISC"), Ok(true));
        assert_eq!(satisfied("MIT AND OpenSSL"), Ok(false));
    }

    #[test]
    fn and_binds_closer_than_or() {
        assert_eq!(satisfied("MIT OR ISC AND OpenSSL"), Ok(true));
        assert_eq!(satisfied("(MIT OR ISC) AND OpenSSL"), Ok(false));
        assert_eq!(
            satisfied("ISC AND (Apache-2.0 OR OpenSSL) AND (BSL-1.0 OR (MIT))"),
            Ok(true)
        );
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert_eq!(satisfied("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(satisfied("MIT WITH LLVM-exception"), Ok(false));
    }

    #[test]
    fn the_slash_of_old_manifests_is_or() {
        assert_eq!(satisfied("GPL-2.0/MIT"), Ok(true));
        assert_eq!(satisfied("GPL-2.0 / LGPL-2.1"), Ok(false));
    }

    #[test]
    fn nonsense_is_refused() {
        for nonsense in [
            "",
            "MIT OR",
            "OR MIT",
            "(MIT",
            "MIT)",
            "MIT ISC",
            "MIT WITH",
            &"(".repeat(2_000),
        ] {
            assert!(satisfied(nonsense).is_err(), "{nonsense}");
        }
    }
}
