//! Values of the configuration after they were checked.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use http::{HeaderValue, uri::Authority};
use ipnet::IpNet;

use crate::{
    path,
    problem::{ConfigProblem, ConfigProblems, Problems},
};

/// A configured host.
pub(crate) struct Host {
    /// As it is configured, without the default port of https.
    pub(crate) name: Box<str>,
    pub(crate) value: HeaderValue,
    port: Option<HeaderValue>,
}

/// The timeouts of a request to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) connect: Duration,
    pub(crate) first_byte: Duration,
    pub(crate) idle: Duration,
}

impl Times {
    /// The shorter one of each.
    pub(crate) fn min(self, other: Self) -> Self {
        Self {
            connect: self.connect.min(other.connect),
            first_byte: self.first_byte.min(other.first_byte),
            idle: self.idle.min(other.idle),
        }
    }
}

impl Host {
    /// The port that browsers connect to.
    pub(crate) fn port(&self, https: bool) -> HeaderValue {
        let usual = if https { "443" } else { "80" };
        self.port.clone().unwrap_or(HeaderValue::from_static(usual))
    }
}

/// The hosts of the configuration, at least one.
pub(crate) fn hosts(texts: &[String]) -> Result<Vec<Host>, ConfigProblems> {
    if texts.is_empty() {
        let what = "not set; name at least one host, such as [\"app.example.com\"]";
        return Err(ConfigProblem::new("hosts", what).into());
    }
    let expected = "not a host such as app.example.com or localhost:8443, without scheme and path";
    each("hosts", texts, expected, host)
}

fn host(text: &str) -> Option<Host> {
    let lower = text.to_ascii_lowercase();
    let name = lower.strip_suffix(":443").unwrap_or(&lower);
    let authority: Authority = name.parse().ok()?;
    let rest = name.strip_prefix(authority.host())?;
    // `Authority` accepts every port.
    let has_port = match rest.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => rest.is_empty(),
    };
    if name.contains(['@', '*', '"', '\\']) || authority.host().is_empty() || !has_port {
        return None;
    }
    Some(Host {
        name: name.into(),
        value: HeaderValue::try_from(name).ok()?,
        port: authority.port_u16().map(HeaderValue::from),
    })
}

/// A path of the gateway itself, without a slash at its end.
pub(crate) fn own_path(key: &str, text: &str) -> Result<Box<str>, ConfigProblem> {
    let path = path::read(text).map_err(|e| ConfigProblem::new(key, format!("\"{text}\": {e}")))?;
    Ok(path.strip_suffix('/').unwrap_or(&path).into())
}

/// Networks; a single address is one too. An IPv4 address in IPv6 (`::ffff:10.0.0.1`) is the one of IPv4, as in requests.
pub(crate) fn networks(key: &str, texts: &[String]) -> Result<Vec<IpNet>, ConfigProblems> {
    let single = |text: &str| {
        let ip: IpAddr = text.parse().ok()?;
        Some(IpNet::from(ip.to_canonical()))
    };
    let parse = |text: &str| text.parse().ok().map(canonical).or_else(|| single(text));
    each(key, texts, "not a network such as 10.0.0.0/8", parse)
}

fn canonical(network: IpNet) -> IpNet {
    let prefix = network.prefix_len().checked_sub(96);
    match (network.addr().to_canonical(), prefix) {
        (ip @ IpAddr::V4(_), Some(prefix)) if network.addr().is_ipv6() => {
            IpNet::new(ip, prefix).unwrap_or(network)
        }
        _ => network,
    }
}

/// An address to listen on.
pub(crate) fn address(key: &str, text: &str) -> Result<SocketAddr, ConfigProblem> {
    text.parse().map_err(|_| {
        let what = format!("\"{text}\": not an address and port such as 127.0.0.1:8443");
        ConfigProblem::new(key, what)
    })
}

/// Every value of a list, or a problem for each that cannot be read.
fn each<T>(
    key: &str,
    texts: &[String],
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ConfigProblems> {
    let mut problems = Problems::default();
    let mut values = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match read(text) {
            Some(value) => values.push(value),
            None => {
                let problem = ConfigProblem::new(key, format!("\"{text}\": {expected}"));
                problems.add(problem.at(format!("{key}[{index}]")));
            }
        }
    }
    problems.settle(Some(values))
}
