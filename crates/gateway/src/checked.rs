//! Values of the configuration after they were checked, and what is reported when they are wrong.

use std::{net::IpAddr, time::Duration};

use http::{HeaderValue, uri::Authority};
use ipnet::IpNet;

use crate::path;

/// What is wrong with the configuration, and what is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigProblem {
    /// The key or section.
    pub key: String,
    /// What is wrong, and what is expected.
    pub problem: String,
}

impl ConfigProblem {
    pub(crate) fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            problem: problem.into(),
        }
    }
}

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

impl Host {
    /// The port that browsers connect to.
    pub(crate) fn port(&self, https: bool) -> HeaderValue {
        let usual = if https { "443" } else { "80" };
        self.port.clone().unwrap_or(HeaderValue::from_static(usual))
    }
}

/// The hosts of the configuration, at least one.
pub(crate) fn hosts(texts: &[String]) -> Result<Vec<Host>, ConfigProblem> {
    let host = |text: &String| {
        let problem = || {
            let what =
                "not a host such as app.example.com or localhost:8443, without scheme and path";
            ConfigProblem::new("hosts", format!("\"{text}\": {what}"))
        };
        let lower = text.to_ascii_lowercase();
        let name = lower.strip_suffix(":443").unwrap_or(&lower);
        let authority: Authority = name.parse().map_err(|_| problem())?;
        if name.contains(['@', '*', '"', '\\']) || authority.host().is_empty() {
            return Err(problem());
        }
        let port = authority.port_u16().map(HeaderValue::from);
        let value = HeaderValue::try_from(name).map_err(|_| problem())?;
        Ok(Host {
            name: name.into(),
            value,
            port,
        })
    };
    match texts {
        [] => Err(ConfigProblem::new(
            "hosts",
            "not set; name at least one host, such as [\"app.example.com\"]",
        )),
        texts => texts.iter().map(host).collect(),
    }
}

/// A path of the gateway itself, without a slash at its end.
pub(crate) fn own_path(key: &str, text: &str) -> Result<Box<str>, ConfigProblem> {
    let path = path::read(text).map_err(|e| ConfigProblem::new(key, format!("\"{text}\": {e}")))?;
    Ok(path.strip_suffix('/').unwrap_or(&path).into())
}

/// Networks; a single address is one too.
pub(crate) fn networks(key: &str, texts: &[String]) -> Result<Vec<IpNet>, ConfigProblem> {
    let parse = |text: &String| {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        let problem =
            || ConfigProblem::new(key, format!("\"{text}\": not a network such as 10.0.0.0/8"));
        text.parse::<IpNet>()
            .or_else(|_| single())
            .map_err(|_| problem())
    };
    texts.iter().map(parse).collect()
}
