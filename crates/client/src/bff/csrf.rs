//! Proof that a request that changes something was made by this app's own pages.

use cardea_web::inbound::csrf::same_origin;
use http::HeaderMap;

use super::{Bff, CsrfPolicy};
use crate::session::Session;

const HEADER: &str = "x-csrf";
const TOKEN_HEADER: &str = "x-csrf-token";
/// The field of a form with the session's token.
pub(super) const TOKEN_FIELD: &str = "csrf_token";

/// Headers that are for this app, not for the API behind it.
pub(super) const HEADERS: [&str; 2] = [HEADER, TOKEN_HEADER];

impl Bff {
    /// Judges a request that changes something; `form_token` is what came in a form.
    pub(super) fn judge_origin(
        &self,
        headers: &HeaderMap,
        session: &Session,
        form_token: Option<&str>,
    ) -> Result<(), &'static str> {
        if !same_origin(headers, self.0.sessions.origin()) {
            return Err("The request comes from another site.");
        }
        let holds = |token: &str| self.0.sessions.csrf_holds(session, token);
        let by_form = form_token.is_some_and(holds);
        let header = headers.get(HEADER).is_some_and(|value| value == "1");
        let in_header = headers
            .get(TOKEN_HEADER)
            .and_then(|value| value.to_str().ok());
        let token = in_header.is_some_and(holds);
        let (proved, wanted) = match self.0.config.csrf {
            CsrfPolicy::Header => (header, "The header X-CSRF: 1 is missing."),
            CsrfPolicy::Token => (token, "The session's token is missing or another's."),
            CsrfPolicy::Both => (
                header && token,
                "The header X-CSRF: 1 or the session's token is missing.",
            ),
        };
        if proved || by_form {
            Ok(())
        } else {
            Err(wanted)
        }
    }
}
