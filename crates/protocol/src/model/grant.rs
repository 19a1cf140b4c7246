//! The grant: the one row behind all tokens of a redemption (D10, D11).

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Audience, AuthenticationContext, ClientId, CodeBinding, GrantId, OrganizationId,
    RefreshTokenId, SenderBinding, SessionId, Subject,
};
use crate::{request::ClaimsRequest, scope::Scope};

/// What was granted to a client, in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// What access tokens name.
    pub id: GrantId,
    /// The client.
    pub client_id: ClientId,
    /// The user.
    pub subject: Subject,
    /// The session in which it was made; none where no browser took part.
    pub session: Option<SessionId>,
    /// Where it comes from (D25).
    pub origin: Origin,
    /// The key that its tokens are bound to.
    pub sender: Option<SenderBinding>,
    /// All scopes granted.
    pub scope: Scope,
    /// The APIs named in the request.
    pub resources: Vec<Audience>,
    /// The organization that the user acts in (D27).
    pub organization: Option<OrganizationId>,
    /// The `claims` parameter, for userinfo.
    pub claims: ClaimsRequest,
    /// The nonce, for ID tokens.
    pub nonce: Option<String>,
    /// When and how the user authenticated.
    pub context: AuthenticationContext,
    /// The refresh token's state; without it the grant can't be refreshed.
    pub refresh: Option<RefreshState>,
    /// When the grant was made.
    pub created_at: Timestamp,
    /// After this time no token of the grant is alive: the refresh token's absolute end, or the access token's.
    pub expires_at: Timestamp,
    /// Whether and why it was revoked.
    pub state: GrantState,
}

/// Where a grant comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An authorization code. Presented again it revokes the grant (D9), which [`GrantId::of_code`] finds.
    Code {
        /// What the code was bound to.
        binding: CodeBinding,
    },
}

impl Grant {
    /// The largest number of live grants of a user with one client. The next one revokes the least recently used.
    pub const MOST_LIVING: u32 = 64;

    /// OpenID Core §11: whether the grant outlives its session.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.scope.contains(crate::scope::OFFLINE_ACCESS)
    }
}

/// The refresh token of a grant. The token itself is derived from this, never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshState {
    /// Names the row in the token.
    pub token_id: RefreshTokenId,
    /// The row's random secret, sealed.
    pub sealed_secret: Vec<u8>,
    /// How often the token was rotated.
    pub generation: u32,
    /// When it was last rotated, or made.
    pub rotated_at: Timestamp,
    /// Whether the current token has been presented anywhere.
    pub current_seen: bool,
    /// When a public client last presented the previous token late (D11, case 3).
    pub late_retry_at: Option<Timestamp>,
    /// In which of the last generations the previous token was presented again, one bit for each, the current one lowest.
    pub retries: u8,
    /// When the token was first rotated from another network or with another user agent.
    pub anomaly_at: Option<Timestamp>,
    /// Where the last rotation came from.
    pub last_seen: LastSeen,
    /// Expires if not used until then.
    pub idle_expires_at: Timestamp,
}

/// The address and user agent of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastSeen {
    /// The address.
    pub address: Option<IpAddr>,
    /// At most 256 bytes of the `User-Agent`.
    pub user_agent: Option<String>,
}

impl LastSeen {
    /// Whether both the network (/24 or /64) and the user agent are others. One of them alone is a move, or an update.
    #[must_use]
    pub fn is_elsewhere(&self, other: &LastSeen) -> bool {
        let networks = (self.address.map(network), other.address.map(network));
        let moved = matches!(networks, (Some(before), Some(now)) if before != now);
        moved && self.user_agent != other.user_agent
    }

    /// Whether both come from the same network (/24 or /64) with the same user agent.
    #[must_use]
    pub fn resembles(&self, other: &LastSeen) -> bool {
        self.user_agent == other.user_agent
            && self.address.map(network) == other.address.map(network)
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(ip) => IpAddr::from((ip.to_bits() & 0xffff_ff00).to_be_bytes()),
        IpAddr::V6(ip) => IpAddr::from((ip.to_bits() >> 64 << 64).to_be_bytes()),
    }
}

/// Alive or revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// Alive, as far as session, user, client and times are.
    Live,
    /// Revoked for good.
    Revoked(Revocation),
}

/// When and why a grant was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// Why a grant was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// Its code was used twice (RFC 6749 §4.1.2).
    CodeReused,
    /// An old refresh token was used (RFC 9700 §4.14.2).
    RefreshReuse,
    /// Another client had the refresh token.
    ForeignClient,
    /// The client revoked it (RFC 7009).
    Client,
    /// The user revoked it.
    Person,
    /// Its session ended.
    Logout,
    /// An operator revoked it.
    Operator,
    /// The user has [`Grant::MOST_LIVING`] grants with this client that were used later.
    Superseded,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(address: &str, agent: Option<&str>) -> LastSeen {
        LastSeen {
            address: address.parse().ok(),
            user_agent: agent.map(str::to_owned),
        }
    }

    #[test]
    fn a_network_is_a_24_of_ipv4_and_a_64_of_ipv6() {
        for (a, b, same) in [
            ("203.0.113.1", "203.0.113.255", true),
            ("203.0.113.1", "203.0.112.1", false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("::ffff:203.0.113.1", "203.0.113.9", true),
            ("203.0.113.1", "", false),
            ("", "", true),
        ] {
            assert_eq!(
                seen(a, Some("x")).resembles(&seen(b, Some("x"))),
                same,
                "{a} {b}"
            );
        }
    }

    #[test]
    fn elsewhere_are_another_network_and_another_user_agent_at_once() {
        let home = seen("203.0.113.7", Some("Firefox"));
        for (other, elsewhere) in [
            (seen("203.0.113.200", Some("Firefox")), false),
            (seen("203.0.113.200", Some("curl")), false),
            (seen("203.0.114.7", Some("Firefox")), false),
            (seen("203.0.114.7", Some("curl")), true),
            (seen("203.0.114.7", None), true),
            (seen("2001:db8::1", Some("curl")), true),
            // Where the address is not known, nothing is said.
            (seen("", Some("curl")), false),
        ] {
            assert_eq!(home.is_elsewhere(&other), elsewhere, "{other:?}");
            assert_eq!(other.is_elsewhere(&home), elsewhere, "{other:?}");
        }
    }

    #[test]
    fn another_user_agent_is_another_place() {
        let here = |agent| seen("203.0.113.1", agent);
        assert!(!here(Some("x")).resembles(&here(Some("y"))));
        assert!(!here(Some("x")).resembles(&here(None)));
        assert!(here(None).resembles(&here(None)));
    }
}
