//! The address of the client. Forwarding headers count only when they come from a configured proxy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::problem::Problem;

/// The peer of the connection. The listener adds it to the extensions of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A TCP connection, in clear or by TLS.
    Tcp {
        /// The address of the peer.
        address: SocketAddr,
        /// Whether this process terminates TLS for the connection.
        tls: bool,
    },
    /// A Unix socket; the kernel reports the user.
    Unix {
        /// The user id of the other process.
        uid: u32,
    },
}

/// The address of the client, with proxies taken into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress {
    /// The address; an IPv4 address mapped into IPv6 is given as IPv4.
    pub ip: IpAddr,
    /// Whether the client uses https, to this process or to a trusted proxy.
    pub https: bool,
}

impl ClientAddress {
    /// The network that limits count by: /24 for IPv4, /64 for IPv6.
    #[must_use]
    pub fn network(&self) -> IpNet {
        network(self.ip)
    }

    /// The wide network that limits count by as well: /16 for IPv4, /48 for IPv6.
    #[must_use]
    pub fn wide_network(&self) -> IpNet {
        wide_network(self.ip)
    }

    /// The network to fall back on when there are too many networks: /16 and /32.
    #[must_use]
    pub fn region(&self) -> IpNet {
        prefix(self.ip, 16, 32)
    }

    /// The client by the connection and, from a proxy in `trusted`, by the headers of that proxy.
    #[must_use]
    pub fn resolve(peer: Option<&Peer>, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let (direct, tls) = match peer {
            Some(Peer::Tcp { address, tls }) => (normalise(address.ip()), *tls),
            // A Unix socket, or a call within the process: local in either case.
            Some(Peer::Unix { .. }) | None => (IpAddr::V4(Ipv4Addr::LOCALHOST), false),
        };
        if !is_trusted(direct, trusted) {
            return Self {
                ip: direct,
                https: tls,
            };
        }
        Self {
            ip: forwarded_for(headers, direct, trusted),
            https: forwarded_https(headers).unwrap_or(tls),
        }
    }
}

/// Whether the peer is a configured proxy.
pub(super) fn is_trusted_proxy(peer: Option<&Peer>, trusted: &[IpNet]) -> bool {
    match peer {
        Some(Peer::Tcp { address, .. }) => is_trusted(normalise(address.ip()), trusted),
        _ => false,
    }
}

/// The network that one client may control: /24 for IPv4, /64 for IPv6.
pub(super) fn network(ip: IpAddr) -> IpNet {
    prefix(ip, 24, 64)
}

/// The network that one site or provider may control: /16 for IPv4, /48 for IPv6.
pub(super) fn wide_network(ip: IpAddr) -> IpNet {
    prefix(ip, 16, 48)
}

fn prefix(ip: IpAddr, v4: u8, v6: u8) -> IpNet {
    match ip {
        IpAddr::V4(ip) => IpNet::V4(Ipv4Net::new(ip, v4).map_or(Ipv4Net::from(ip), |n| n.trunc())),
        IpAddr::V6(ip) => IpNet::V6(Ipv6Net::new(ip, v6).map_or(Ipv6Net::from(ip), |n| n.trunc())),
    }
}

/// The rightmost hop that is not a trusted proxy. Everything left of it is not trustworthy.
fn forwarded_for(headers: &HeaderMap, direct: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let mut nearest = direct;
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for hop in hops {
        let Some(ip) = std::str::from_utf8(hop)
            .ok()
            .and_then(|hop| parse_hop(hop.trim()))
        else {
            return nearest;
        };
        nearest = ip;
        if !is_trusted(ip, trusted) {
            break;
        }
    }
    nearest
}

fn forwarded_https(headers: &HeaderMap) -> Option<bool> {
    let last = headers.get_all("x-forwarded-proto").iter().next_back()?;
    let nearest = last.as_bytes().rsplit(|byte| *byte == b',').next()?;
    Some(nearest.trim_ascii().eq_ignore_ascii_case(b"https"))
}

/// Proxies write `1.2.3.4`, `1.2.3.4:567`, `2001:db8::1` or `[2001:db8::1]:567`.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let ip = hop
        .parse::<IpAddr>()
        .or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()))
        .or_else(|_| {
            let bare = hop.trim_start_matches('[').trim_end_matches(']');
            bare.parse::<Ipv6Addr>().map(IpAddr::V6)
        })
        .ok()?;
    Some(normalise(ip))
}

