//! What of a configuration is accepted but can't have the effect that was meant.

use cardea_protocol::{
    model::{GrantType, client_warnings, user_claim_warnings},
    scope::OFFLINE_ACCESS,
};
use jiff::Timestamp;

use super::{Config, ConfigProblem, SignUpMode, mail::MailServer, settings::resources};

impl Config {
    /// Scopes and claims that clients and users of the file name and that can't be given. Empty while there are problems that
    /// prevent the start.
    #[must_use]
    pub fn warnings(&self, now: Timestamp) -> Vec<ConfigProblem> {
        let Ok(resources) = resources(self) else {
            return Vec::new();
        };
        let mut warnings = Vec::new();
        let ids = || self.clients.iter().map(|client| client.client_id.as_str());
        for (index, client) in self.sound_clients(now) {
            for what in client_warnings(&client, &resources) {
                let member = what.split(':').next().unwrap_or_default();
                let key = self.at_entry("clients", ids(), (index, member));
                warnings.push(ConfigProblem::new(key, what));
            }
        }
        for (index, user) in self.users.iter().enumerate() {
            let of_user = user_claim_warnings(&user.claims, &resources).into_iter();
            warnings.extend(of_user.map(|what| self.at_user(index, "", what)));
        }
        if let Ok(Some(server)) = MailServer::read(&self.mail)
            && server.is_exposed()
        {
            let what = "mails leave this machine without TLS: who reads them on the way can use their links";
            warnings.push(self.places.locate(ConfigProblem::new("mail.url", what)));
        }
        if self.sign_up.mode == SignUpMode::Open && self.mail.url.is_none() && !self.development {
            let what =
                "without mail no user can sign up, as addresses can't be confirmed; set mail.url";
            warnings.push(self.places.locate(ConfigProblem::new("sign_up.mode", what)));
        }
        warnings
    }

    /// Clients whose refresh tokens end with the user's session, as they don't have the scope `offline_access`.
    #[must_use]
    pub fn refreshing_within_sessions(&self, now: Timestamp) -> Vec<String> {
        let clients = self.sound_clients(now).into_iter();
        let clients = clients.filter(|(_, client)| {
            client.may_use(GrantType::RefreshToken) && !client.scope().contains(OFFLINE_ACCESS)
        });
        clients.map(|(_, client)| client.id().to_string()).collect()
    }
}
