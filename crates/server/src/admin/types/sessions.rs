use std::net::IpAddr;

use cardea_protocol::model::{Sid, Subject, Username};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A session: a browser that is logged in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The session's public name, as ID tokens have it.
    #[schema(value_type = String)]
    pub sid: Sid,
    /// The user's subject.
    #[schema(value_type = String)]
    pub sub: Subject,
    /// The user's name.
    #[schema(value_type = Option<String>)]
    pub username: Option<Username>,
    /// When the user logged in.
    pub auth_time: Timestamp,
    /// The authentication context class.
    pub acr: String,
    /// The authentication methods (RFC 8176).
    pub amr: Vec<String>,
    /// When the session began.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends if it is not used again.
    pub ends_at: Timestamp,
    /// Whether the user asked to stay signed in.
    pub remembered: bool,
    /// The address of the login.
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the login.
    pub user_agent: Option<String>,
    /// What the `User-Agent` claims to be, such as "Chrome on Linux".
    pub device: Option<String>,
}

/// What becomes of the applications when sessions end.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct EndingQuery {
    /// Whether grants with `offline_access` stay.
    #[param(required = false)]
    pub keep_applications: bool,
}

/// How many sessions were ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct Ended {
    /// How many.
    pub ended: u64,
}
