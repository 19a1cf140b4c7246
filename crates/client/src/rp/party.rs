//! One relying party at one provider.

use std::sync::Arc;

use cardea_jose::{KeySet, VerifyError, peek};
use cardea_seal::Entropy;
use cardea_web::{
    clock::Clock,
    outbound::{IssuerClient, IssuerKeys, IssuerMetadata, KeysSource, MetadataCache},
};
use jiff::Timestamp;

use super::{
    authentication::{Addressee, Authentication},
    config::{ClientConfig, ClientConfigError, Provider},
    error::RpError,
    github,
    settings::Settings,
};

/// Logs users in at one provider. Cheap to clone.
#[derive(Clone)]
pub struct RelyingParty(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) authentication: Authentication,
    pub(super) client: IssuerClient,
    metadata: Directory,
    keys: Arc<IssuerKeys>,
    clock: Arc<dyn Clock>,
    pub(super) entropy: Entropy,
}

/// Where the endpoints are known from.
enum Directory {
    Discovered(Arc<MetadataCache>),
    /// GitHub's, by its documentation.
    Written(Arc<IssuerMetadata>),
}

impl RelyingParty {
    /// Reads the configuration and its key files. The provider is asked when the first user logs in.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub fn new(
        config: &ClientConfig,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
    ) -> Result<Self, ClientConfigError> {
        let settings = Settings::read(config)?;
        let authentication = Authentication::read(&config.authentication, settings.provider)?;
        let client = IssuerClient::new(&settings.outbound)
            .map_err(|error| ClientConfigError::new("issuer", error.to_string()))?;
        let cache = MetadataCache::documented_as(
            client.clone(),
            Arc::clone(&clock),
            settings.documented.clone(),
        );
        let source = KeysSource::Discovered(Arc::clone(&cache));
        let keys = IssuerKeys::new(client.clone(), source, Arc::clone(&clock));
        let metadata = match settings.provider {
            Provider::Github => Directory::Written(Arc::new(github::metadata(client.issuer()))),
            _ => Directory::Discovered(cache),
        };
        Ok(Self(Arc::new(Inner {
            settings,
            authentication,
            client,
            metadata,
            keys,
            clock,
            entropy,
        })))
    }

    /// Asks the provider once for its metadata document. To be called at the start, to learn of a wrong issuer before the first
    /// user does.
    ///
    /// # Errors
    /// When the provider can't be used, with the reason.
    pub async fn ready(&self) -> Result<(), RpError> {
        let metadata = self.0.metadata().await?;
        let needed = [
            ("authorization_endpoint", &metadata.authorization_endpoint),
            ("token_endpoint", &metadata.token_endpoint),
        ];
        match needed.into_iter().find(|(_, endpoint)| endpoint.is_none()) {
            Some((name, _)) => Err(RpError::Unsupported(name)),
            None => Ok(()),
        }
    }

    /// The issuer, as configured.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.0.client.issuer()
    }

    /// The app's identifier at the provider.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0.settings.client_id
    }

    /// Where the provider sends users back to.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.0.settings.redirect_uri
    }
}

impl Inner {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) async fn metadata(&self) -> Result<Arc<IssuerMetadata>, RpError> {
        match &self.metadata {
            Directory::Discovered(cache) => Ok(cache.get().await?),
            Directory::Written(metadata) => Ok(Arc::clone(metadata)),
        }
    }

    /// The keys for a token; fetched again when its `kid` isn't among them.
    pub(super) async fn keys_for<E: From<VerifyError>>(
        &self,
        jwt: &str,
    ) -> Result<Result<Arc<KeySet>, E>, RpError> {
        let kid = match peek(jwt) {
            Ok(unverified) => unverified.header.kid,
            Err(error) => return Ok(Err(error.into())),
        };
        Ok(Ok(self.keys.keys(kid.as_deref()).await?))
    }

    /// To whom an assertion is addressed. An issuer can't be mistaken for another server (RFC 9700 §2.5); Entra ID's
    /// documentation wants its token endpoint.
    pub(super) fn addressee<'a>(&'a self, metadata: &'a IssuerMetadata) -> Addressee<'a> {
        let token_endpoint = metadata.token_endpoint.as_deref();
        let audience = match self.settings.provider {
            Provider::Entra => token_endpoint.unwrap_or(&metadata.issuer),
            _ => &metadata.issuer,
        };
        Addressee {
            client_id: &self.settings.client_id,
            audience,
            now: self.now(),
        }
    }
}
