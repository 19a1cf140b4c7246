//! The keys of one issuer: read without a lock, kept through outages.

use std::sync::Arc;

use cardea_jose::KeySet;
use http::StatusCode;

use super::{
    guarded_client::FetchError,
    issuer_client::IssuerClient,
    issuer_metadata::MetadataCache,
    refreshed::{Refreshed, Source},
};
use crate::clock::Clock;

/// Where the keys of an issuer come from.
pub enum KeysSource {
    /// From this URL.
    Uri(String),
    /// From the `jwks_uri` of its metadata.
    Discovered(Arc<MetadataCache>),
    /// These keys; they never change.
    Fixed(KeySet),
}

/// The key set of one issuer, kept fresh in the background.
///
/// It is fetched again after 15 minutes, and at most every 30 s for an unknown `kid`. While the issuer is unreachable, the
/// last set is used for a day.
pub struct IssuerKeys(Keys);

enum Keys {
    Fixed(Arc<KeySet>),
    Fetched(Arc<Refreshed<Published>>),
}

struct Published {
    client: IssuerClient,
    place: Location,
}

enum Location {
    Uri(String),
    Discovered(Arc<MetadataCache>),
}

impl IssuerKeys {
    /// The keys from this source; nothing is fetched yet.
    #[must_use]
    pub fn new(client: IssuerClient, source: KeysSource, clock: Arc<dyn Clock>) -> Arc<Self> {
        let place = match source {
            KeysSource::Fixed(set) => return Arc::new(Self(Keys::Fixed(Arc::new(set)))),
            KeysSource::Uri(uri) => Location::Uri(uri),
            KeysSource::Discovered(metadata) => Location::Discovered(metadata),
        };
        let published = Published { client, place };
        Arc::new(Self(Keys::Fetched(Refreshed::new(published, clock))))
    }

    /// The set if it is fresh and has the `kid`: without a lock, without waiting.
    #[must_use]
    pub fn ready(&self, kid: Option<&str>) -> Option<Arc<KeySet>> {
        match &self.0 {
            Keys::Fixed(set) => has(set, kid).then(|| Arc::clone(set)),
            Keys::Fetched(refreshed) => refreshed.ready(|set| has(set, kid)),
        }
    }

    /// The set, fetched if necessary. It may still not have the `kid`.
    ///
    /// # Errors
    /// When there is no set younger than a day, or it does not have the `kid` and the issuer is unreachable.
    pub async fn keys(&self, kid: Option<&str>) -> Result<Arc<KeySet>, FetchError> {
        match &self.0 {
            Keys::Fixed(set) => Ok(Arc::clone(set)),
            Keys::Fetched(refreshed) => refreshed.get(|set| has(set, kid)).await,
        }
    }
}

fn has(set: &KeySet, kid: Option<&str>) -> bool {
    kid.is_none_or(|kid| set.find(kid).is_some())
}

impl Source for Published {
    type Document = KeySet;
    const NAME: &'static str = "keys";

    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let metadata;
        let uri = match &self.place {
            Location::Uri(uri) => uri,
            Location::Discovered(cache) => {
                metadata = cache.get().await?;
                metadata
                    .jwks_uri
                    .as_ref()
                    .ok_or_else(|| FetchError::Document("metadata without jwks_uri".to_owned()))?
            }
        };
        let accept = ["application/json", "application/jwk-set+json"];
        let answer = self.client.get(uri, &accept, None).await?;
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status.as_u16()));
        }
        // The client has bounded the body.
        KeySet::parse_bounded(&answer.body).map_err(|error| FetchError::Document(error.to_string()))
    }
}
