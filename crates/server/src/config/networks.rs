//! Networks, as the file writes them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::problem::ConfigProblem;

/// Parses networks and addresses.
pub(super) fn networks(key: &str, texts: &[String]) -> Result<Vec<IpNet>, Vec<ConfigProblem>> {
    let (mut networks, mut problems) = (Vec::new(), Vec::new());
    for text in texts {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        match text.parse::<IpNet>().or_else(|_| single()) {
            Ok(network) => networks.push(network),
            Err(_) => problems.push(ConfigProblem::new(
                key,
                format!("\"{text}\": not a network such as 10.0.0.0/8"),
            )),
        }
    }
    match problems.is_empty() {
        true => Ok(networks),
        false => Err(problems),
    }
}
