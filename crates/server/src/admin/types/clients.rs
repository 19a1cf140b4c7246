use cardea_protocol::model::{ClientMetadata, ClientStatus, Owner};
use cardea_web::config::SecretText;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{schemas, secret};

/// A client: its metadata and its state.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Client {
    /// The metadata.
    #[serde(flatten)]
    #[schema(value_type = schemas::ClientMetadata)]
    pub metadata: ClientMetadata,
    /// Whether its requests are accepted.
    #[schema(schema_with = schemas::status)]
    pub status: ClientStatus,
    /// A client of the configuration file is read-only here.
    #[schema(schema_with = schemas::owner)]
    pub owner: Owner,
    /// When it was added.
    pub created_at: Timestamp,
    /// Shown once, in the response to the request that created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// Scopes and claims that the client asks for and can't be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A client to add, as it is written. It is read as [`ClientMetadata`], which is never written with its secret.
#[derive(Serialize)]
pub struct NewClient {
    /// The `client_id`.
    pub client_id: String,
    /// The secret; without it a client that needs one is given one.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "secret::expose_option"
    )]
    pub client_secret: Option<SecretText>,
    /// The other members.
    #[serde(flatten)]
    pub members: ClientPatch,
}

/// A merge patch (RFC 7396) of client metadata: each member replaces the present one, `null` sets it to its default. The identifier and
/// the secret cannot be changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = schemas::ClientMetadata)]
pub struct ClientPatch(pub Map<String, Value>);
