//! The rate limits, by endpoint (requirement 1.14).

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use cardea_protocol::model::Client;
use cardea_web::{
    clock::Clock,
    inbound::limits::{Decision, Limiter, Rate},
};

use crate::{caller::Caller, config::LimitsConfig, error::Failure};

const MINUTE: Duration = Duration::from_secs(60);

/// One limiter for each thing that is counted.
pub(crate) struct Limits {
    pub(crate) authorize: Limiter,
    pub(crate) login: Limiter,
    pub(crate) login_account: Limiter,
    pub(crate) token: Limiter,
    pub(crate) token_client: Limiter,
    pub(crate) introspection_client: Limiter,
    pub(crate) other: Limiter,
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig, clock: &Arc<dyn Clock>) -> Self {
        let limiter = |per_minute: u32| match NonZeroU32::new(per_minute) {
            Some(requests) if config.enabled => Limiter::new(
                Rate {
                    requests,
                    per: MINUTE,
                },
                Arc::clone(clock),
            ),
            _ => Limiter::lifted(),
        };
        Self {
            authorize: limiter(config.authorize_per_minute),
            login: limiter(config.login_per_minute),
            login_account: limiter(config.login_per_account_per_minute),
            token: limiter(config.token_per_minute),
            token_client: limiter(config.token_per_client_per_minute),
            introspection_client: limiter(config.introspection_per_client_per_minute),
            other: limiter(config.other_per_minute),
        }
    }
}

/// Counts a request of the caller's network.
pub(crate) fn by_network(limiter: &Limiter, caller: &Caller) -> Result<(), Failure> {
    match caller
        .address
        .map(|address| limiter.check_address(&address))
    {
        Some(decision) if !decision.allowed => Err(Failure::Limited(decision)),
        _ => Ok(()),
    }
}

/// Counts a request of an authenticated client. What is left is told with the answer.
pub(crate) fn by_client(limiter: &Limiter, client: &Client) -> Result<Decision, Failure> {
    let decision = limiter.check(client.id().as_str());
    if decision.allowed {
        Ok(decision)
    } else {
        Err(Failure::Limited(decision))
    }
}
