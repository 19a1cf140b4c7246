//! The administration: JSON in and out, for the operator's command line (D5).
//!
//! It is served on the Unix socket beside the database, and called in process by the command line when no provider runs. One
//! file per subject; an error is a problem document with the id of the request.

mod administers;
mod audit;
mod client_patch;
mod clients;
mod conditional;
mod data;
mod factor_links;
mod factors;
mod grants;
mod groups;
mod imports;
mod invitations;
mod keys;
mod links;
mod list;
mod logins;
mod operator;
mod organizations;
mod refusal;
mod request;
mod roles;
mod sessions;
mod status;
pub(crate) mod tenant;
mod tenant_invitations;
#[cfg(test)]
mod tests;
pub mod types;
mod user_patch;
mod users;

use std::sync::Arc;

use axum::{Router, middleware};
use cardea_web::inbound::Inbound;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use logins::Logins;
pub use status::inspect;

pub(crate) use user_patch::check_user;

use crate::app::{App, Shared};

/// All routes, with their description (OpenAPI).
#[expect(
    clippy::cognitive_complexity,
    reason = "one line a route; the macro counts as branches"
)]
fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(status::get))
        .routes(routes!(clients::list, clients::add))
        .routes(routes!(clients::show, clients::set, clients::remove))
        .routes(routes!(clients::enable))
        .routes(routes!(clients::disable))
        .routes(routes!(clients::rotate_secret))
        .routes(routes!(users::list, users::add))
        .routes(routes!(imports::import))
        .routes(routes!(imports::export))
        .routes(routes!(users::show, users::set, users::remove))
        .routes(routes!(users::password))
        .routes(routes!(links::make))
        .routes(routes!(users::enable))
        .routes(routes!(users::disable))
        .routes(routes!(factors::show, factors::reset))
        .routes(routes!(factor_links::make, factors::cancel))
        .routes(routes!(data::show))
        .routes(routes!(sessions::of_user, sessions::end_all))
        .routes(routes!(grants::of_user))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(grants::list))
        .routes(routes!(grants::revoke))
        .routes(routes!(roles::list, roles::add))
        .routes(routes!(roles::show, roles::set, roles::remove))
        .routes(routes!(groups::list, groups::add))
        .routes(routes!(groups::show, groups::set, groups::remove))
        .routes(routes!(groups::members))
        .routes(routes!(groups::add_member, groups::remove_member))
        .routes(routes!(organizations::list, organizations::add))
        .routes(routes!(
            organizations::show,
            organizations::set,
            organizations::remove
        ))
        .routes(routes!(organizations::members))
        .routes(routes!(
            organizations::add_member,
            organizations::set_member,
            organizations::remove_member
        ))
        .routes(routes!(invitations::list, invitations::add))
        .routes(routes!(invitations::revoke))
        .routes(routes!(keys::list))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::remove))
        .routes(routes!(audit::list))
}

/// The administration as a router. Only processes of the same user may call it, as `operator.rs` checks.
pub fn router(app: &Arc<App>) -> Router {
    let (routes, _description) = routes().split_for_parts();
    let routes = routes
        .fallback(refusal::no_route)
        .method_not_allowed_fallback(refusal::wrong_method)
        .layer(middleware::from_fn(refusal::log));
    let inbound = Inbound::new(
        app.settings.issuer.is_https(),
        u64::from_be_bytes(app.entropy.bytes()),
    );
    inbound.wrap(routes.with_state(Arc::clone(app)))
}

#[cfg(test)]
mod lost_update_tests;
#[cfg(test)]
mod openapi_tests;
#[cfg(test)]
mod search_tests;
