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
use crate::rp::{LoginOptions, StepUp};

pub(super) async fn login(
    State(bff): State<Bff>,
    QueryPairs(query): QueryPairs,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    let options = match read(&query) {
        Ok(options) => options,
        Err(_) if expects_page(&head.headers) => {
            return bff.error_page(PageErrorKind::InvalidLink, &head.extensions);
        }
        Err(detail) => return refused(StatusCode::BAD_REQUEST, "Not a login of this app", detail),
    };
    bff.0.sessions.sweep_in_passing();
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

/// What the link asks for: the page to come back to and, for an API, an authentication (RFC 9470).
fn read(query: &[(String, String)]) -> Result<LoginOptions, &'static str> {
    let one = |wanted: &str| {
        let mut values = query.iter().filter(|(name, _)| name == wanted);
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err("A parameter is there twice."),
            (value, _) => Ok(value.map(|(_, text)| text.as_str())),
        }
    };
    let page = "return_to must be a path of this app: it begins with one slash.";
    let return_to = match one("return_to")? {
        Some(path) => ReturnTo::parse(path).ok_or(page)?,
        None => ReturnTo::home(),
    };
    match (one("acr_values")?, one("max_age")?) {
        (None, None) => Ok(LoginOptions::to(return_to.as_str())),
        (acr_values, max_age) => {
            let asked = StepUp::parse(acr_values, max_age);
            let asked = asked.ok_or("acr_values or max_age can't be read.")?;
            Ok(LoginOptions::step_up(return_to.as_str(), &asked))
        }
    }
}
