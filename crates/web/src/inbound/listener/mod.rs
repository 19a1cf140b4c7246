//! Accepts connections and serves HTTP/1.1 and HTTP/2 on them, with or without TLS, within bounds.

mod activity;
mod connection;
mod networks;
mod slots;
mod streams;

pub use self::connection::{Answers, Place};
pub use self::networks::{Guest, Networks};
pub use super::shares::Share;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    activity::Activity,
    connection::{Caller, Connections, Held},
    slots::{Bounds, Slots},
};
use super::{
    client_address::Peer,
    client_certificate::{ClientCertificate, ClientCertificates},
    tls::Certificates,
};

/// The bounds of a listener.
#[derive(Clone)]
pub struct ListenerConfig {
    /// The certificate; without it connections are plain.
    pub tls: Option<Arc<Certificates>>,
    /// Requests client certificates in the TLS handshake.
    pub client_certificates: Option<ClientCertificates>,
    /// Connections at one time. A further one takes the slot of the connection that has been idle longest; when all are busy,
    /// one of a network with more connections, or it is closed.
    pub max_connections: usize,
    /// Connections of one network (/24, /64) at one time, and four times as many of a wide one (/16, /48). A further one takes
    /// the slot of its network's connection that has been idle longest, or is closed.
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
                server.tcp(stream, address, acceptor.clone());
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
        match socket.same_user(&stream) {
            Some(uid) => server.unix(stream, uid),
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
    slots: Arc<Slots>,
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
            slots: Slots::new(Bounds {
                slots: config.max_connections,
                share: Share::of_network(config.max_connections_per_network),
                trusted: config.trusted.clone(),
            }),
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
                    if !(is_out_of_descriptors(&error) && self.slots.close_idle()) {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    // The closed connection ends first.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Serves this connection if it gets a slot.
    fn tcp(&self, stream: TcpStream, address: SocketAddr, acceptor: Option<TlsAcceptor>) {
        let Some(held) = self.hold(Some(address.ip())) else {
            return tracing::debug!(%address, "refused a connection: all slots are busy");
        };
        let peer = Peer::Tcp {
            address,
            tls: acceptor.is_some(),
        };
        let server = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY");
            }
            let caller = Caller::new(peer, Arc::clone(&held));
            let Some(acceptor) = acceptor else {
                return server.drive(stream, caller).await;
            };
            let handshake = acceptor.accept(stream);
            let handshake = tokio::time::timeout(server.config.handshake_timeout, handshake);
            let shaken = tokio::select! {
                biased;
                () = held.closed() => return,
                shaken = handshake => shaken,
            };
            match shaken {
                Ok(Ok(stream)) => {
                    let certificate = ClientCertificate::of(stream.get_ref().1);
                    server.drive(stream, caller.with(certificate)).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                Err(_) => tracing::debug!("TLS handshake timed out"),
            }
        });
    }

    fn unix(&self, stream: UnixStream, uid: u32) {
        let Some(held) = self.hold(None) else {
            return tracing::warn!("refused a connection of the Unix socket: all slots are busy");
        };
        let server = self.clone();
        self.tasks.spawn(async move {
            let caller = Caller::new(Peer::Unix { uid }, held);
            server.drive(stream, caller).await;
        });
    }

    fn hold(&self, ip: Option<IpAddr>) -> Option<Arc<Held>> {
        let (activity, close) = (Activity::new(), self.abort.child_token());
        let slot = self.slots.take(ip, &activity, &close)?;
        Some(Held::new(slot, &self.tasks, activity, close))
    }

    async fn drive<I>(&self, io: I, caller: Caller)
    where
        I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        tokio::select! {
            biased;
            () = caller.closed() => {}
            () = self.connections.drive(io, &caller, &self.stop) => {}
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

/// EMFILE and ENFILE.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24))
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
        server.tcp(stream, from.parse().unwrap(), None);
        client.unwrap()
    }

    async fn is_closed(client: &mut TcpStream) -> bool {
        let read = client.read_u8();
        let read = tokio::time::timeout(Duration::from_millis(200), read).await;
        read.is_ok_and(|read| read.is_err())
    }

    #[tokio::test]
    async fn s2_a_network_has_a_share_and_gives_up_its_own_idle_connection() {
        let config = ListenerConfig {
            max_connections_per_network: 2,
            ..ListenerConfig::default()
        };
        let server = Server::new(Router::new(), config, CancellationToken::new());
        let mut first = connect(&server, "203.0.113.1:1").await;
        let mut second = connect(&server, "203.0.113.2:1").await;
        let mut third = connect(&server, "203.0.113.3:1").await;
        assert!(is_closed(&mut first).await);
        let mut other = connect(&server, "198.51.100.1:1").await;
        for open in [&mut second, &mut third, &mut other] {
            assert!(!is_closed(open).await);
        }
    }
}
