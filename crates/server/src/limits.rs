//! The rate limits, by endpoint (requirement 1.14).

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use cardea_web::{
    clock::Clock,
    inbound::limits::{Limiter, Rate},
};

use crate::config::LimitsConfig;

const MINUTE: Duration = Duration::from_secs(60);

/// How many mails strangers can cause to one address without an account: at once, and again in an hour.
const MAILS_TO_ONE: Rate = Rate {
    requests: NonZeroU32::new(5).unwrap(),
    per: Duration::from_secs(60 * 60),
};

/// One limiter for each thing that is counted.
pub(crate) struct Limits {
    pub(crate) authorize: Limiter,
    pub(crate) login: Limiter,
    pub(crate) login_account: Limiter,
    pub(crate) mail_to_one: Limiter,
    pub(crate) token: Limiter,
    pub(crate) token_client: Limiter,
    pub(crate) introspection: Limiter,
    pub(crate) introspection_client: Limiter,
    pub(crate) revocation: Limiter,
    pub(crate) revocation_client: Limiter,
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
            mail_to_one: match config.enabled {
                true => Limiter::new(MAILS_TO_ONE, Arc::clone(clock)),
                false => Limiter::lifted(),
            },
            token: limiter(config.token_per_minute),
            token_client: limiter(config.token_per_client_per_minute),
            introspection: limiter(config.token_per_minute),
            revocation: limiter(config.token_per_minute),
            revocation_client: limiter(config.introspection_per_client_per_minute),
            introspection_client: limiter(config.introspection_per_client_per_minute),
            other: limiter(config.other_per_minute),
        }
    }
}
