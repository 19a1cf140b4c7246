//! An API for orders. A caller with a valid access token sees the orders of their own tenant, and no others.
//!
//! | route | requires |
//! |---|---|
//! | `GET /orders` | scope `orders:read` |
//! | `POST /orders` | scope `orders:write` |
//! | `GET /orders/{id}` | scope `orders:read`, and an order of the caller's tenant |
//! | `DELETE /orders/{id}` | scope `orders:write`, an order of the caller's tenant, and a sign-in with a second factor (RFC 9470) |
//! | `GET /me` | a token |
//! | `GET /admin/metrics` | role `admin` |
//!
//! Read `routes` first, then `orders.rs`, then `database.rs`.

mod caller;
mod database;
mod orders;

use std::{convert::Infallible, path::PathBuf};

use axum::{
    Router,
    routing::{delete, get, post},
};
use cardea_resource::{Api, ApiConfig, require_acr, require_role, require_scope};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::database::Database;

/// An order is cancelled only by who has signed in with a second factor.
const SECOND_FACTOR: [&str; 2] = ["urn:cardea:acr:mfa", "urn:cardea:acr:phishing-resistant"];

/// The contents of `orders-api.toml`.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address and port to listen at.
    pub listen: String,
    /// The SQLite file. Without it orders are kept in memory only.
    pub database: Option<PathBuf>,
    /// Whether a new tenant gets three sample orders.
    pub sample_orders: bool,
    /// The issuer and the settings of the kit.
    pub api: ApiConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:4000".to_owned(),
            database: None,
            sample_orders: false,
            api: ApiConfig::new("http://localhost:9000", "api://orders"),
        }
    }
}

/// The whole API.
///
/// # Errors
/// When a setting is invalid, or the database can't be opened.
pub fn router(config: &Config) -> anyhow::Result<Router> {
    Ok(Api::new(&config.api)?.protect(routes(config)?))
}

/// Serves the API until the process receives a stop signal.
///
/// # Errors
/// When a setting is invalid, or the database can't be opened.
pub async fn serve(config: &Config, listener: TcpListener) -> anyhow::Result<()> {
    let api = Api::new(&config.api)?;
    Ok(api.serve(listener, routes(config)?).await?)
}

fn routes(config: &Config) -> anyhow::Result<Router> {
    let database = Database::open(config.database.as_deref(), config.sample_orders)?;
    let list = get(orders::list).layer(require_scope("orders:read"));
    let create = post(orders::create).layer(require_scope("orders:write"));
    let show = get(orders::show).layer(require_scope("orders:read"));
    let cancel = delete(orders::cancel)
        .layer::<_, Infallible>(require_acr(SECOND_FACTOR))
        .layer(require_scope("orders:write"));
    let metrics = get(orders::metrics).layer(require_role("admin"));
    Ok(Router::new()
        .route("/orders", list.merge(create))
        .route("/orders/{id}", show.merge(cancel))
        .route("/me", get(caller::me))
        .route("/admin/metrics", metrics)
        .fallback(async || orders::not_found())
        .with_state(database))
}
