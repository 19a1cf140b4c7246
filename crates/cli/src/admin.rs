//! The administration is called through the socket of the running provider, else in this process. Both are the same
//! router, so there is one implementation of each verb (D5).

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes},
};
use cardea_server::{
    admin::{self, types::Problem},
    config::Config,
};
use cardea_web::{
    clock::{Clock as _, SystemClock},
    inbound::Peer,
    outbound::unix_client,
};
use http::{Method, Request, Response, header::CONTENT_TYPE};
use http_body_util::BodyExt as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};
use tower::ServiceExt as _;

use crate::{
    config::{same_user, validate},
    database::Database,
    provider::{Provider, is_in_use},
};

/// How long to wait for a process that has the store and no socket: another command, or a provider that starts or ends.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY_EVERY: Duration = Duration::from_millis(50);

/// What stays as it is in a segment of a path (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The administration of one store.
pub(crate) enum Admin {
    /// A provider serves it.
    Running(PathBuf),
    /// No provider owns it: it is open in this process.
    Here(Box<(Router, Provider)>),
}

/// An error of the administration.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Problem);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(problem) = self;
        f.write_str(problem.detail.as_ref().unwrap_or(&problem.title))?;
        match (problem.status, &problem.correlation_id) {
            (Some(500..), Some(id)) => write!(f, " Reference: {id}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refused {}

impl Admin {
    /// Finds the provider that serves the store, or opens it.
    pub(crate) async fn reach(config: &Config) -> anyhow::Result<Self> {
        let database = Database::of(config)?;
        database.is_ours()?;
        let Some(socket) = database.socket()? else {
            validate(config, SystemClock.now())?;
            return Self::here(config).await;
        };
        let began = Instant::now();
        let mut checked = false;
        loop {
            if is_served(&socket).await? {
                return Ok(Self::Running(socket));
            }
            // The store is opened here: what is wrong with the configuration is reported before, all of it.
            if !std::mem::replace(&mut checked, true) {
                validate(config, SystemClock.now())?;
            }
            match Self::here(config).await {
                Ok(here) => return Ok(here),
                Err(error) if is_in_use(&error) && began.elapsed() < PATIENCE => {
                    tokio::time::sleep(RETRY_EVERY).await;
                }
                Err(error) if is_in_use(&error) => {
                    return Err(error.context(format!(
                        "no provider answers on {}, and the store can't be opened",
                        socket.display()
                    )));
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn here(config: &Config) -> anyhow::Result<Self> {
        let provider = Provider::open_current(config.clone()).await?;
        let router = admin::router(&provider.app);
        Ok(Self::Here(Box::new((router, provider))))
    }

    /// Reads something.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.exchange(Method::GET, path, None).await
    }

    /// Changes something. A response without content reads as `()`.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
    ) -> anyhow::Result<T> {
        self.exchange(method, path, None).await
    }

    /// Changes something as a body says it.
    pub(crate) async fn send_json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let body = serde_json::to_vec(body)?;
        self.exchange(method, path, Some(body)).await
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<T> {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Bytes::from(body.unwrap_or_default()))?;
        let response = match self {
            Self::Running(socket) => unix_client::send(socket, request)
                .await
                .with_context(|| socket.display().to_string())?,
            Self::Here(here) => call(&here.0, request).await?,
        };
        let status = response.status();
        let bytes = match response.body().as_ref() {
            [] => b"null",
            bytes => bytes,
        };
        let unexpected = || format!("the administration answered {status} in an unknown form");
        if !status.is_success() {
            let problem = serde_json::from_slice(bytes).with_context(unexpected)?;
            return Err(Refused(problem).into());
        }
        serde_json::from_slice(bytes).with_context(unexpected)
    }
}

/// Whether a provider listens on this socket.
pub(crate) async fn is_served(socket: &Path) -> anyhow::Result<bool> {
    same_user(socket)?;
    let served = unix_client::is_served(socket).await;
    served.with_context(|| socket.display().to_string())
}

async fn call(router: &Router, request: Request<Bytes>) -> anyhow::Result<Response<Bytes>> {
    let mut request = request.map(Body::from);
    let uid = rustix::process::geteuid().as_raw();
    request.extensions_mut().insert(Peer::Unix { uid });
    let (head, body) = router.clone().oneshot(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// A path with a query.
pub(crate) fn with_query(path: &str, query: &impl Serialize) -> anyhow::Result<String> {
    Ok(format!("{path}?{}", serde_urlencoded::to_string(query)?))
}

/// A name as a segment of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}
