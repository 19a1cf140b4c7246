//! `aud`: RFC 7519 §4.1.3.

use serde::Deserialize;

/// One audience, or several.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audiences {
    One(String),
    Many(Vec<String>),
}

impl Audiences {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let all = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(all) => all,
        };
        all.iter().map(String::as_str)
    }

    pub(super) fn contains(&self, audience: &str) -> bool {
        self.iter().any(|one| one == audience)
    }

    pub(super) fn is_single(&self) -> bool {
        self.iter().count() == 1
    }
}
