//! Accepts connections and serves HTTP/1.1 and HTTP/2 on them, with or without TLS, within bounds.

mod activity;
mod connection;
mod networks;
mod streams;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::connection::{Answers, Place};
pub use self::networks::{Guest, Networks};
pub use super::shares::Share;

use self::connection::{Caller, Connections};
use super::client_address::Peer;
use super::client_certificate::{ClientCertificate, ClientCertificates};
use super::tls::Certificates;

/// The bounds of a listener.
#[derive(Clone)]
pub struct ListenerConfig {
    /// The certificate; without it connections are plain.
    pub tls: Option<Arc<Certificates>>,
    /// Requests client certificates in the TLS handshake.
    pub client_certificates: Option<ClientCertificates>,
    /// Connections at one time; further ones wait in the system's queue.
    pub max_connections: usize,
    /// Connections of one network (/24, /64) at one time; further ones are closed at once.
    pub max_connections_per_network: usize,
    /// Proxies, whose connections are not counted by network, like those from loopback.
    pub trusted: Vec<IpNet>,
    /// The timeout of a TLS handshake.
    pub handshake_timeout: Duration,
    /// The timeout for all headers of a request, and for the start of the first one.
    pub header_timeout: Duration,
    /// The timeout of a connection between two requests.
    pub idle_timeout: Duration,
    /// How long requests in progress may take after the signal to stop.
    pub shutdown_deadline: Duration,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            tls: None,
            client_certificates: None,
            max_connections: 4096,
            max_connections_per_network: 256,
            trusted: Vec::new(),
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            shutdown_deadline: Duration::from_secs(10),
        }
    }
}

/// Serves on all these listeners until `shutdown`, then finishes the requests in progress.
///
/// # Errors
/// When TLS cannot be set up.
pub async fn serve(
    listeners: Vec<TcpListener>,
    service: impl Answers,
    config: ListenerConfig,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let acceptor = match &config.tls {
        Some(certificates) => Some(certificates.acceptor(config.client_certificates.as_ref())?),
        None => None,
    };
    let server = Server::new(service, config, shutdown);
    for listener in listeners {
        let server = server.clone();
        let acceptor = acceptor.clone();
        server.tasks.clone().spawn(async move {
            while let Some((stream, address)) = server.accept(|| listener.accept()).await {
                server.tcp(stream, address, acceptor.clone()).await;
            }
        });
    }
    server.finish().await;
    Ok(())
}

/// Serves on a Unix socket that only processes of the same user may use.
///
/// A stale socket file is replaced, so the caller must hold the lock that makes it the only server of this path.
///
/// # Errors
/// When the socket cannot be created.
pub async fn serve_unix(
    path: &Path,
    service: impl Answers,
    config: ListenerConfig,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let socket = UnixSocket::bind(path)?;
    let server = Server::new(service, config, shutdown);
    while let Some((stream, _)) = server.accept(|| socket.listener.accept()).await {
        let Some(permit) = server.permit().await else {
            break;
        };
        match socket.same_user(&stream) {
            Some(uid) => server.unix(stream, uid, permit),
            None => tracing::warn!("refused a process of another user on the Unix socket"),
        }
    }
    drop(socket);
    server.finish().await;
    Ok(())
}

/// A bound socket file of mode 0600, removed when dropped.
struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl UnixSocket {
    fn bind(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        // Created under another name and renamed, so that it is never visible with a wider mode.
        let mut hidden = path.as_os_str().to_owned();
        hidden.push(".new");
        let hidden = PathBuf::from(hidden);
        match std::fs::remove_file(&hidden) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&hidden)?;
        std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(&hidden)?.uid();
        std::fs::rename(&hidden, path)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            owner,
        })
    }

    fn same_user(&self, stream: &UnixStream) -> Option<u32> {
        let uid = stream.peer_cred().ok()?.uid();
        (uid == self.owner).then_some(uid)
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "could not remove the socket file");
        }
    }
}

