//! The answer as the client gets it.

use cardea_web::inbound::{RequestId, request_id};
use cardea_web::outbound::take_off_hop_by_hop;
use http::header::{SERVER, STRICT_TRANSPORT_SECURITY};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::table::{Route, Table};

const X_POWERED_BY: HeaderName = HeaderName::from_static("x-powered-by");
// Without includeSubDomains: what else lives under the host's name is not ours to decide.
const TWO_YEARS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Takes off what was said to the gateway alone, what tells strangers which program with which hole stands behind, and
/// cookies that aren't the upstream's to set.
pub(crate) fn hand_on(headers: &mut HeaderMap, table: &Table, route: &Route) {
    take_off_hop_by_hop(headers);
    headers.remove(SERVER);
    headers.remove(X_POWERED_BY);
    if !route.private_cookies {
        table.private.keep_from_being_set(headers);
    }
}

/// Adds what every answer carries. What the upstream set stays: it knows its own pages.
pub(crate) fn harden(headers: &mut HeaderMap, table: &Table, https: bool, id: RequestId) {
    for (name, value) in &table.pack {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    // RFC 6797 §7.2: never over plain http.
    if table.hsts && https {
        headers
            .entry(STRICT_TRANSPORT_SECURITY)
            .or_insert(TWO_YEARS);
    }
    if let Some(id) = id.header_value() {
        headers.insert(request_id::HEADER, id);
    }
}
