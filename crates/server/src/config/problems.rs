//! Everything that is wrong with a configuration, as far as that is known without the store.

use std::{collections::HashMap, net::SocketAddr};

use cardea_protocol::model::Username;
use cardea_web::outbound::GuardedClient;
use jiff::Timestamp;

use super::{
    Config, ConfigProblem, OutboundConfig, SeedUser,
    lifetimes::lifetimes,
    mail::MailServer,
    networks::networks,
    settings::{Issuer, brand, resources},
};
use crate::mail::templates::Templates;

impl Config {
    /// All problems, each with its place.
    #[must_use]
    pub fn problems(&self, now: Timestamp) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        problems.extend(Issuer::parse(&self.issuer, self.development).err());
        problems.extend(self.listen_address().err());
        problems.extend(lifetimes(self).into_iter().filter_map(Result::err));
        let networks = [
            networks("proxy.trusted", &self.proxy.trusted),
            networks("metrics.allow", &self.metrics.allow),
        ];
        problems.extend(networks.into_iter().filter_map(Result::err).flatten());
        problems.extend(self.mfa.policy().err().into_iter().flatten());
        problems.extend(self.passkeys.read().err().into_iter().flatten());
        problems.extend(self.sign_up.read().err().into_iter().flatten());
        problems.extend(self.outbound.problems());
        problems.extend(MailServer::read(&self.mail).err());
        problems.extend(Templates::of(&self.mail).err().into_iter().flatten());
        problems.extend(brand(self).err().into_iter().flatten());
        let clients = (0..self.clients.len()).map(|index| self.file_client(index, now));
        problems.extend(clients.filter_map(Result::err).flatten());
        problems.extend(resources(self).err().into_iter().flatten());
        problems.extend(self.checked_upstreams().err().into_iter().flatten());
        problems.extend(self.file_roles().err().into_iter().flatten());
        for (index, seed) in self.users.iter().enumerate() {
            let found = seed.problems().into_iter();
            problems.extend(found.map(|e| self.at_user(index, e.field, e.problem)));
        }
        problems.extend(self.same_users());
        if !self.development {
            problems.extend(self.of_users("password", |seed| {
                seed.has_demo_password().then(|| seed.everybody_knows())
            }));
        }
        let located = problems.into_iter().map(|p| self.places.locate(p));
        located.collect()
    }

    /// Users whose password is too easy to guess for a new user.
    #[must_use]
    pub fn weak_passwords(&self) -> Vec<ConfigProblem> {
        self.of_users("password", |seed| seed.check_password().err())
    }

    /// Users whose hash is that of a password of `cardea dev` (D23). Each hash takes as long as two logins.
    #[must_use]
    pub fn known_hashes(&self) -> Vec<ConfigProblem> {
        if self.development {
            return Vec::new();
        }
        self.of_users("password_hash", |seed| {
            seed.has_demo_hash().then(|| seed.everybody_knows())
        })
    }

    /// Problems of a member of users.
    fn of_users(
        &self,
        member: &str,
        problem: impl Fn(&SeedUser) -> Option<String>,
    ) -> Vec<ConfigProblem> {
        let users = self.users.iter().enumerate();
        users
            .filter_map(|(index, seed)| Some(self.at_user(index, member, problem(seed)?)))
            .collect()
    }

    /// A problem of a user; the text names a claim or another member itself.
    pub(crate) fn at_user(&self, index: usize, member: &str, problem: String) -> ConfigProblem {
        let names = self.users.iter().map(|seed| seed.username.as_str());
        let claim = problem.split(": ").next().unwrap_or_default();
        let path = match member {
            "claims" => format!("claims.{claim}"),
            member => member.to_owned(),
        };
        let key = self.at_entry("users", names, (index, &path));
        match member {
            "" | "password" | "password_hash" => ConfigProblem::new(key, problem),
            member => ConfigProblem::new(key, format!("{member}: {problem}")),
        }
    }

    /// An entry of a list of the file as the key of a problem, with the line of a member.
    pub(super) fn at_entry<'a>(
        &self,
        section: &str,
        names: impl Iterator<Item = &'a str>,
        (index, member): (usize, &str),
    ) -> String {
        let names: Vec<&str> = names.take(index.saturating_add(1)).collect();
        let Some((name, earlier)) = names.split_last() else {
            return section.to_owned();
        };
        let occurrence = earlier.iter().filter(|other| *other == name).count();
        self.places.entry(section, name, occurrence, member)
    }

    /// Names that differ only in case or form are one user: the second would be dropped.
    fn same_users(&self) -> Vec<ConfigProblem> {
        let mut seen = HashMap::new();
        let mut problems = Vec::new();
        for (index, seed) in self.users.iter().enumerate() {
            let Ok(name) = Username::parse(&seed.username) else {
                continue;
            };
            let earlier = seen.entry(name.key()).or_insert(&seed.username);
            if !std::ptr::eq(*earlier, &seed.username) {
                let what = format!(
                    "\"{earlier}\" is the same user; user names are compared without case. Remove one"
                );
                problems.push(self.at_user(index, "", what));
            }
        }
        problems
    }

    /// The address to listen at.
    ///
    /// # Errors
    /// When it is none.
    pub fn listen_address(&self) -> Result<SocketAddr, ConfigProblem> {
        self.listen.parse().map_err(|_| {
            let what = format!(
                "\"{}\" is not an address and port such as 127.0.0.1:9000",
                self.listen
            );
            ConfigProblem::new("listen", what)
        })
    }
}

