//! WebSockets: once both sides agreed, bytes go both ways until one side ends, or nothing moves.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use cardea_web::inbound::listener::{Guest, Place};
use http::header::UPGRADE;
use http::{Response, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::sync::OwnedSemaphorePermit;

use crate::body::{RequestBody, ResponseBody};
use crate::measure::OpenTunnel;
use crate::outgoing::Outgoing;
use crate::pool;
use crate::refusal::Refusal;

/// Asks the upstream for a WebSocket, on a connection of its own. When it agrees, `client` is joined to it.
pub(crate) async fn open(
    outgoing: &Outgoing<'_>,
    client: OnUpgrade,
) -> Result<Response<ResponseBody>, Refusal> {
    let route = outgoing.route;
    let guest = route.upstream.admit(outgoing.client.ip)?;
    let (stream, permit) = route.upstream.connect(route.times.connect).await?;
    let permit = Arc::new(permit);
    let broken = |error: hyper::Error| Refusal::Broken(error.to_string());
    let (mut sender, connection) = pool::builder()
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    // An answer that is no WebSocket may be long, and its connection is counted to its end.
    let counted = Arc::clone(&permit);
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection for a WebSocket ended");
        }
        drop(counted);
    });
    let request = outgoing
        .request(RequestBody::Empty)
        .ok_or(Refusal::Internal("a path that was read can't be written"))?;
    let limit = route.times.first_byte;
    let what = "answer to a WebSocket";
    let mut response = tokio::time::timeout(limit, sender.send_request(request))
        .await
        .map_err(|_| Refusal::TimedOut { what, limit })?
        .map_err(broken)?;
    let idle = route.times.idle;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response.map(|body| ResponseBody::upstream(body, None, idle, guest)));
    }
    // RFC 6455 §4.1: a 101 for anything else is no WebSocket.
    let agreed = response.headers().get(UPGRADE);
    if !agreed.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return Err(Refusal::Broken("a 101 that is no WebSocket".to_owned()));
    }
    let upstream = hyper::upgrade::on(&mut response);
    let held = Held {
        place: outgoing.parts.extensions.get::<Place>().cloned(),
        _permit: permit,
        _guest: guest,
        _counted: OpenTunnel::new(),
    };
    tokio::spawn(join(client, upstream, idle, held));
    Ok(response.map(|_| ResponseBody::own(())))
}

/// What a tunnel takes up as long as it stands.
struct Held {
    place: Option<Place>,
    _permit: Arc<OwnedSemaphorePermit>,
    _guest: Guest,
    _counted: OpenTunnel,
}

async fn join(client: OnUpgrade, upstream: OnUpgrade, idle: Duration, held: Held) {
    let (client, upstream) = match tokio::try_join!(client, upstream) {
        Ok(both) => both,
        Err(error) => return tracing::debug!(%error, "a WebSocket wasn't joined"),
    };
    let moved = Arc::new(AtomicBool::new(false));
    let mut client = Watched::new(client, &moved);
    let mut upstream = Watched::new(upstream, &moved);
    let cut_off = async {
        match &held.place {
            Some(place) => place.cut_off().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = copy_bidirectional(&mut client, &mut upstream) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a WebSocket broke off");
            }
        }
        () = silence(&moved, idle) => tracing::debug!("a WebSocket was silent for too long"),
        () = cut_off => {}
    }
}

/// Ends when nothing has moved for this long, give or take as much again.
async fn silence(moved: &AtomicBool, idle: Duration) {
    loop {
        tokio::time::sleep(idle).await;
        if !moved.swap(false, Ordering::Relaxed) {
            return;
        }
    }
}

/// One side, which tells when bytes come from it.
struct Watched {
    io: TokioIo<Upgraded>,
    moved: Arc<AtomicBool>,
}

impl Watched {
    fn new(io: Upgraded, moved: &Arc<AtomicBool>) -> Self {
        Self {
            io: TokioIo::new(io),
            moved: Arc::clone(moved),
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.moved.store(true, Ordering::Relaxed);
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
