//! A typical app: sessions in memory, the usual middleware, calls forwarded to an API.

use std::{net::Ipv4Addr, sync::Arc};

use axum::{Router, routing::get};
use cardea_client::{
    Clock, Entropy, MasterKey, SystemClock,
    bff::{Bff, BffConfig},
    rp::{AuthMethod, ClientConfig, RelyingParty},
    session::{MemoryStore, SessionConfig, Sessions},
};
use cardea_web::{
    config::SecretText,
    inbound::{
        Inbound,
        listener::{ListenerConfig, serve},
        shutdown,
    },
};
use tokio::net::TcpListener;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port to listen on.
    #[arg(long)]
    port: u16,
    /// The provider.
    #[arg(long)]
    issuer: String,
    /// The app's client at the provider.
    #[arg(long)]
    client: String,
    /// Its secret.
    #[arg(long)]
    secret: String,
    /// The API.
    #[arg(long)]
    upstream: String,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy = Entropy::system();
    let origin = format!("http://localhost:{}", options.port);
    let redirect_uri = format!("{origin}/bff/callback");
    let mut client = ClientConfig::cardea(&options.issuer, &options.client, &redirect_uri);
    client.scopes = ["openid", "orders:read"].map(str::to_owned).to_vec();
    client.authentication.method = Some(AuthMethod::ClientSecretPost);
    client.authentication.client_secret = Some(SecretText::new(options.secret.clone()));
    let rp = RelyingParty::new(&client, Arc::clone(&clock), entropy.clone())?;
    let config = SessionConfig::new(MasterKey::generate(&entropy), origin);
    let store = Arc::new(MemoryStore::default());
    let sessions = Sessions::new(config, store, clock, entropy.clone())?;
    let bff = Bff::new(BffConfig::spa().api(&options.upstream), rp, sessions)?;
    let seed = u64::from_be_bytes(entropy.bytes());
    let ready = Router::new().route("/health/ready", get(async || "ready"));
    let app = Inbound::new(false, seed).wrap(ready.merge(bff.routes()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    let stop = shutdown::on_signal()?;
    serve(vec![listener], app, ListenerConfig::default(), stop).await?;
    Ok(())
}
