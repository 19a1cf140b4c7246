//! Who may administer (D5, D31).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use cardea_protocol::model::{Actor, Cause};
use cardea_web::inbound::Peer;
use http::{StatusCode, request::Parts};
use jiff::Timestamp;

use super::refusal::Refusal;
use crate::{app::Shared, caller::Caller};

/// A proof that the caller may administer. Each handler takes one as an argument, and only the check in this file makes one.
pub(super) enum Operator {
    /// The user of a process at the other end of the local socket, or of this process.
    Socket(SocketUser),
}

/// A user of this machine, whom the kernel vouches for.
pub(super) struct SocketUser {
    cause: Cause,
}

impl Operator {
    /// The time of the request.
    pub(super) fn now(&self) -> Timestamp {
        self.cause().now
    }

    /// What the store writes its audit rows from.
    pub(super) fn cause(&self) -> &Cause {
        match self {
            Self::Socket(user) => &user.cause,
        }
    }

    /// The same, for the last verb of a request.
    pub(super) fn into_cause(self) -> Cause {
        match self {
            Self::Socket(user) => user.cause,
        }
    }
}

impl FromRequestParts<Shared> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        match parts.extensions.get::<Peer>().copied() {
            Some(Peer::Unix { uid }) => {
                let Ok::<_, Infallible>(caller) = Caller::from_request_parts(parts, app).await;
                Ok(Self::Socket(SocketUser::new(uid, &caller)))
            }
            // D5: a caller from the network has no proof.
            Some(Peer::Tcp { .. }) | None => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "The administration can only be reached through its socket.",
            )),
        }
    }
}

impl SocketUser {
    fn new(uid: u32, caller: &Caller) -> Self {
        let cause = Cause {
            // A socket has no address.
            address: None,
            ..caller.cause(Actor::Operator(uid.to_string()))
        };
        Self { cause }
    }
}
