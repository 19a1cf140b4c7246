//! An introspection of an opaque token: one seal opened, one indexed row read.

use axum::{extract::State, response::IntoResponse};
use bytes::Bytes;
use http::StatusCode;

use crate::{Bare, JSON, field};

/// One sealed token for each row, one per line.
pub(crate) fn tokens(bare: &Bare, rows: u32) -> String {
    (0..rows)
        .map(|row| bare.sealer.seal_text(row.to_string().as_bytes(), b"") + "\n")
        .collect()
}

pub(crate) async fn post(
    State(bare): State<&'static Bare>,
    form: Bytes,
) -> Result<impl IntoResponse, StatusCode> {
    let opened = bare
        .sealer
        .open_text(&field(&form, "token"), b"")
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    let row = std::str::from_utf8(opened.expose())
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(StatusCode::BAD_REQUEST)?;
    let generation = bare.rows.read(row).ok_or(StatusCode::NOT_FOUND)?;
    Ok((
        JSON,
        format!(r#"{{"active":true,"scope":"orders:read","generation":{generation}}}"#),
    ))
}
