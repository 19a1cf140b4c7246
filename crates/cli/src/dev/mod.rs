//! `cardea dev` (D23): a provider and a small application that logs in to it, on loopback, in one process.

mod app;
mod ports;

use std::{
    io::Write as _,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use cardea_seal::{Entropy, MasterKey};
use cardea_server::{
    config::{
        Config,
        development::{APP_PORT, SCRIPT_SECRET},
    },
    jobs, router,
};
use cardea_web::inbound::{
    listener::{ListenerConfig, serve},
    shutdown,
};

use self::ports::Port;
use crate::{commands::DevOptions, provider::Provider};

pub(crate) async fn run(options: DevOptions) -> anyhow::Result<()> {
    let provider_listeners = ports::bind(options.port, "--port").await?;
    // Many development servers listen there by default, and the client `spa` may send people back to them.
    let (app_listeners, taken) = match ports::try_bind(APP_PORT).await? {
        Port::Ours(listeners) => (Some(listeners), None),
        Port::Taken(address) => (None, Some(address)),
    };
    let data = Data::open(options.data)?;
    let config = Config::development(options.port, data.path());
    let issuer = config.issuer.clone();
    let shutdown = shutdown::on_signal()?;
    let provider = Provider::open(config).await?;
    let demo = app::router(&issuer, &Entropy::system());
    let serve_app = async {
        match app_listeners {
            Some(listeners) => {
                serve(listeners, demo, ListenerConfig::default(), shutdown.clone()).await
            }
            None => Ok(()),
        }
    };
    let listening = async {
        tokio::try_join!(
            serve(
                provider_listeners,
                router(&provider.app),
                ListenerConfig::default(),
                shutdown.clone()
            ),
            serve_app,
        )
    };
    greet(&issuer, taken)?;
    tokio::select! {
        ended = listening => { ended.context("a listener failed")?; }
        () = jobs::run(Arc::clone(&provider.app)) => {}
    }
    Ok(())
}

/// The folder with keys and data.
enum Data {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Data {
    fn open(dir: Option<PathBuf>) -> anyhow::Result<Self> {
        let data = match dir {
            None => Self::Temporary(tempfile::Builder::new().prefix("cardea-dev-").tempdir()?),
            Some(dir) => {
                std::fs::create_dir_all(&dir)
                    .with_context(|| format!("--data: {}", dir.display()))?;
                Self::Kept(dir)
            }
        };
        let key = data.path().join("master.key");
        if !key.exists() {
            let text = MasterKey::generate(&Entropy::system()).to_text();
            write_private(&key, text.expose()).with_context(|| key.display().to_string())?;
        }
        Ok(data)
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// Says where everything is, or where the port of the demo application is taken.
fn greet(issuer: &str, taken: Option<IpAddr>) -> std::io::Result<()> {
    let app = match taken {
        None => format!("http://localhost:{APP_PORT}/      a small application; "),
        Some(address) => format!(
            "Port {APP_PORT} is taken on {address}; the demo application is left out — your own app may be there.
              "
        ),
    };
    let text = format!(
        "DEVELOPMENT: everybody knows these passwords and secrets; nothing but this machine can reach it.

  Log in      {app}alice / wonderland-7-doors, bob / hinge-of-the-door-9
  Provider    {issuer}
  Discovery   {issuer}/.well-known/openid-configuration
  Account     {issuer}/account

A token for a machine:

  curl -u script:{SCRIPT_SECRET} -d grant_type=client_credentials {issuer}/token

Clients: spa (public), backend and script (confidential). Ctrl-C ends it.
"
    );
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
