//! A form becomes a signed token.

use axum::{extract::State, response::IntoResponse};
use bytes::Bytes;
use cardea_jose::SigningKey;
use cardea_seal::Entropy;
use http::StatusCode;

use crate::{Bare, JSON, field};

pub(crate) async fn es256(State(bare): State<&'static Bare>, form: Bytes) -> impl IntoResponse {
    answer(&bare.es256, &form)
}

pub(crate) async fn rs256(State(bare): State<&'static Bare>, form: Bytes) -> impl IntoResponse {
    answer(&bare.rs256, &form)
}

pub(crate) async fn eddsa(State(bare): State<&'static Bare>, form: Bytes) -> impl IntoResponse {
    answer(&bare.eddsa, &form)
}

fn answer(key: &SigningKey, form: &[u8]) -> Result<impl IntoResponse + use<>, StatusCode> {
    let token = token(key, &field(form, "scope"))?;
    Ok((
        JSON,
        format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":900}}"#),
    ))
}

/// A token with the claims that one of Cardea has.
pub(crate) fn token(key: &SigningKey, scope: &str) -> Result<String, StatusCode> {
    let claims = serde_json::json!({
        "iss": "http://localhost:9000",
        "exp": 2_000_000_900,
        "aud": "api://orders",
        "sub": "script",
        "client_id": "script",
        "iat": 2_000_000_000,
        "jti": Entropy::system().text(16),
        "scope": scope,
    });
    key.sign("at+jwt", claims.to_string().as_bytes())
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
