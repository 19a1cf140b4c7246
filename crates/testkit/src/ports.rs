use tokio::net::TcpListener;

/// A listener on a free port of 127.0.0.1, and its URL without a path.
///
/// # Panics
/// When this machine has no free port.
pub async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    (listener, format!("http://{address}"))
}

/// A port that was free a moment ago, for a process that is told its port. Another process may take it in between.
///
/// # Panics
/// When this machine has no free port.
#[must_use]
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
