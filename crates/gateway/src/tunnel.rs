//! WebSockets: after the upgrade, bytes are copied in both directions until one side ends or both are silent.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use cardea_web::inbound::listener::Place;
use http::{Response, StatusCode, header::UPGRADE};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional},
    sync::OwnedSemaphorePermit,
};

use crate::{
    body::ResponseBody, measure::OpenTunnel, outgoing::Outgoing, pool, refusal::Refusal,
    shares::Held as Slot, upload::RequestBody,
};

/// Requests a WebSocket from the upstream on a new connection. When it accepts, `client` is connected to it.
pub(crate) async fn open(
    outgoing: &Outgoing<'_>,
    client: OnUpgrade,
) -> Result<Response<ResponseBody>, Refusal> {
    let (upstream, times) = (&outgoing.routed.route.upstream, outgoing.routed.times());
    let slot = upstream.admit(outgoing.client.ip)?;
    let (stream, permit) = upstream.connect(times.connect).await?;
    let permit = Arc::new(permit);
    let broken = |error: hyper::Error| Refusal::Broken(error.to_string());
    let (mut sender, connection) = pool::builder()
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    // A response that is not an upgrade may be long, and its connection is counted until it ends.
    let counted = Arc::clone(&permit);
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection for a WebSocket ended");
        }
        drop(counted);
    });
    let request = outgoing
        .request(RequestBody::Empty)
        .ok_or(Refusal::Internal("the path cannot be written"))?;
    let limit = times.first_byte;
    let what = "answer a WebSocket request";
    let mut response = tokio::time::timeout(limit, sender.send_request(request))
        .await
        .map_err(|_| Refusal::TimedOut { what, limit })?
        .map_err(broken)?;
    let idle = times.idle;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response.map(|body| ResponseBody::upstream(body, None, idle, slot)));
    }
    // RFC 6455 §4.1: a 101 for another protocol is no WebSocket.
    let agreed = response.headers().get(UPGRADE);
    if !agreed.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return Err(Refusal::Broken("a 101 that is not a WebSocket".to_owned()));
    }
    let upstream = hyper::upgrade::on(&mut response);
    let held = Occupied {
        place: outgoing.parts.extensions.get::<Place>().cloned(),
        _permit: permit,
        _slot: slot,
        _counted: OpenTunnel::new(),
    };
    tokio::spawn(copy(client, upstream, idle, held));
    Ok(response.map(|_| ResponseBody::own(())))
}

/// What an open tunnel occupies.
struct Occupied {
    place: Option<Place>,
    _permit: Arc<OwnedSemaphorePermit>,
    _slot: Slot,
    _counted: OpenTunnel,
}

async fn copy(client: OnUpgrade, upstream: OnUpgrade, idle: Duration, held: Occupied) {
    let (client, upstream) = match tokio::try_join!(client, upstream) {
        Ok(both) => both,
        Err(error) => return tracing::debug!(%error, "a WebSocket could not be connected"),
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
                tracing::debug!(%error, "a WebSocket ended with an error");
            }
        }
        () = silence(&moved, idle) => tracing::debug!("a WebSocket was silent for too long"),
        () = cut_off => {}
    }
}

/// Ends when no bytes were copied for this long, or up to twice as long.
async fn silence(moved: &AtomicBool, idle: Duration) {
    loop {
        tokio::time::sleep(idle).await;
        if !moved.swap(false, Ordering::Relaxed) {
            return;
        }
    }
}

/// One side, which records that bytes came from it.
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
