//! Limits on logins that the provider refuses: each is a question to it in the name of this app, and strangers can cause them.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use cardea_web::{
    clock::Clock,
    inbound::{
        ClientAddress,
        limits::{Limiter, Rate},
    },
};

/// How many times the quota of one network all networks have together. With the default of 30 that is 300 a minute: a
/// quarter of what the provider lets a public client's address do.
const ALL_FACTOR: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

pub(super) struct FailedLogins {
    network: Limiter,
    /// Over all networks.
    all: Limiter,
    /// One a minute for a network: what counts while `all` is exceeded, so that networks without failures still log in.
    strict: Limiter,
}

impl FailedLogins {
    /// This many failures in a minute for one network; 0 is no limit.
    pub(super) fn new(failures: u32, clock: &Arc<dyn Clock>) -> Self {
        let limiter = |requests| {
            let per = Duration::from_mins(1);
            Limiter::new(Rate { requests, per }, Arc::clone(clock))
        };
        match NonZeroU32::new(failures) {
            None => Self {
                network: Limiter::lifted(),
                all: Limiter::lifted(),
                strict: Limiter::lifted(),
            },
            Some(failures) => Self {
                network: limiter(failures),
                all: limiter(failures.saturating_mul(ALL_FACTOR)),
                strict: limiter(NonZeroU32::MIN),
            },
        }
    }

    /// Whether this client may finish a login now.
    pub(super) fn allow(&self, client: &ClientAddress) -> bool {
        self.network.peek_address(client).allowed
            && (self.all.peek(&()).allowed || self.strict.peek_address(client).allowed)
    }

    /// Counts a login that the provider refused.
    pub(super) fn count(&self, client: &ClientAddress) {
        self.network.check_address(client);
        self.all.check(&());
        self.strict.check_address(client);
    }
}
