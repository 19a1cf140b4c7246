//! The fields of a posted page, each at most once.

use cardea_web::inbound::{FormError, FormPairs};

use crate::error::Failure;

/// The fields of a posted page.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// A field that comes twice makes the form nobody's.
    pub(crate) fn of(form: Result<FormPairs, FormError>) -> Result<Self, Failure> {
        let pairs = form?.0;
        let twice = pairs
            .iter()
            .enumerate()
            .any(|(i, (name, _))| pairs.iter().take(i).any(|(other, _)| other == name));
        if twice {
            return Err(Failure::page(
                crate::error_page::page::Trouble::NotFromHere,
                "a field comes twice",
            ));
        }
        Ok(Self(pairs))
    }

    /// A field.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    }
}
