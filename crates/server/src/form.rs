//! Posted forms: limits are checked before the body is read.

use cardea_web::inbound::{Readable, UnreadForm, limits::Limiter};

use crate::{caller::Caller, error::Failure, limited};

/// The bound of an authorization or logout request. Its parameters have 16 KiB at most, before they are percent-encoded.
const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// The bound of a page whose form has a ticket, in which the request is.
pub(crate) const MAX_STEP_BYTES: usize = 16 * 1024;
/// The bound of a page whose form has a ticket and the answer of a passkey.
pub(crate) const MAX_PASSKEY_BYTES: usize = 32 * 1024;
/// The bound of all other pages.
pub(crate) const MAX_PAGE_BYTES: usize = 8 * 1024;

/// Counts a request of the caller's network, then reads its form.
pub(crate) async fn read_limited(
    limiter: &Limiter,
    caller: &Caller,
    form: UnreadForm,
    max_bytes: usize,
) -> Result<Vec<(String, String)>, Failure> {
    limited::by_network(limiter, caller)?;
    Ok(form.read(max_bytes).await?.0)
}

/// Counts an authorization or logout request of the caller's network, then reads what can be read of it.
pub(crate) async fn read_request(
    limiter: &Limiter,
    caller: &Caller,
    form: UnreadForm,
) -> Result<Readable, Failure> {
    limited::by_network(limiter, caller)?;
    Ok(form.read_leniently(MAX_REQUEST_BYTES).await?)
}

/// Asks whether the caller's network is within its limit, then reads the form. The request is counted when it is known
/// whether its client could be authenticated.
pub(crate) async fn read_uncounted(
    limiter: &Limiter,
    caller: &Caller,
    form: UnreadForm,
    max_bytes: usize,
) -> Result<Vec<(String, String)>, Failure> {
    limited::peek_network(limiter, caller)?;
    let read = form.read(max_bytes).await;
    if read.is_err() {
        limited::count(limiter, caller);
    }
    Ok(read?.0)
}

/// The fields of a posted page.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// A field that comes twice makes the form nobody's.
    pub(crate) fn of(pairs: Vec<(String, String)>) -> Result<Self, Failure> {
        let twice = pairs
            .iter()
            .enumerate()
            .any(|(i, (name, _))| pairs.iter().take(i).any(|(other, _)| other == name));
        if twice {
            return Err(Failure::page(
                crate::error_page::page::PageError::NotFromHere,
                "a field comes twice",
            ));
        }
        Ok(Self(pairs))
    }

    /// A field.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    }
}
