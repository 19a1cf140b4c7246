//! The caller and its tenant.

use axum::{
    Json,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use cardea_resource::{AccessToken, Clock as _, SystemClock};
use http::request::Parts;
use serde_json::{Value, json};

use crate::database::Database;

/// The caller. Handlers take this as an argument, so none can omit the tenant.
pub(crate) struct Caller {
    pub(crate) token: AccessToken,
    pub(crate) tenant: String,
}

impl FromRequestParts<Database> for Caller {
    type Rejection = Response;

    /// The tenant of the token: at Cardea the organization that the user acts for (`org_id`). A token of no organization has the tenant in
    /// our own table; a caller's first request adds a new one there.
    async fn from_request_parts(parts: &mut Parts, database: &Database) -> Result<Self, Response> {
        let token = AccessToken::from_request_parts(parts, database).await;
        let token = token.map_err(IntoResponse::into_response)?;
        let of_token = token.tenant().map(|tenant| format!("tenant:{tenant}"));
        let tenant = database.tenant_of(token.subject(), of_token, SystemClock.now());
        let tenant = tenant.await.map_err(IntoResponse::into_response)?;
        Ok(Self { token, tenant })
    }
}

/// `GET /me`: the caller as this API sees it.
pub(crate) async fn me(caller: Caller) -> Json<Value> {
    let Caller { token, tenant } = caller;
    Json(json!({
        "subject": token.subject(),
        "client_id": token.client_id(),
        "scope": token.scope().to_string(),
        "roles": token.roles().collect::<Vec<_>>(),
        "permissions": token.permissions().collect::<Vec<_>>(),
        "tenant": tenant,
        "token_expires_at": token.expires_at(),
    }))
}
