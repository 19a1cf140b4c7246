//! The layer before the routes of an API: one, and without an allocation of its own while it need not ask the issuer.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use cardea_web::inbound::limits::Decision;
use http::{HeaderMap, header::AUTHORIZATION};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::Instrument;

use crate::{
    access_token::AccessToken,
    api::Shared,
    edge::{Refused, admitted},
};

/// Puts routes behind the checks of an API, made by [`Api::layer`](crate::Api::layer).
#[derive(Clone)]
pub struct Gate {
    pub(crate) api: Arc<Shared>,
    pub(crate) demands_token: bool,
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gated {
            inner,
            gate: self.clone(),
        }
    }
}

/// A service behind a [`Gate`].
#[derive(Clone)]
pub struct Gated<S> {
    inner: S,
    gate: Gate,
}

impl<S> Service<Request> for Gated<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Passing<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let api = &self.gate.api;
        let origin = api.edge.origin(&request);
        let state = match self.gate.admit(request) {
            Admission::In(request, decision) => State::Inside {
                future: self.inner.call(request),
                decision,
            },
            Admission::Out(response) => State::Answered {
                response: Some(response),
            },
            Admission::Ask(question) => {
                // The service that was polled ready is the one to call; its clone waits for the next request.
                let clone = self.inner.clone();
                State::Asking {
                    question,
                    inner: std::mem::replace(&mut self.inner, clone),
                }
            }
        };
        Passing {
            state,
            api: Arc::clone(api),
            origin,
        }
    }
}

type Admitted = Result<(Request, Option<Decision>), Refused>;

enum Admission {
    In(Request, Option<Decision>),
    Out(Response),
    Ask(Pin<Box<dyn Future<Output = Admitted> + Send>>),
}

impl Gate {
    fn admit(&self, request: Request) -> Admission {
        let decision = match self.api.edge.admit(&request) {
            Ok(decision) => decision,
            Err(response) => return Admission::Out(*response),
        };
        if !self.demands_token {
            return Admission::In(request, decision);
        }
        let (mut parts, body) = request.into_parts();
        let verdict = self.api.ready(&parts);
        // What prints the headers later doesn't print the token.
        if let Some(value) = parts.headers.get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        let request = Request::from_parts(parts, body);
        match verdict {
            Ok(Some(token)) => match self.api.enter(request, token, decision) {
                Ok((request, decision)) => Admission::In(request, decision),
                Err(response) => Admission::Out(*response),
            },
            Err(error) => Admission::Out(self.api.refuse(&request, &error)),
            Ok(None) => {
                let api = Arc::clone(&self.api);
                let span = tracing::debug_span!("verify_token");
                Admission::Ask(Box::pin(ask(api, request, decision).instrument(span)))
            }
        }
    }
}

async fn ask(api: Arc<Shared>, request: Request, decision: Option<Decision>) -> Admitted {
    let (parts, body) = request.into_parts();
    let verdict = api.verify(&parts).await;
    let request = Request::from_parts(parts, body);
    match verdict {
        Ok(token) => api.enter(request, token, decision),
        Err(error) => Err(api.refuse(&request, &error).into()),
    }
}

pin_project! {
    /// The response of a [`Gated`] service, in progress.
    pub struct Passing<S: Service<Request>> {
        #[pin]
        state: State<S>,
        api: Arc<Shared>,
        origin: Option<HeaderMap>,
    }
}

pin_project! {
    #[project = StateOf]
    enum State<S: Service<Request>> {
        Inside { #[pin] future: S::Future, decision: Option<Decision> },
        Asking { question: Pin<Box<dyn Future<Output = Admitted> + Send>>, inner: S },
        Answered { response: Option<Response> },
    }
}

impl<S> Future for Passing<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateOf::Inside { future, decision } => {
                    let Poll::Ready(Ok(mut response)) = future.poll(cx) else {
                        return Poll::Pending;
                    };
                    if let Some(decision) = decision {
                        decision.write(response.headers_mut());
                    }
                    State::Answered {
                        response: Some(response),
                    }
                }
                StateOf::Asking { question, inner } => match question.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(response)) => State::Answered {
                        response: Some(*response),
                    },
                    Poll::Ready(Ok((request, decision))) => State::Inside {
                        future: inner.call(request),
                        decision,
                    },
                },
                StateOf::Answered { response } => {
                    // Polled once more after its end, a future may do as it likes.
                    let mut response = response.take().unwrap_or_default();
                    if let Some(origin) = this.origin.take() {
                        this.api.edge.answer(&origin, response.headers_mut());
                    }
                    return Poll::Ready(Ok(response));
                }
            };
            this.state.set(next);
        }
    }
}

impl Shared {
    /// Counts the request against its subject and lets it in. The answer shows the last decision that counted.
    fn enter(
        &self,
        mut request: Request,
        token: AccessToken,
        of_network: Option<Decision>,
    ) -> Admitted {
        let who = (token.client_id(), token.subject());
        let of_subject = admitted(self.per_subject.check(&who))?;
        request.extensions_mut().insert(token);
        let shown = Some(of_subject).filter(|decision| decision.limit > 0);
        Ok((request, shown.or(of_network)))
    }
}
