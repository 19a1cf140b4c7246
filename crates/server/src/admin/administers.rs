//! The proof that a request is by an administrator of the organization of its path (D27, D31).

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use cardea_protocol::{
    model::{Actor, Cause, ClientId},
    roles::{NotAdmin, OrgAdmin},
    token::require_unbound,
};
use http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE, request::Parts};
use serde::Deserialize;

use super::refusal::{self, Answer, Refusal};
use crate::{
    app::{App, Shared},
    bearer,
    caller::Caller,
    error::Failure,
    limited,
};

/// The proof of a request, with what its audit rows are written from.
pub(super) struct Administers {
    admin: OrgAdmin,
    cause: Cause,
}

impl Administers {
    /// The proof.
    pub(super) fn admin(&self) -> &OrgAdmin {
        &self.admin
    }

    /// What the store writes its audit rows from.
    pub(super) fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The same, for the last verb of a request.
    pub(super) fn into_cause(self) -> Cause {
        self.cause
    }
}

#[derive(Deserialize)]
struct OfOrganization {
    id: String,
}

impl FromRequestParts<Shared> for Administers {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let path = Path::<OfOrganization>::from_request_parts(parts, app).await;
        let Path(OfOrganization { id }) = path.map_err(|e| Refusal::bad_request(e.body_text()))?;
        let Ok::<_, Infallible>(caller) = Caller::from_request_parts(parts, app).await;
        let admin = prove(app, &caller, &id).await?;
        let cause = caller.cause(Actor::Person(admin.subject().clone()));
        Ok(Self { admin, cause })
    }
}

/// RFC 6750 §3.1. What is wrong with a token is only in the log.
fn no_token(error: &'static str) -> Refusal {
    let refusal = Refusal::new(
        StatusCode::UNAUTHORIZED,
        "An active access token with the scope tenants:admin is needed, issued in this organization.",
    );
    refusal.with_header(WWW_AUTHENTICATE, HeaderValue::from_static(error))
}

const INVALID: &str = "Bearer realm=\"cardea\", error=\"invalid_token\"";

/// The proof for the organization of this identifier. A token of another organization learns nothing about this one, not even whether
/// it exists.
async fn prove(app: &App, caller: &Caller, id: &str) -> Answer<OrgAdmin> {
    limited::by_network(&app.limits.other, caller).map_err(failed)?;
    let token = match bearer::presented(caller, &[]) {
        Ok(Some(token)) => token,
        Ok(None) => return Err(no_token("Bearer realm=\"cardea\"")),
        Err(_) => return Err(no_token(INVALID)),
    };
    let token = bearer::verified(app, caller, &token).map_err(|_| no_token(INVALID))?;
    let claims = token.claims();
    // RFC 9449 §7.2: nothing but a bearer token is taken here. D12: a token for an API is not for the issuer.
    let unbound = require_unbound(claims.cnf.as_ref()).is_ok();
    if !unbound || claims.aud != app.issuer() {
        return Err(no_token(INVALID));
    }
    let Ok(state) = bearer::state(app, caller, &token).await.map_err(failed)? else {
        return Err(no_token(INVALID));
    };
    let client = ClientId::parse(&claims.client_id)?;
    let entitled = app.roles.entitle(&state.user, state.assigned, &client);
    let entitled = entitled.await?;
    let proof = OrgAdmin::check(id, &state.grant.subject, &claims.scope, &entitled);
    proof.map_err(|why| match why {
        NotAdmin::Elsewhere => no_organization(id),
        NotAdmin::Scope | NotAdmin::Permission => {
            Refusal::new(StatusCode::FORBIDDEN, refusal::sentence(&why.to_string()))
        }
    })
}

fn failed(failure: Failure) -> Refusal {
    match failure {
        Failure::Store(error) => error.into(),
        Failure::Limited(_) => Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Rate limit exceeded; retry later.",
        ),
        other => Refusal::internal(other),
    }
}

pub(super) fn no_organization(id: &str) -> Refusal {
    Refusal::not_found(format_args!("organization {id} that this token is for"))
}
