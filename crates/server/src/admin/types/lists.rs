use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How many rows a page has if the request does not say it.
pub const DEFAULT_LIMIT: u32 = 100;

pub(super) const fn default_limit() -> u32 {
    DEFAULT_LIMIT
}

/// Which page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// How many rows.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: u32,
    /// The cursor: the member `next` of the previous page.
    pub after: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page, to be passed as `after`; null on the last page.
    pub next: Option<String>,
}