impl OutboundConfig {
    fn problems(&self) -> Vec<ConfigProblem> {
        let bad = self.allow.iter().filter(|place| !is_host_and_port(place));
        let mut problems: Vec<_> = bad
            .map(|place| {
                let what = "not a host and port such as 10.1.2.3:8443 or app.internal:443";
                ConfigProblem::new("outbound.allow", format!("\"{place}\" is {what}"))
            })
            .collect();
        match self.authorities() {
            Err(problem) => problems.push(problem),
            Ok(ca) if problems.is_empty() => {
                let client = GuardedClient::new(&self.allow, ca.as_deref());
                problems.extend(
                    client
                        .err()
                        .map(|e| ConfigProblem::new("outbound", e.to_string())),
                );
            }
            Ok(_) => {}
        }
        problems
    }

    pub(crate) fn authorities(&self) -> Result<Option<Vec<u8>>, ConfigProblem> {
        let Some(file) = &self.ca_file else {
            return Ok(None);
        };
        let read = std::fs::read(file).map(Some);
        read.map_err(|e| ConfigProblem::new("outbound.ca_file", format!("{file}: {e}")))
    }

    /// D20: the guarded client.
    pub(crate) fn client(&self) -> Result<GuardedClient, ConfigProblem> {
        if let Some(problem) = self.problems().into_iter().next() {
            return Err(problem);
        }
        GuardedClient::new(&self.allow, self.authorities()?.as_deref())
            .map_err(|e| ConfigProblem::new("outbound", e.to_string()))
    }
}

/// Anything else would silently allow nothing.
fn is_host_and_port(place: &str) -> bool {
    let port_is_one = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let Some((host, port)) = place.rsplit_once(':') else {
        return false;
    };
    !host.is_empty() && !host.contains(['/', '@', ' ']) && port_is_one(port)
}

#[cfg(test)]
mod tests {
    use super::is_host_and_port;

    #[test]
    fn what_may_be_reached_is_a_host_and_a_port() {
        for good in ["10.1.2.3:8443", "localhost:5173", "[::1]:80"] {
            assert!(is_host_and_port(good), "{good}");
        }
        for bad in [
            "localhost",
            "http://localhost:5173",
            "localhost:5173/logout",
            "10.0.0.0/8",
            ":80",
            "a:0",
            "a:65536",
            "",
        ] {
            assert!(!is_host_and_port(bad), "{bad}");
        }
    }
}
