//! Pages of lists.

use axum::extract::{FromRequestParts, Query};
use cardea_store::Page;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::app::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    limit: u32,
    offset: u32,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            limit: 100,
            offset: 0,
        }
    }
}

/// The page that `limit` and `offset` of the query ask for.
pub(super) struct Window(pub(super) Page);

impl FromRequestParts<Shared> for Window {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let Query(Asked { limit, offset }) = Query::from_request_parts(parts, app)
            .await
            .map_err(|e| Refusal::bad_request(e.body_text()))?;
        // D3: everything has a bound.
        if !(1..=Page::MAX).contains(&limit) {
            return Err(Refusal::bad_request(format!(
                "limit: a page has 1 to {} rows",
                Page::MAX
            )));
        }
        Ok(Self(Page { limit, offset }))
    }
}

/// A page, and where the next one begins if this one is full.
#[derive(Serialize)]
pub(super) struct List<T> {
    items: Vec<T>,
    next_offset: Option<u32>,
}

impl<T> List<T> {
    /// One page of many.
    pub(super) fn page(items: Vec<T>, page: Page) -> Self {
        let full = items.len() >= page.limit as usize;
        Self {
            items,
            next_offset: full.then(|| page.offset.saturating_add(page.limit)),
        }
    }

    /// All there are.
    pub(super) fn all(items: Vec<T>) -> Self {
        Self {
            items,
            next_offset: None,
        }
    }
}
