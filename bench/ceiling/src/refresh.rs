//! A refresh-like request: one durable update, one ES256 signature.

use axum::{extract::State, response::IntoResponse};
use bytes::Bytes;
use http::StatusCode;

use crate::{Bare, JSON, field, sign};

/// The token is the number of a row; its successor is itself.
pub(crate) async fn post(
    State(bare): State<&'static Bare>,
    form: Bytes,
) -> Result<impl IntoResponse, StatusCode> {
    let presented = field(&form, "refresh_token");
    let row = presented.parse().map_err(|_| StatusCode::BAD_REQUEST)?;
    if !bare.rows.rotate(row).await {
        return Err(StatusCode::NOT_FOUND);
    }
    let token = sign::token(&bare.es256, "orders:read")?;
    Ok((
        JSON,
        format!(
            r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":900,"refresh_token":"{row}"}}"#
        ),
    ))
}
