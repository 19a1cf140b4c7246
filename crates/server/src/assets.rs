//! Style sheet and logo, each at an address with its hash.

use axum::{
    extract::{Path, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};

use crate::{
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    pages::csp,
};

/// The hash is in the address, so what lies there never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// `GET /assets/{file}`
pub(crate) async fn get(ctx: Ctx, file: Result<Path<String>, PathRejection>) -> Response {
    let asset = file
        .ok()
        .and_then(|Path(file)| ctx.app.assets.asset(&format!("assets/{file}")));
    let Some((content_type, bytes)) = asset else {
        let missing = Err(Failure::page(PageError::NotFound, "no such asset"));
        return error::page(&ctx, missing);
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, FOR_EVER),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(csp::ASSET),
        ),
    ];
    (headers, bytes).into_response()
}
