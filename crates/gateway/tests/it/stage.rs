//! A gateway on its own port, and clients for it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use cardea_client::Entropy;
use cardea_gateway::{Gateway, GatewayConfig, Listeners, Serving};
use cardea_testkit::{PATIENCE, listen};
use cardea_web::{clock::SystemClock, config::parse};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// The configured host.
pub(crate) const HOST: &str = "app.test";

/// A gateway that runs until it is dropped.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) gateway: Gateway,
    pub(crate) stop: CancellationToken,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
        self.served.abort();
    }
}

/// The configuration of a text, for [`HOST`] with any port.
pub(crate) fn config(text: &str) -> GatewayConfig {
    let text = format!("hosts = [\"{HOST}\"]\n{text}");
    parse("gateway.toml", &text, std::iter::empty()).unwrap_or_else(|e| panic!("{e}"))
}

/// Everything to one upstream; `more` are keys of its route.
pub(crate) fn everything_to(upstream: &str, more: &str) -> String {
    format!(
        "[[upstreams]]\nname = \"app\"\nurl = \"{upstream}\"\n[[routes]]\nprefix = \"/\"\nupstream = \"app\"\n{more}\n"
    )
}

pub(crate) async fn start(config: GatewayConfig) -> Stage {
    let (listener, _) = listen().await;
    start_at(config, listener, None).await
}

pub(crate) async fn start_at(
    mut config: GatewayConfig,
    listener: TcpListener,
    redirect: Option<TcpListener>,
) -> Stage {
    let address = listener.local_addr().unwrap();
    config.hosts.push(format!("{HOST}:{}", address.port()));
    config.hosts.push(format!("localhost:{}", address.port()));
    let stop = CancellationToken::new();
    let clock = Arc::new(SystemClock);
    let listeners = Listeners {
        main: vec![listener],
        redirect,
        forward_auth: None,
    };
    let gateway = Gateway::new(config.clone(), clock, Entropy::seeded(7), stop.clone()).unwrap();
    let serving = Serving::at(&config, gateway.clone(), listeners).unwrap();
    let served = tokio::spawn(serving.run(stop.clone()));
    Stage {
        address,
        gateway,
        stop,
        served,
    }
}

/// A gateway with plain HTTP and one route to this upstream.
pub(crate) async fn before(upstream: &str) -> Stage {
    start(config(&everything_to(upstream, ""))).await
}

impl Stage {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{HOST}:{}{path}", self.address.port())
    }

    /// A client that resolves the host.
    pub(crate) fn client(&self) -> reqwest::Client {
        client(self.address).build().unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.client().get(self.url(path)).send().await.unwrap()
    }

    /// Sends these bytes, and reads until the end, or until nothing comes for a while.
    pub(crate) async fn raw(&self, bytes: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        read_all(&mut stream).await
    }

    /// The status of the response to a request without a body for this raw target.
    pub(crate) async fn status_of(&self, target: &str) -> u16 {
        let answer = self
            .raw(&format!(
                "GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
            ))
            .await;
        status(&answer)
    }
}

pub(crate) fn client(address: SocketAddr) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .resolve(HOST, address)
        .resolve("localhost", address)
        .timeout(PATIENCE)
}

pub(crate) fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).unwrap_or_default();
    code.parse()
        .unwrap_or_else(|_| panic!("no response: {answer:?}"))
}

pub(crate) async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(Ok(read)) =
        tokio::time::timeout(Duration::from_millis(600), stream.read(&mut buffer)).await
    {
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}
