//! Whether the upstreams of a configuration can be used, for `cardea check`.

use std::sync::Arc;

use cardea_client::rp::RpError;
use cardea_seal::Entropy;
use cardea_web::{
    clock::{Clock, SystemClock},
    outbound::FetchError,
};

use super::upstreams::{Upstream, Upstreams, in_time};
use crate::config::Config;

/// What an upstream says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamCheck {
    /// Its id in the configuration.
    pub id: String,
    /// Its issuer.
    pub issuer: String,
    /// What was found.
    pub found: UpstreamState,
}

/// Whether an upstream can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamState {
    /// Users can sign in there.
    Usable,
    /// The same, but there is no place for `logout = true`.
    WithoutLogout,
    /// It does not answer now, with the reason.
    Unreachable(String),
    /// It answers, but not as the configuration says.
    Wrong(String),
}

/// Asks each upstream for its metadata, all at once. Nothing is found if the configuration has problems.
pub async fn try_upstreams(config: &Config) -> Vec<UpstreamCheck> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let Ok(upstreams) = Upstreams::new(config, &clock, &Entropy::system()) else {
        return Vec::new();
    };
    let asked = upstreams.into_iter().map(|one| tokio::spawn(ask(one)));
    let mut answers = Vec::new();
    for asked in asked.collect::<Vec<_>>() {
        answers.extend(asked.await.ok());
    }
    answers
}

async fn ask(upstream: Upstream) -> UpstreamCheck {
    let party = &upstream.party;
    let found = match in_time(party.ready()).await {
        Ok(()) if upstream.logout => match in_time(party.logout_url(None, None, None)).await {
            Ok(Some(_)) => UpstreamState::Usable,
            _ => UpstreamState::WithoutLogout,
        },
        Ok(()) => UpstreamState::Usable,
        Err(error) => judged(&error),
    };
    UpstreamCheck {
        id: upstream.id.to_string(),
        issuer: party.issuer().to_owned(),
        found,
    }
}

/// An answer that will be the same the next time is wrong; others may pass.
fn judged(error: &RpError) -> UpstreamState {
    let text = error.to_string();
    match error {
        RpError::Unavailable(FetchError::Status(404)) => {
            let what = "there is no OpenID provider at this issuer: its discovery document is missing (404)";
            UpstreamState::Wrong(what.to_owned())
        }
        RpError::Unavailable(
            FetchError::Document(_) | FetchError::ContentType | FetchError::TooLarge,
        ) => UpstreamState::Wrong(text.replace("is not available", "can't be used")),
        RpError::Unavailable(_) => UpstreamState::Unreachable(text),
        _ => UpstreamState::Wrong(text),
    }
}
