//! Requests to the administration of a provider on this machine, over its Unix socket.

use std::{io, path::Path, time::Duration};

use axum::body::Bytes;
use http::{HeaderValue, Request, Response, header::HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// The maximum size of a response.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// Longer than the request timeout of the provider.
const TIMEOUT: Duration = Duration::from_secs(40);

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum UnixClientError {
    /// No process listens: the socket does not exist, or its process has ended.
    #[error("no process listens on the socket")]
    NotListening,
    /// The socket exists but cannot be used.
    #[error("{0}")]
    Connect(#[source] io::Error),
    /// The exchange failed.
    #[error("{0}")]
    Broken(String),
}

/// Sends a request to the process that listens on the socket.
///
/// # Errors
/// When no process does, or no complete response comes in time.
pub async fn send(
    socket: &Path,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, UnixClientError> {
    let stream = connect(socket).await?;
    match tokio::time::timeout(TIMEOUT, converse(stream, request)).await {
        Ok(answer) => answer,
        Err(_) => Err(UnixClientError::Broken("no response in time".to_owned())),
    }
}

/// Whether a process listens on the socket.
///
/// # Errors
/// When the socket exists but cannot be used.
pub async fn is_served(socket: &Path) -> Result<bool, UnixClientError> {
    match connect(socket).await {
        Ok(_) => Ok(true),
        Err(UnixClientError::NotListening) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn connect(socket: &Path) -> Result<UnixStream, UnixClientError> {
    UnixStream::connect(socket)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                UnixClientError::NotListening
            }
            _ => UnixClientError::Connect(error),
        })
}

async fn converse(
    stream: UnixStream,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, UnixClientError> {
    let broken = |error: &dyn std::fmt::Display| UnixClientError::Broken(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| broken(&e))?;
    let mut request = request.map(Full::new);
    // RFC 9112 §3.2: Host is required; its value is not used.
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("localhost"));
    let conversation = async {
        let response = sender.send_request(request).await.map_err(|e| broken(&e))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|e| broken(&e))?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    // The connection does the I/O, and ends after the response.
    let mut driving = std::pin::pin!(connection);
    let mut conversation = std::pin::pin!(conversation);
    tokio::select! {
        biased;
        answer = &mut conversation => answer,
        _ = &mut driving => conversation.await,
    }
}
