//! Counts a request against its limits, and refuses it above them.

use cardea_protocol::model::Client;
use cardea_web::inbound::limits::{Decision, Limiter};

use crate::{caller::Caller, error::Failure};

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

/// Refuses a request whose network has spent its quota, before the body is read. The request is counted afterwards.
pub(crate) fn peek_network(limiter: &Limiter, caller: &Caller) -> Result<(), Failure> {
    match caller.address.map(|address| limiter.peek_address(&address)) {
        Some(decision) if !decision.allowed => Err(Failure::Limited(decision)),
        _ => Ok(()),
    }
}

/// Counts a request that failed to authenticate a client, or whose client is public, against its network.
pub(crate) fn unless_authenticated(
    limiter: &Limiter,
    caller: &Caller,
    client: Result<&Client, &Failure>,
) {
    let authenticated = client.is_ok_and(|client| !client.is_public());
    if !authenticated {
        count(limiter, caller);
    }
}

/// Counts a request against its network, whatever the limit says.
pub(crate) fn count(limiter: &Limiter, caller: &Caller) {
    if let Some(address) = caller.address {
        limiter.check_address(&address);
    }
}

/// Counts a request of an authenticated client. The answer says what is left.
pub(crate) fn by_client(limiter: &Limiter, client: &Client) -> Result<Decision, Failure> {
    let decision = limiter.check(client.id().as_str());
    if decision.allowed {
        Ok(decision)
    } else {
        Err(Failure::Limited(decision))
    }
}
