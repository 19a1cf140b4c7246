//! The memory of request bodies in progress: one byte budget for a router, with a share for each network.
//!
//! A frame of a body is charged as long as it is kept in memory. What is forwarded piece by piece needs little; what is
//! collected is charged until the body is complete.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
};
use hyper::body::{Frame, SizeHint};

use super::shares::{Share, Shares};

/// The budget of all request bodies in progress.
const BUDGET: usize = 32 * 1024 * 1024;
const SHARE: Share = Share::of_network(BUDGET / 16);
/// What an open request takes besides its header and its body: its stream, its task, its connection's buffers.
const REQUEST_BYTES: usize = 4096;
/// What a frame takes besides its bytes, so that a body of many tiny frames does not cost more than it pays.
const FRAME_BYTES: usize = 128;
/// What a header field takes besides its name and value.
const FIELD_BYTES: usize = 64;

/// The budget of a router.
pub(super) struct BodyBudget {
    used: AtomicUsize,
    shares: Shares,
}

/// A request that has a body. Its header is charged until it is dropped.
pub(super) struct OpenBody {
    budget: Arc<BodyBudget>,
    ip: IpAddr,
    bytes: usize,
    is_refused: AtomicBool,
}

impl BodyBudget {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            used: AtomicUsize::new(0),
            shares: Shares::new(SHARE, Vec::new()),
        })
    }

    /// Charges a request with a body to the network of its client, before anything of the body is read. `None` when the
    /// budget does not allow it.
    pub(super) fn open(self: &Arc<Self>, ip: IpAddr, request: &Request) -> Option<Arc<OpenBody>> {
        let fields = request.headers().iter();
        let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
        let bytes = REQUEST_BYTES + fields.sum::<usize>();
        self.take(ip, bytes).then(|| {
            Arc::new(OpenBody {
                budget: Arc::clone(self),
                ip,
                bytes,
                is_refused: AtomicBool::new(false),
            })
        })
    }

    fn take(&self, ip: IpAddr, bytes: usize) -> bool {
        if !self.shares.take(ip, bytes) {
            return false;
        }
        let take = |used: usize| used.checked_add(bytes).filter(|used| *used <= BUDGET);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if taken.is_err() {
            self.shares.give_back(ip, bytes);
        }
        taken.is_ok()
    }

    fn give_back(&self, ip: IpAddr, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        self.shares.give_back(ip, bytes);
    }

    #[cfg(test)]
    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl OpenBody {
    /// Whether the body was broken off because the budget was spent.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// The body, whose frames are charged.
    pub(super) fn charge(self: &Arc<Self>, body: Body) -> Body {
        Body::new(ChargedBody {
            body,
            open: Arc::clone(self),
        })
    }
}

impl Drop for OpenBody {
    fn drop(&mut self) {
        self.budget.give_back(self.ip, self.bytes);
    }
}

/// The budget is spent.
#[derive(Debug, thiserror::Error)]
#[error("too many request bodies are in progress")]
struct BudgetSpent;

struct ChargedBody {
    body: Body,
    open: Arc<OpenBody>,
}

impl HttpBody for ChargedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let frame = match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other),
        };
        let bytes = match frame.into_data() {
            Ok(bytes) => bytes,
            // Trailers are bounded by the listener, and no extractor keeps them.
            Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
        };
        let charged = bytes.len() + FRAME_BYTES;
        if !this.open.budget.take(this.open.ip, charged) {
            this.open.is_refused.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(axum::Error::new(BudgetSpent))));
        }
        let frame = Bytes::from_owner(ChargedFrame {
            bytes,
            charged,
            open: Arc::clone(&this.open),
        });
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

struct ChargedFrame {
    bytes: Bytes,
    charged: usize,
    open: Arc<OpenBody>,
}

impl AsRef<[u8]> for ChargedFrame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for ChargedFrame {
    fn drop(&mut self) {
        self.open.budget.give_back(self.open.ip, self.charged);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn empty() -> Request {
        Request::new(Body::empty())
    }

    async fn frame(body: &mut Body) -> Option<Bytes> {
        body.frame().await?.ok()?.into_data().ok()
    }

    fn large() -> Body {
        Body::from(vec![b'x'; 64 * 1024])
    }

    #[tokio::test]
    async fn s1_a_network_has_a_share_of_the_budget_and_gives_it_back() {
        let budget = BodyBudget::new();
        let mut kept = Vec::new();
        let refused = loop {
            let open = budget.open(ip("203.0.113.7"), &empty()).unwrap();
            let mut body = open.charge(large());
            match frame(&mut body).await {
                Some(bytes) => kept.push((body, bytes)),
                None => break open,
            }
        };
        assert!(refused.is_refused());
        assert!(budget.used() <= SHARE.network);
        // A neighbour shares, another network does not.
        assert!(budget.take(ip("203.0.114.7"), 64 * 1024));
        budget.give_back(ip("203.0.114.7"), 64 * 1024);
        assert!(!budget.take(ip("203.0.113.9"), 64 * 1024));
        drop((kept, refused));
        assert_eq!(budget.used(), 0);
        assert!(budget.shares.is_empty());
    }

    #[tokio::test]
    async fn s1_all_networks_together_have_one_budget() {
        let budget = BodyBudget::new();
        let networks = (0..=255_u8).map(|n| IpAddr::from([20, n, 0, 1]));
        let networks: Vec<_> = networks.chain([ip("127.0.0.1")]).collect();
        let mut kept = Vec::new();
        for ip in networks.iter().cycle().take(2000) {
            let Some(open) = budget.open(*ip, &empty()) else {
                continue;
            };
            let mut body = open.charge(large());
            let bytes = frame(&mut body).await;
            kept.extend(bytes.map(|bytes| (body, bytes)));
        }
        assert!(budget.used() <= BUDGET);
        assert!(budget.used() > BUDGET - 128 * 1024);
        assert!((400..=512).contains(&kept.len()), "{}", kept.len());
        drop(kept);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn s1_tiny_frames_and_large_headers_are_charged_for_what_they_take() {
        let budget = BodyBudget::new();
        let mut request = empty();
        let value = http::HeaderValue::try_from("x".repeat(10_000)).unwrap();
        request.headers_mut().insert("cookie", value);
        let open = budget.open(ip("127.0.0.1"), &request).unwrap();
        assert!(budget.used() > 10_000);
        let pieces = std::iter::repeat_n(Ok::<_, std::fmt::Error>("x"), 1000);
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let mut body = open.charge(body);
        let mut kept = Vec::new();
        while let Some(bytes) = frame(&mut body).await {
            kept.push(bytes);
        }
        assert!(budget.used() > 10_000 + 1000 * FRAME_BYTES);
        drop((kept, body, open));
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn s1_a_body_that_is_forwarded_is_charged_for_the_piece_in_hand() {
        let budget = BodyBudget::new();
        let open = budget.open(ip("203.0.113.7"), &empty()).unwrap();
        let pieces = std::iter::repeat_n(Ok::<_, std::fmt::Error>("x".repeat(64 * 1024)), 200);
        let mut body = open.charge(Body::from_stream(futures_util::stream::iter(pieces)));
        let mut forwarded = 0;
        while let Some(bytes) = frame(&mut body).await {
            forwarded += bytes.len();
        }
        assert_eq!(forwarded, 200 * 64 * 1024);
        assert!(!open.is_refused());
    }
}
