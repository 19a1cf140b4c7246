//! What is said to the API, and what of its answer is said to the browser.

use axum::{body::Body, response::Response};
use cardea_web::{
    inbound::{ClientAddress, RequestId, is_of_proxies},
    outbound::take_off_hop_by_hop,
};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, VARY, X_CONTENT_TYPE_OPTIONS},
    request,
};

use crate::bff::csrf;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What goes to the API: no cookie, nothing that is meant only for this app, and who is calling as we know it.
pub(super) fn prepare(head: &mut request::Parts, bearer: HeaderValue) {
    let headers = &mut head.headers;
    // First, or the browser's `Connection` could have what is put in here taken out again.
    take_off_hop_by_hop(headers);
    remove_where(headers, |name| stays_here(name) || is_forgery(name));
    headers.insert(AUTHORIZATION, bearer);
    if let Some(id) = head.extensions.get::<RequestId>()
        && let Ok(id) = HeaderValue::from_str(id.as_str())
    {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(client) = head.extensions.get::<ClientAddress>()
        && let Ok(ip) = HeaderValue::try_from(client.ip.to_string())
    {
        headers.insert(FORWARDED_FOR, ip);
    }
    // They are for this side of the call.
    head.extensions.clear();
}

fn stays_here(name: &str) -> bool {
    matches!(name, "cookie" | "origin") || csrf::HEADERS.contains(&name) || name.starts_with("sec-")
}

/// Whether a server could take the field for who calls, or for another method or path than those that were judged here.
fn is_forgery(name: &str) -> bool {
    is_of_proxies(name) || name == "x-method-override" || name.starts_with("x-http-method")
}

fn remove_where(headers: &mut HeaderMap, gone: impl Fn(&str) -> bool) {
    let gone: Vec<HeaderName> = headers
        .keys()
        .filter(|name| gone(name.as_str()))
        .cloned()
        .collect();
    for name in gone {
        headers.remove(name);
    }
}

/// The API speaks to the page, not for the app's origin: it sets no cookies, opens it to no other origin, is no page itself, and no
/// cache that can't see the session keeps its answer.
pub(super) fn clean(mut answer: Response<Body>) -> Response {
    let headers = answer.headers_mut();
    remove_where(headers, |name| {
        speaks_for_the_app(name) || is_for_proxies(name)
    });
    // RFC 9111 §3.5: shared caches spare answers to requests with `Authorization`, which the browser's request hasn't.
    if !is_kept_private(headers) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.append(VARY, HeaderValue::from_static("Cookie"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    let no_page = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
    headers.insert(CONTENT_SECURITY_POLICY, no_page);
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    answer
}

/// Fields that browsers apply to the whole origin, or that leave the page.
fn speaks_for_the_app(name: &str) -> bool {
    let exact = [
        "set-cookie",
        "strict-transport-security",
        "alt-svc",
        "clear-site-data",
        "service-worker-allowed",
        "nel",
        "report-to",
        "refresh",
    ];
    exact.contains(&name) || name.starts_with("access-control-")
}

/// Orders to a proxy or a cache in front of the app: what to keep, which file or address to answer with instead.
fn is_for_proxies(name: &str) -> bool {
    let prefixes = [
        "x-accel-",
        "x-lighttpd-",
        "x-litespeed-",
        "x-reproxy-",
        "x-sendfile",
    ];
    let endings = ["-cache-control", "-send-file", "-sendfile"];
    name == "surrogate-control"
        || name == "edge-control"
        || prefixes.iter().any(|prefix| name.starts_with(prefix))
        || endings.iter().any(|ending| name.ends_with(ending))
}

/// Whether no shared cache may keep it. `private="field"` is another thing: it spares only that field.
fn is_kept_private(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CACHE_CONTROL).iter();
    let text: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    let has = |wanted: &str| {
        let mut directives = text.iter().flat_map(|line| line.split(','));
        directives.any(|one| one.trim().eq_ignore_ascii_case(wanted))
    };
    (has("private") || has("no-store")) && !has("public")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn b6_orders_to_proxies_of_every_kind_are_removed() {
        for name in [
            "x-accel-redirect",
            "x-sendfile",
            "x-sendfile2",
            "x-sendfile-type",
            "x-lighttpd-send-file",
            "x-lighttpd-send-tempfile",
            "x-litespeed-location",
            "x-litespeed-cache-control",
            "x-litespeed-purge",
            "x-reproxy-url",
            "x-reproxy-file",
            "cdn-cache-control",
            "cloudflare-cdn-cache-control",
            "surrogate-control",
            "edge-control",
        ] {
            assert!(is_for_proxies(name), "{name}");
        }
        for name in ["cache-control", "content-type", "x-request-id", "x-send"] {
            assert!(!is_for_proxies(name), "{name}");
        }
    }

    #[test]
    fn what_only_looks_private_is_not_stored() {
        let kept = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
            }
            is_kept_private(&headers)
        };
        for lines in [
            &["private, max-age=60"][..],
            &["Private"],
            &["no-store"],
            &["max-age=60", "private"],
        ] {
            assert!(kept(lines), "{lines:?}");
        }
        for lines in [
            &[][..],
            &["public"],
            &["max-age=60"],
            &["max-age=60, private=\"set-cookie\""],
            &["max-age=60, x-private"],
            &["private", "public"],
        ] {
            assert!(!kept(lines), "{lines:?}");
        }
    }
}
