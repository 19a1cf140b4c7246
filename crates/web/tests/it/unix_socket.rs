//! The administration's way in.

use std::{os::unix::fs::PermissionsExt, path::Path};

use cardea_testkit::until;
use cardea_web::{
    inbound::listener::serve_unix,
    outbound::unix_client::{self, UnixClientError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};
use tokio_util::sync::CancellationToken;

use crate::serving::{GET, impatient, router};

async fn connect(path: &Path) -> UnixStream {
    let connected = || std::os::unix::net::UnixStream::connect(path).is_ok();
    until("a server on the socket", connected).await;
    UnixStream::connect(path).await.unwrap()
}

#[tokio::test]
async fn the_socket_is_private_serves_and_goes_with_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cardea.db.sock");
    // The stale socket of a killed server.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let stop = CancellationToken::new();
    let (socket, stopped) = (path.clone(), stop.clone());
    let served =
        tokio::spawn(async move { serve_unix(&socket, router(), impatient(), stopped).await });
    let mut stream = connect(&path).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    stream.write_all(GET).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    stop.cancel();
    served.await.unwrap().unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn the_client_of_the_socket_gets_answers_and_knows_when_nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cardea.db.sock");
    let request = |path: &str| http::Request::get(path).body(Default::default()).unwrap();
    let refused = unix_client::send(&path, request("/")).await;
    assert!(matches!(refused, Err(UnixClientError::NotListening)));
    // The stale socket of a killed server.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(!unix_client::is_served(&path).await.unwrap());
    let stop = CancellationToken::new();
    let (socket, stopped) = (path.clone(), stop.clone());
    let served =
        tokio::spawn(async move { serve_unix(&socket, router(), impatient(), stopped).await });
    connect(&path).await;
    assert!(unix_client::is_served(&path).await.unwrap());
    let answer = unix_client::send(&path, request("/")).await.unwrap();
    assert_eq!(answer.body().as_ref(), b"hello");
    let answer = unix_client::send(&path, request("/nowhere")).await.unwrap();
    assert_eq!(answer.status(), 404);
    stop.cancel();
    served.await.unwrap().unwrap();
}
