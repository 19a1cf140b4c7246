//! The relying party.

mod acr_values;
mod callback;
mod cardea;
mod documents;
mod hostile;
mod id_token;
mod logout;
mod odd;
mod presets;
pub(crate) mod provider;
mod refresh;
pub(crate) mod secrets;
mod userinfo;
pub(crate) mod world;
