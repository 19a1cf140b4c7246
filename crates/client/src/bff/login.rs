//! `GET /bff/login`: the way to the provider.

use axum::{
    extract::{Request, State},
    response::Response,
};
use cardea_web::inbound::QueryPairs;
use http::StatusCode;

use super::{
    Bff, ReturnTo,
    answers::{redirect, refused},
    error_page::{PageErrorKind, expects_page},
};
use crate::rp::LoginOptions;

pub(super) async fn login(
    State(bff): State<Bff>,
    QueryPairs(query): QueryPairs,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    let mut return_to = query.iter().filter(|(name, _)| name == "return_to");
    let return_to = match (return_to.next(), return_to.next()) {
        (None, _) => Some(ReturnTo::home()),
        (Some((_, path)), None) => ReturnTo::parse(path),
        (Some(_), Some(_)) => None,
    };
    let Some(return_to) = return_to else {
        if expects_page(&head.headers) {
            return bff.error_page(PageErrorKind::InvalidLink, &head.extensions);
        }
        let detail = "return_to must be a path of this app: it begins with one slash.";
        return refused(StatusCode::BAD_REQUEST, "Not a page of this app", detail);
    };
    bff.0.sessions.sweep_in_passing();
    let options = LoginOptions::to(return_to.as_str());
    let login = match bff.0.rp.begin(options).await {
        Ok(login) => login,
        Err(error) => return bff.login_failed(&error.into(), &head.extensions),
    };
    let begun = bff.0.sessions.begin_login(&head.headers, &login.state);
    match begun.await {
        Ok(cookies) => redirect(&login.authorization_url, cookies),
        Err(error) => bff.login_failed(&error.into(), &head.extensions),
    }
}
