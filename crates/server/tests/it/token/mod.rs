//! `/token`, a file a grant type, and how clients prove who they are.

mod audience;
mod authorization_code;
mod client_auth;
mod client_credentials;
mod jwks_uri;
mod races;
mod refresh_theft;
mod refresh_token;
mod user_claims;
