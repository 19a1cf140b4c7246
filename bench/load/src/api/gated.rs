//! An empty handler behind the layer of the kit, called without a socket.

use std::{convert::Infallible, net::Ipv4Addr};

use anyhow::bail;
use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use cardea_resource::{AccessToken, Gate};
use cardea_web::inbound::Peer;
use http::{StatusCode, header::AUTHORIZATION};
use tower::{Layer as _, Service, service_fn};

/// A request as a server passes it on, made before the clock starts.
pub(crate) fn request(token: &str) -> anyhow::Result<Request> {
    let request = Request::get("/orders").header(AUTHORIZATION, format!("Bearer {token}"));
    let mut request = request.body(Body::empty())?;
    let address = (Ipv4Addr::LOCALHOST, 40_000).into();
    let peer = Peer::Tcp {
        address,
        tls: false,
    };
    request.extensions_mut().insert(peer);
    Ok(request)
}

/// The layer with an empty handler behind it.
pub(crate) fn behind(
    gate: &Gate,
) -> impl Service<Request, Response = Response, Error = Infallible> + use<> {
    gate.layer(service_fn(async |request: Request| {
        // A request without a token has not passed the layer.
        let status = match request.extensions().get::<AccessToken>() {
            Some(_) => StatusCode::OK,
            None => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Ok(status.into_response())
    }))
}

/// One call, which must pass.
pub(crate) async fn call(
    service: &mut impl Service<Request, Response = Response, Error = Infallible>,
    request: Request,
) -> anyhow::Result<()> {
    let Ok(response) = service.call(request).await;
    match response.status() {
        StatusCode::OK => Ok(()),
        status => bail!("the API answered {status}"),
    }
}
