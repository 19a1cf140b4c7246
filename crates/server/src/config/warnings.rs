//! What of a configuration is accepted but can't have the effect that was meant.

use cardea_protocol::model::{client_warnings, user_claim_warnings};
use jiff::Timestamp;

use super::{Config, ConfigProblem, settings::resources};

impl Config {
    /// Scopes and claims that clients and users of the file name and that can't be given. Empty while there are problems that
    /// prevent the start.
    #[must_use]
    pub fn warnings(&self, now: Timestamp) -> Vec<ConfigProblem> {
        let Ok(resources) = resources(self) else {
            return Vec::new();
        };
        let mut warnings = Vec::new();
        for client in self.file_clients(now).into_iter().flatten() {
            let id = client.id();
            let key = format!("clients \"{id}\"{}", self.places.client(id.as_str()));
            let of_client = client_warnings(&client, &resources).into_iter();
            warnings.extend(of_client.map(|what| ConfigProblem::new(key.clone(), what)));
        }
        for user in &self.users {
            let key = format!("users \"{}\"", user.username);
            let of_user = user_claim_warnings(&user.claims, &resources).into_iter();
            warnings.extend(of_user.map(|what| ConfigProblem::new(key.clone(), what)));
        }
        warnings
    }
}
