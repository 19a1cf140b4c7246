//! `GET /bff/login`: the way to the provider.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use cardea_web::inbound::{QueryPairs, RequestId};
use http::{HeaderMap, StatusCode};

use super::answers::{redirect, refused};
use super::{Bff, ReturnTo};
use crate::rp::LoginOptions;

pub(super) async fn login(
    State(bff): State<Bff>,
    id: Option<Extension<RequestId>>,
    QueryPairs(query): QueryPairs,
    headers: HeaderMap,
) -> Response {
    let mut return_to = query.iter().filter(|(name, _)| name == "return_to");
    let return_to = match (return_to.next(), return_to.next()) {
        (None, _) => Some(ReturnTo::home()),
        (Some((_, path)), None) => ReturnTo::parse(path),
        (Some(_), Some(_)) => None,
    };
    let Some(return_to) = return_to else {
        let detail = "return_to must be a path of this app: it begins with one slash.";
        return refused(StatusCode::BAD_REQUEST, "Not a page of this app", detail);
    };
    bff.0.sessions.sweep_in_passing();
    let login = match bff.0.rp.begin(LoginOptions::to(return_to.as_str())).await {
        Ok(login) => login,
        Err(error) => return bff.login_failed(&error.into(), id),
    };
    match bff.0.sessions.begin_login(&headers, &login.state).await {
        Ok(cookies) => redirect(&login.authorization_url, cookies),
        Err(error) => bff.login_failed(&error.into(), id),
    }
}