pub(super) fn normalise(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

pub(super) fn is_trusted(ip: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&ip))
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts
            .extensions
            .get::<Self>()
            .copied()
            .ok_or_else(Problem::internal)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn resolve(peer: &str, headers: &[(&'static str, &str)], trusted: &[&str]) -> ClientAddress {
        let peer = Peer::Tcp {
            address: peer.parse().unwrap(),
            tls: false,
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        ClientAddress::resolve(Some(&peer), &map, &trusted)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_untrusted_peer_cannot_choose_its_address() {
        let headers = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
        ];
        let client = resolve("203.0.113.9:1", &headers, &["10.0.0.0/8"]);
        assert_eq!(
            client,
            ClientAddress {
                ip: ip("203.0.113.9"),
                https: false
            }
        );
    }

    #[test]
    fn a_trusted_proxy_reports_the_client() {
        let headers = [
            ("x-forwarded-for", "198.51.100.7"),
            ("x-forwarded-proto", "https"),
        ];
        let client = resolve("10.0.0.1:1", &headers, &["10.0.0.0/8"]);
        assert_eq!(
            client,
            ClientAddress {
                ip: ip("198.51.100.7"),
                https: true
            }
        );
    }

    #[test]
    fn hops_left_of_the_trusted_proxies_are_ignored() {
        let headers = [("x-forwarded-for", "1.1.1.1, 198.51.100.7, 10.0.0.2")];
        assert_eq!(
            resolve("10.0.0.1:1", &headers, &["10.0.0.0/8"]).ip,
            ip("198.51.100.7")
        );
        let split = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "198.51.100.7"),
        ];
        assert_eq!(
            resolve("10.0.0.1:1", &split, &["10.0.0.0/8"]).ip,
            ip("198.51.100.7")
        );
    }

    #[test]
    fn a_malformed_hop_ends_the_search() {
        let headers = [("x-forwarded-for", "1.1.1.1, unknown, 10.0.0.2")];
        assert_eq!(
            resolve("10.0.0.1:1", &headers, &["10.0.0.0/8"]).ip,
            ip("10.0.0.2")
        );
    }

    #[test]
    fn b1_bytes_that_are_not_ascii_left_of_the_trusted_hops_change_nothing() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let peer = Peer::Tcp {
            address: "10.0.0.1:1".parse().unwrap(),
            tls: false,
        };
        let mut headers = HeaderMap::new();
        let raw = |bytes: &[u8]| http::HeaderValue::from_bytes(bytes).unwrap();
        headers.append("x-forwarded-for", raw(b"\xff"));
        headers.append(
            "x-forwarded-for",
            raw(b"M\xc3\xbcnchen, 1.1.1.1\xfc, 203.0.113.9, 10.0.0.2"),
        );
        headers.append("x-forwarded-proto", raw(b"\xff, https"));
        let client = ClientAddress::resolve(Some(&peer), &headers, &trusted);
        assert_eq!(client.ip, ip("203.0.113.9"));
        assert!(client.https);
    }

    #[test]
    fn hops_may_carry_ports_and_brackets() {
        let trusted = ["::1/128"];
        for (hop, expected) in [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            let client = resolve("[::1]:1", &[("x-forwarded-for", hop)], &trusted);
            assert_eq!(client.ip, ip(expected));
        }
    }

    #[test]
    fn an_ipv4_mapped_peer_counts_as_ipv4() {
        let client = resolve(
            "[::ffff:10.0.0.1]:1",
            &[("x-forwarded-for", "8.8.8.8")],
            &["10.0.0.0/8"],
        );
        assert_eq!(client.ip, ip("8.8.8.8"));
        assert_eq!(
            resolve("[::ffff:192.0.2.1]:1", &[], &[]).ip,
            ip("192.0.2.1")
        );
    }

    #[test]
    fn neighbours_share_a_network() {
        let one = ClientAddress {
            ip: ip("192.0.2.1"),
            https: false,
        };
        assert_eq!(one.network().to_string(), "192.0.2.0/24");
        assert_eq!(one.wide_network().to_string(), "192.0.0.0/16");
        assert_eq!(one.region().to_string(), "192.0.0.0/16");
        let six = ClientAddress {
            ip: ip("2001:db8:1:2:3::4"),
            https: false,
        };
        assert_eq!(six.network().to_string(), "2001:db8:1:2::/64");
        assert_eq!(six.wide_network().to_string(), "2001:db8:1::/48");
        assert_eq!(six.region().to_string(), "2001:db8::/32");
    }
}
