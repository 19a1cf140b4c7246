//! Everything between a socket and a handler.

pub mod body;
mod body_budget;
pub mod client_address;
pub mod client_certificate;
pub mod cookies;
pub mod cors;
pub mod csrf;
mod form_encoding;
pub mod headers;
mod host;
pub mod limits;
pub mod listener;
mod measure;
pub mod middleware;
pub mod path;
pub mod problem;
mod proxy_headers;
mod readable;
pub mod request_id;
mod shares;
pub mod shutdown;
pub mod tls;

pub use body::{FormError, FormPairs, QueryPairs, UnreadForm};
pub use client_address::{ClientAddress, Peer};
pub use client_certificate::{ClientCertificate, ClientCertificates};
pub use cookies::{CookieNames, SetCookie};
pub use headers::PageHeaders;
pub use middleware::{Inbound, Logged};
pub use problem::Problem;
pub use proxy_headers::is_of_proxies;
pub use readable::{Readable, ReadableQuery};
pub use request_id::RequestId;
