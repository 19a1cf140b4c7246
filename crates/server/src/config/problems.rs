//! Everything that is wrong with a configuration, as far as that is known without the store.

use std::{collections::HashMap, net::SocketAddr};

use cardea_protocol::{
    claims::check_user_claims,
    model::{Client, Owner, Username},
};
use cardea_seal::Secret;
use cardea_web::outbound::GuardedClient;
use jiff::Timestamp;

use super::{
    Config, ConfigProblem, OutboundConfig, SeedUser,
    development::{is_demo_hash, is_demo_secret},
    settings::{Issuer, brand, lifetimes, networks, resources},
};
use crate::passwords;

impl Config {
    /// All problems, each with its place; [`Settings::check`](super::settings::Settings::check) stops at the first.
    #[must_use]
    pub fn problems(&self, now: Timestamp) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        problems.extend(Issuer::parse(&self.issuer, self.development).err());
        problems.extend(self.listen_address().err());
        problems.extend(lifetimes(self).into_iter().filter_map(Result::err));
        problems.extend(networks("proxy.trusted", &self.proxy.trusted).err());
        problems.extend(networks("metrics.allow", &self.metrics.allow).err());
        problems.extend(self.outbound.client().err());
        problems.extend(brand(self).err());
        problems.extend(self.file_clients(now).into_iter().filter_map(Result::err));
        problems.extend(resources(self).err());
        problems.extend(self.users.iter().filter_map(|seed| seed.check().err()));
        problems.extend(self.same_users());
        if !self.development {
            let known = self.users.iter().filter(|s| s.has_demo_password());
            problems.extend(known.map(SeedUser::everybody_knows));
        }
        let located = problems.into_iter().map(|p| self.places.locate(p));
        located.collect()
    }

    /// Users whose password is too easy to guess for a new user.
    #[must_use]
    pub fn weak_passwords(&self) -> Vec<ConfigProblem> {
        let weak = self.users.iter().filter_map(|s| s.check_password().err());
        weak.map(|p| self.places.locate(p)).collect()
    }

    /// Users whose hash is that of a password of `cardea dev` (D23). Each hash takes as long as two logins.
    #[must_use]
    pub fn known_hashes(&self) -> Vec<ConfigProblem> {
        if self.development {
            return Vec::new();
        }
        let known = self.users.iter().filter(|seed| seed.has_demo_hash());
        let problems = known.map(SeedUser::everybody_knows);
        problems.map(|p| self.places.locate(p)).collect()
    }

    /// Names that differ only in case or form are one user: the second would be dropped.
    fn same_users(&self) -> Vec<ConfigProblem> {
        let mut seen = HashMap::new();
        let mut problems = Vec::new();
        for seed in &self.users {
            let Ok(name) = Username::parse(&seed.username) else {
                continue;
            };
            let earlier = seen.entry(name.key()).or_insert(&seed.username);
            if !std::ptr::eq(*earlier, &seed.username) {
                let what = format!(
                    "\"{earlier}\" is the same user; user names are compared without case. Remove one"
                );
                let key = format!("users \"{}\"", seed.username);
                problems.push(ConfigProblem::new(key, what));
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

    /// The clients of the file, each as it would be registered.
    pub(crate) fn file_clients(&self, now: Timestamp) -> Vec<Result<Client, ConfigProblem>> {
        let register = |(index, _)| self.file_client(index, now);
        self.clients.iter().enumerate().map(register).collect()
    }

    fn file_client(&self, index: usize, now: Timestamp) -> Result<Client, ConfigProblem> {
        let mut metadata = self.clients.get(index).cloned().unwrap_or_default();
        let id = metadata.client_id.clone();
        let place = self.places.client(&id);
        let problem =
            |what: String| Err(ConfigProblem::new(format!("clients \"{id}\"{place}"), what));
        let earlier = self.clients.iter().take(index);
        if earlier.into_iter().any(|other| other.client_id == id) {
            return problem("there is another client with this client_id".to_owned());
        }
        if let Some(file) = metadata.client_secret_file.take() {
            if metadata.client_secret.is_some() {
                return problem(
                    "client_secret and client_secret_file are both set; keep one".to_owned(),
                );
            }
            match std::fs::read_to_string(&file) {
                Ok(text) => metadata.client_secret = Some(Secret::new(first_line(&text))),
                Err(e) => return problem(format!("client_secret_file: {file}: {e}")),
            }
        }
        let secret = metadata.client_secret.as_ref();
        // D23: these are public.
        if !self.development && secret.is_some_and(|s| is_demo_secret(s.expose())) {
            return problem("client_secret is the one of cardea dev, which is public; make another with: openssl rand -hex 32".to_owned());
        }
        Client::register(metadata, Owner::File, now).or_else(|e| problem(e.to_string()))
    }
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}

impl OutboundConfig {
    /// D20: the guarded client.
    pub(crate) fn client(&self) -> Result<GuardedClient, ConfigProblem> {
        let problem = |what: String| ConfigProblem::new("outbound", what);
        if let Some(place) = self.allow.iter().find(|place| !is_host_and_port(place)) {
            let what = "not a host and port such as 10.1.2.3:8443 or app.internal:443";
            return Err(problem(format!("allow: \"{place}\" is {what}")));
        }
        let ca = match &self.ca_file {
            None => None,
            Some(file) => {
                Some(std::fs::read(file).map_err(|e| problem(format!("ca_file: {file}: {e}")))?)
            }
        };
        GuardedClient::new(&self.allow, ca.as_deref()).map_err(|e| problem(e.to_string()))
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

impl SeedUser {
    /// D23: whether its password is one of `cardea dev`.
    pub(crate) fn has_demo_password(&self) -> bool {
        self.password
            .as_ref()
            .is_some_and(|p| is_demo_secret(p.expose()))
    }

    /// D23: whether its hash is that of a password of `cardea dev`. It takes as long as two logins.
    pub(crate) fn has_demo_hash(&self) -> bool {
        self.password_hash
            .as_ref()
            .is_some_and(|hash| is_demo_hash(hash.expose()))
    }

    pub(crate) fn everybody_knows(&self) -> ConfigProblem {
        let name = &self.username;
        let what = format!(
            "the password is one of cardea dev, which are public; set another here, and if {name} was added with it, set \
             another in the store too: cardea user password {name}"
        );
        ConfigProblem::new(format!("users \"{name}\""), what)
    }

    /// The checks of a seed that cost nothing.
    pub(crate) fn check(&self) -> Result<Username, ConfigProblem> {
        let problem =
            |what: String| ConfigProblem::new(format!("users \"{}\"", self.username), what);
        let username = Username::parse(&self.username).map_err(|e| problem(e.to_string()))?;
        if self.password.is_some() && self.password_hash.is_some() {
            return Err(problem(
                "password and password_hash are both set; keep one".to_owned(),
            ));
        }
        if let Some(hash) = &self.password_hash {
            passwords::accept_hash(hash.expose()).map_err(|e| problem(e.to_string()))?;
        }
        check_user_claims(&self.claims).map_err(|e| problem(e.to_string()))?;
        Ok(username)
    }

    /// Whether the password may be given to a new user. Not at each start: the dictionaries for it hold 5 MB.
    pub(crate) fn check_password(&self) -> Result<(), ConfigProblem> {
        let Some(password) = &self.password else {
            return Ok(());
        };
        let name = self.claims.get("name").and_then(serde_json::Value::as_str);
        let about = [Some(&*self.username), self.email.as_deref(), name];
        let about: Vec<&str> = about.into_iter().flatten().collect();
        passwords::judge(password.expose(), &about)
            .map_err(|e| ConfigProblem::new(format!("users \"{}\"", self.username), e.to_string()))
    }
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
