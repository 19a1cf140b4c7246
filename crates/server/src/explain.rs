//! Why a request was refused, for the log and, in `cardea dev`, for the error page.

use cardea_protocol::{OAuthError, explain::Shown};
use cardea_web::log::REFUSED;

use crate::caller::Caller;

/// Logs a refused request in one line. The fields are stable; `docs/reference/log.md` describes them.
pub(crate) fn log(caller: &Caller, error: &OAuthError) {
    let trail = error.trail();
    let values = trail.map(|t| t.values());
    let text = |value: Option<&Shown>| value.map(|v| v.as_str().to_owned());
    let failed = trail.and_then(|t| t.failure());
    tracing::info!(
        target: REFUSED,
        request_id = %caller.request_id,
        error = %error.code(),
        description = error.description(),
        cause = error.cause(),
        client_id = text(trail.and_then(|t| t.client_id())),
        check = failed.map(|c| c.name),
        section = failed.map(|c| c.section),
        sent = text(values.and_then(|v| v.sent.as_ref())),
        registered = text(values.and_then(|v| v.registered.as_ref())),
        differs = values.and_then(|v| v.differs.as_deref()),
        advice = values.and_then(|v| v.advice),
        trail = trail.map(tracing::field::display),
        "refused"
    );
}

/// What the error page of `cardea dev` shows of a refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Explanation {
    /// The name and value of each line, in their order.
    pub(crate) lines: Vec<(&'static str, String)>,
}

impl Explanation {
    /// `None` when no check refused the request.
    pub(crate) fn of(error: &OAuthError) -> Option<Self> {
        let trail = error.trail()?;
        let failed = trail.failure()?;
        let values = trail.values();
        let problem = match error.cause() {
            None => error.description().to_owned(),
            Some(cause) => format!("{} ({cause})", error.description()),
        };
        let shown = |value: Option<&Shown>| value.map(|v| v.as_str().to_owned());
        let all = [
            ("client_id", shown(trail.client_id())),
            (
                "check",
                Some(format!("{} ({})", failed.name, failed.section)),
            ),
            ("error", Some(problem)),
            ("sent", shown(values.sent.as_ref())),
            ("registered", shown(values.registered.as_ref())),
            ("differs", values.differs.clone()),
            ("advice", values.advice.map(str::to_owned)),
        ];
        let present = all
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        Some(Self {
            lines: present.collect(),
        })
    }
}
