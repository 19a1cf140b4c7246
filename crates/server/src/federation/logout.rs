//! A logout here that is one at the upstream too (RP-Initiated Logout §2), where it is configured.

use cardea_protocol::model::SessionId;

use super::upstreams::in_time;
use crate::{ctx::Ctx, error::Failure};

/// The logout at an upstream.
pub(crate) struct LogoutThere<'a> {
    /// The provider's name on its button.
    pub(crate) name: &'a str,
    pub(crate) url: String,
}

/// Where the browser is sent after the session has ended here; `None` for a session that began here, or whose upstream has no
/// such place or does not answer.
pub(crate) async fn upstream_logout<'a>(
    ctx: &'a Ctx,
    session: SessionId,
    state: &str,
) -> Result<Option<LogoutThere<'a>>, Failure> {
    if !ctx.app.upstreams.iter().any(|one| one.logout) {
        return Ok(None);
    }
    let id = ctx.app.store.upstream_of_session(session).await?;
    let upstream = id.and_then(|id| ctx.app.upstreams.find(id.as_str()));
    let Some(upstream) = upstream.filter(|one| one.logout) else {
        return Ok(None);
    };
    match in_time(upstream.party.logout_url(None, None, Some(state))).await {
        Ok(url) => Ok(url.map(|url| LogoutThere {
            name: &upstream.name,
            url,
        })),
        Err(error) => {
            // The user is logged out here, which is what was asked for.
            tracing::warn!(request_id = %ctx.caller.request_id, upstream = upstream.id.as_str(), %error, "no logout at another provider");
            Ok(None)
        }
    }
}