struct Server<A> {
    connections: Arc<Connections<A>>,
    config: ListenerConfig,
    slots: Arc<Semaphore>,
    networks: Arc<Networks>,
    tasks: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl<A> Clone for Server<A> {
    fn clone(&self) -> Self {
        Self {
            connections: Arc::clone(&self.connections),
            config: self.config.clone(),
            slots: Arc::clone(&self.slots),
            networks: Arc::clone(&self.networks),
            tasks: self.tasks.clone(),
            stop: self.stop.clone(),
            abort: self.abort.clone(),
        }
    }
}

impl<A: Answers> Server<A> {
    fn new(service: A, config: ListenerConfig, stop: CancellationToken) -> Self {
        Self {
            connections: Arc::new(Connections::new(service, &config)),
            slots: Arc::new(Semaphore::new(config.max_connections)),
            networks: Networks::new(
                Share::of_network(config.max_connections_per_network),
                config.trusted.clone(),
            ),
            config,
            tasks: TaskTracker::new(),
            stop,
            abort: CancellationToken::new(),
        }
    }

    /// The next connection; `None` after the signal to stop.
    async fn accept<T, F>(&self, mut next: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                accepted = next() => accepted,
            };
            match accepted {
                Ok(connection) => return Some(connection),
                // The client closed the connection, or the process is out of descriptors: neither ends the loop.
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            permit = Arc::clone(&self.slots).acquire_owned() => permit.ok(),
        }
    }

    /// Serves this connection when there is a place for it.
    async fn tcp(&self, stream: TcpStream, address: SocketAddr, acceptor: Option<TlsAcceptor>) {
        let Some(guest) = self.networks.admit(address.ip()) else {
            return tracing::debug!(%address, "its network has too many connections");
        };
        let Some(permit) = self.permit().await else {
            return;
        };
        let peer = Peer::Tcp {
            address,
            tls: acceptor.is_some(),
        };
        let server = self.clone();
        let place = Place::new((guest, permit), &self.tasks, &self.abort);
        self.tasks.spawn(async move {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY");
            }
            let Some(acceptor) = acceptor else {
                return server.drive(stream, Caller::new(peer, place)).await;
            };
            let handshake = acceptor.accept(stream);
            match tokio::time::timeout(server.config.handshake_timeout, handshake).await {
                Ok(Ok(stream)) => {
                    let certificate = ClientCertificate::of(stream.get_ref().1);
                    let caller = Caller::new(peer, place).with(certificate);
                    server.drive(stream, caller).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                Err(_) => tracing::debug!("TLS handshake took too long"),
            }
        });
    }

    fn unix(&self, stream: UnixStream, uid: u32, permit: OwnedSemaphorePermit) {
        let server = self.clone();
        let place = Place::new(permit, &self.tasks, &self.abort);
        self.tasks.spawn(async move {
            let caller = Caller::new(Peer::Unix { uid }, place);
            server.drive(stream, caller).await;
        });
    }

    async fn drive<I>(&self, io: I, caller: Caller)
    where
        I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        tokio::select! {
            biased;
            () = self.abort.cancelled() => {}
            () = self.connections.drive(io, caller, &self.stop) => {}
        }
    }

    async fn finish(self) {
        self.stop.cancelled().await;
        self.tasks.close();
        let deadline = self.config.shutdown_deadline;
        if tokio::time::timeout(deadline, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                left = self.tasks.len(),
                "closing connections at the shutdown deadline"
            );
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use axum::Router;
    use tokio::io::AsyncReadExt;

    use super::*;

    /// A connection that the server takes for one from this address.
    async fn connect(server: &Server<Router>, from: &str) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (stream, _) = listener.accept().await.unwrap();
        server.tcp(stream, from.parse().unwrap(), None).await;
        client.unwrap()
    }

    async fn is_closed(client: &mut TcpStream) -> bool {
        let read = client.read_u8();
        let read = tokio::time::timeout(Duration::from_millis(200), read).await;
        read.is_ok_and(|read| read.is_err())
    }

    #[tokio::test]
    async fn one_stranger_cannot_hold_all_connections() {
        let config = ListenerConfig {
            max_connections_per_network: 2,
            ..ListenerConfig::default()
        };
        let server = Server::new(Router::new(), config, CancellationToken::new());
        let mut idle = connect(&server, "203.0.113.1:1").await;
        let second = connect(&server, "203.0.113.2:1").await;
        assert!(is_closed(&mut connect(&server, "203.0.113.3:1").await).await);
        assert!(!is_closed(&mut connect(&server, "198.51.100.1:1").await).await);
        assert!(!is_closed(&mut idle).await);
        drop(second);
        // The server takes a moment to see that it left.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!is_closed(&mut connect(&server, "203.0.113.3:1").await).await);
    }
}
