use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::findings::Finding;

/// The result of an inspection of a store.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Whose the store is; null before the first start.
    pub owner: Option<StoreOwner>,
    /// What was found in it.
    pub findings: Vec<Finding>,
}

/// The marks of a store.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StoreOwner {
    /// The issuer.
    pub issuer: String,
    /// Whether `cardea dev` made it.
    pub development: bool,
    /// Proves a master key without revealing anything about it; base64url.
    pub master_key_check: String,
}
