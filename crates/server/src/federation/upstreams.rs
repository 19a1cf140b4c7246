//! The upstreams of the configuration, ready to be asked.

use std::{sync::Arc, time::Duration};

use cardea_client::rp::{LogoutToken, RelyingParty, RpError};
use cardea_protocol::federation::{ClaimMapping, Domain, LinkPolicy, ProviderKind, UpstreamId};
use cardea_seal::Entropy;
use cardea_web::{clock::Clock, outbound::FetchError};

use crate::config::{Config, ConfigProblem, ConfigProblems, checked_upstreams::CheckedUpstream};

/// All that a sign-in asks of an upstream in one request: its metadata, tokens, keys and claims.
const PATIENCE: Duration = Duration::from_secs(10);

/// A provider at which users can sign in.
pub(crate) struct Upstream {
    pub(crate) id: UpstreamId,
    pub(crate) name: String,
    pub(crate) kind: ProviderKind,
    pub(crate) party: RelyingParty,
    pub(crate) mapping: ClaimMapping,
    pub(crate) policy: LinkPolicy,
    pub(crate) trust_mfa: bool,
    /// Whether a logout here is one there.
    pub(crate) logout: bool,
    domains: Vec<Domain>,
}

/// All of them, in the order of the configuration.
pub(crate) struct Upstreams(Vec<Upstream>);

impl Upstreams {
    pub(crate) fn new(
        config: &Config,
        clock: &Arc<dyn Clock>,
        entropy: &Entropy,
    ) -> Result<Self, ConfigProblems> {
        let checked = match config.checked_upstreams() {
            Ok(checked) => checked,
            Err(problems) => {
                ConfigProblems::none_of(problems)?;
                Vec::new()
            }
        };
        let all = checked.into_iter().map(|one| {
            let party = RelyingParty::new(&one.client, Arc::clone(clock), entropy.clone());
            let id = one.id.clone();
            party.map(|party| Upstream::new(one, party)).map_err(|e| {
                ConfigProblem::new(format!("upstreams \"{id}\""), e.to_string()).into()
            })
        });
        all.collect::<Result<_, _>>().map(Self)
    }

    /// The one with this id.
    pub(crate) fn find(&self, id: &str) -> Option<&Upstream> {
        self.0.iter().find(|one| one.id.as_str() == id)
    }

    /// The one at which users with an address of this domain sign in.
    pub(crate) fn of_domain(&self, domain: &Domain) -> Option<&Upstream> {
        self.0.iter().find(|one| one.domains.contains(domain))
    }

    /// Whether an address may lead to an upstream.
    pub(crate) fn has_domains(&self) -> bool {
        self.0.iter().any(|one| !one.domains.is_empty())
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = Upstream> {
        self.0.into_iter()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Upstream> {
        self.0.iter()
    }
}

impl Upstream {
    fn new(checked: CheckedUpstream, party: RelyingParty) -> Self {
        Self {
            id: checked.id,
            name: checked.name,
            kind: checked.kind,
            party,
            mapping: checked.mapping,
            policy: checked.policy,
            trust_mfa: checked.trust_mfa,
            logout: checked.logout,
            domains: checked.domains,
        }
    }

    /// Judges a logout token.
    pub(crate) async fn logout_token(&self, jwt: &str) -> Result<LogoutToken, RpError> {
        in_time(self.party.logout_token(jwt)).await
    }
}

/// The result, unless the upstream takes too long. The request waits without holding a thread.
pub(crate) async fn in_time<T>(
    asked: impl Future<Output = Result<T, RpError>>,
) -> Result<T, RpError> {
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    answered.unwrap_or(Err(RpError::Unavailable(FetchError::TooSlow)))
}
