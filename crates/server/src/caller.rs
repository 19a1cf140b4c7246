//! Who is calling: taken from each request once.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use cardea_protocol::model::{Actor, Cause, LastSeen};
use cardea_web::inbound::{ClientAddress, RequestId};
use http::{HeaderMap, Method, header::USER_AGENT, request::Parts};
use jiff::Timestamp;

use crate::app::Shared;

const MAX_USER_AGENT_BYTES: usize = 256;

/// A request's time, reference, origin and headers.
pub(crate) struct Caller {
    pub(crate) now: Timestamp,
    pub(crate) request_id: RequestId,
    pub(crate) address: Option<ClientAddress>,
    /// Whether this is a POST, whose answer no browser keeps in its history without asking before it sends it again.
    pub(crate) is_post: bool,
    /// Whether this is a HEAD request, which must not write anything.
    pub(crate) is_head: bool,
    pub(crate) headers: HeaderMap,
    /// The query as it came, where there is one.
    pub(crate) query: Option<String>,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Infallible> {
        Ok(Self {
            now: app.now(),
            request_id: parts
                .extensions
                .get::<RequestId>()
                .copied()
                .unwrap_or_else(|| RequestId::from_bits(0)),
            address: parts.extensions.get::<ClientAddress>().copied(),
            is_post: parts.method == Method::POST,
            is_head: parts.method == Method::HEAD,
            headers: parts.headers.clone(),
            query: parts.uri.query().map(str::to_owned),
        })
    }
}

impl Caller {
    /// At most 256 bytes of the `User-Agent`, without control characters.
    pub(crate) fn user_agent(&self) -> Option<String> {
        let text = self.headers.get(USER_AGENT)?.to_str().ok()?;
        Some(
            text.chars()
                .filter(|c| !c.is_control())
                .take(MAX_USER_AGENT_BYTES)
                .collect(),
        )
    }

    /// From where and with what.
    pub(crate) fn seen(&self) -> LastSeen {
        LastSeen {
            address: self.address.map(|a| a.ip),
            user_agent: self.user_agent(),
        }
    }

    /// What the store writes its audit rows from.
    pub(crate) fn cause(&self, actor: Actor) -> Cause {
        Cause {
            now: self.now,
            request_id: self.request_id.to_string(),
            address: self.address.map(|a| a.ip),
            user_agent: self.user_agent(),
            actor,
        }
    }
}
