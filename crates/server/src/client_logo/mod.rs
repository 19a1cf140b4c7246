//! `GET /client_logo`: the logo that a client registered, fetched by us and never linked to.
//!
//! A page that loaded it from the client's own server would tell that server of each user who is about to sign in.

pub(crate) mod cache;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use cardea_protocol::model::Client;
use cardea_seal::Digest;
use cardea_web::inbound::{FormError, QueryPairs};
use form_urlencoded::Serializer;
use http::{HeaderValue, header};

use crate::{
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    limited,
    pages::{Logo, csp},
};

/// The address has the hash of the URI in it. What lies at the URI may change.
const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// Where pages find the logo of a client, below the path of the issuer.
pub(crate) fn path(client: &Client) -> Option<String> {
    let uri = client.metadata().logo_uri.as_deref()?;
    let version: String = Digest::of(uri.as_bytes())
        .to_text()
        .chars()
        .take(8)
        .collect();
    let query = Serializer::new(String::new())
        .append_pair("client_id", client.id().as_str())
        .append_pair("v", &version)
        .finish();
    Some(format!("client_logo?{query}"))
}

/// `GET /client_logo?client_id=…`
pub(crate) async fn get(ctx: Ctx, query: Result<QueryPairs, FormError>) -> Response {
    match logo(&ctx, query).await {
        Ok(logo) => {
            let headers = [
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static(logo.content_type()),
                ),
                (header::CACHE_CONTROL, A_DAY),
                (
                    header::CONTENT_SECURITY_POLICY,
                    HeaderValue::from_static(csp::ASSET),
                ),
            ];
            (headers, logo.bytes().clone()).into_response()
        }
        Err(failure) => error::page(&ctx, Err(failure)),
    }
}

async fn logo(ctx: &Ctx, query: Result<QueryPairs, FormError>) -> Result<Logo, Failure> {
    let Ctx { app, caller, .. } = ctx;
    limited::by_network(&app.limits.other, caller)?;
    let missing = || Failure::page(PageError::NotFound, "no such client, or it has no logo");
    let query = query?.0;
    let (_, id) = query
        .iter()
        .find(|(name, _)| name == "client_id")
        .ok_or_else(missing)?;
    let client: Arc<Client> = app.clients.find(id).await?.ok_or_else(missing)?;
    let uri = client.metadata().logo_uri.as_deref().ok_or_else(missing)?;
    let logo = app.client_logos.logo(uri, caller.now).await;
    logo.ok_or_else(missing)
}
