//! The URIs of a client, checked.

use url::{Origin, Url};

use super::{
    AuthMethod, ClientMetadata, MetadataError,
    client::{MAX_URIS, refuse},
};
use crate::redirect_uri::{ApplicationType, RegisteredRedirectUri, is_loopback};

/// The bound of a URL that the server requests.
const MAX_URL_BYTES: usize = 1024;

pub(super) fn too_many_uris(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    if metadata.redirect_uris.len() > MAX_URIS {
        return refuse("redirect_uris", "more than 32");
    }
    if metadata.post_logout_redirect_uris.len() > MAX_URIS {
        return refuse("post_logout_redirect_uris", "more than 32");
    }
    Ok(())
}

pub(super) fn redirect_uris(
    metadata: &ClientMetadata,
) -> Result<Vec<RegisteredRedirectUri>, MetadataError> {
    too_many_uris(metadata)?;
    for raw in &metadata.post_logout_redirect_uris {
        redirect_uri("post_logout_redirect_uris", raw, metadata)?;
    }
    let uris = metadata.redirect_uris.iter();
    uris.map(|raw| redirect_uri("redirect_uris", raw, metadata))
        .collect()
}

pub(super) fn redirect_uri(
    field: &'static str,
    raw: &str,
    metadata: &ClientMetadata,
) -> Result<RegisteredRedirectUri, MetadataError> {
    RegisteredRedirectUri::parse(raw, metadata.application_type).map_err(|e| MetadataError {
        field,
        problem: format!("{raw}: {e}"),
    })
}

/// A browser application calls from the origins of its redirect URIs; any other client only from `allowed_origins`.
pub(super) fn origins(metadata: &ClientMetadata) -> Vec<String> {
    let mut origins = metadata.allowed_origins.clone();
    let in_browser = metadata.token_endpoint_auth_method == AuthMethod::None
        && metadata.application_type == ApplicationType::Web;
    if in_browser {
        let of = |uri: &String| {
            Url::parse(uri)
                .ok()
                .map(|u| u.origin())
                .filter(Origin::is_tuple)
        };
        origins.extend(
            metadata
                .redirect_uris
                .iter()
                .filter_map(of)
                .map(|o| o.ascii_serialization()),
        );
    }
    origins.sort_unstable();
    origins.dedup();
    origins
}

/// A URL that the server itself requests.
pub(super) fn reached(uri: &str, field: &'static str) -> Result<Url, MetadataError> {
    let safe = |url: &Url| url.scheme() == "https" || url.scheme() == "http" && is_loopback(url);
    match Url::parse(uri).ok().filter(safe) {
        Some(url) if uri.len() <= MAX_URL_BYTES => Ok(url),
        _ => refuse(
            field,
            "it is not an https URL; http is allowed for loopback only",
        ),
    }
}

/// RFC 7591 §2: `logo_uri` is requested by the server, `policy_uri` and `tos_uri` are links on a page.
pub(super) fn pages(metadata: &ClientMetadata) -> [(&'static str, Option<&str>); 3] {
    [
        ("logo_uri", metadata.logo_uri.as_deref()),
        ("policy_uri", metadata.policy_uri.as_deref()),
        ("tos_uri", metadata.tos_uri.as_deref()),
    ]
}

pub(super) fn check_pages(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    let mut pages = pages(metadata).into_iter();
    pages.try_for_each(|(field, uri)| uri.map_or(Ok(()), |uri| check_page(field, uri)))
}

pub(super) fn check_page(field: &'static str, uri: &str) -> Result<(), MetadataError> {
    let url = reached(uri, field)?;
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(field, "it has a user name in it");
    }
    Ok(())
}

pub(super) fn check_backchannel_logout(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    let field = "backchannel_logout_uri";
    let Some(uri) = &metadata.backchannel_logout_uri else {
        return Ok(());
    };
    let url = reached(uri, field)?;
    // OpenID Back-Channel Logout §2.2: an absolute URI, without a fragment.
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return refuse(field, "it has a fragment, or a user name in it");
    }
    Ok(())
}
