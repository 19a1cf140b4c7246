//! Every route of the provider, on one screen.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use cardea_web::inbound::Inbound;
use http::header::ALLOW;

use crate::{
    account, admin,
    app::{App, Shared},
    assets, authorize, choose_account, choose_organization, client_logo, consent, cors,
    ctx::Ctx,
    dev_mailbox, development, discovery, email_undo, end_session,
    error::{self, Failure},
    error_page::page::PageError,
    factor_reset, federation, health, introspection, invitation, login, new_password, not_me,
    passkey, password_reset, revocation, second_factor, sign_up, telemetry, token, userinfo,
    verify_email,
};

/// The provider as a router, under the path of its issuer.
pub fn router(app: &Arc<App>) -> Router {
    let routes: Router<Shared> = Router::new()
        .route("/", get(root))
        .route(
            "/authorize",
            page(get(authorize::get).post(authorize::post)),
        )
        .route(
            "/token",
            oauth(post(token::post).options(cors::token_preflight)),
        )
        .route(
            "/userinfo",
            oauth(
                get(userinfo::get)
                    .post(userinfo::post)
                    .options(cors::userinfo_preflight),
            ),
        )
        .route("/introspection", oauth(post(introspection::post)))
        .route(
            "/revocation",
            oauth(post(revocation::post).options(cors::token_preflight)),
        )
        .route(
            "/end_session",
            page(get(end_session::get).post(end_session::post)),
        )
        .route("/end_session/confirm", post(end_session::confirm))
        .route("/end_session/done", get(end_session::back))
        .merge(sign_in())
        .merge(account_pages())
        .route("/assets/{file}", get(assets::get))
        .route("/client_logo", get(client_logo::get))
        .route("/.well-known/openid-configuration", metadata())
        .route("/.well-known/openid-configuration/", metadata())
        .route("/.well-known/oauth-authorization-server", metadata())
        .route("/.well-known/oauth-authorization-server/", metadata())
        .route(
            "/.well-known/jwks.json",
            get(discovery::jwks).options(discovery::preflight),
        )
        .nest("/api", admin::tenant::router())
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(telemetry::metrics))
        .merge(development_pages(app.settings.development))
        .method_not_allowed_fallback(wrong_method);

    let issuer = &app.settings.issuer;
    let router = if issuer.path().is_empty() {
        routes
    } else {
        // RFC 8414 §3.1: the well-known part stands before the path of the issuer.
        let well_known = format!("/.well-known/oauth-authorization-server{}", issuer.path());
        // Some clients keep a slash at the end of the issuer.
        Router::new()
            .nest(issuer.path(), routes)
            .route(&format!("{}/", issuer.path()), get(root))
            .route(&well_known, metadata())
            .route(&format!("{well_known}/"), metadata())
    };
    let mut router = router.fallback(not_found);
    if app.settings.development {
        let wall =
            middleware::from_fn_with_state(Arc::clone(app), development::only_loopback_names);
        router = router.layer(wall);
    }
    let inbound = Inbound {
        trusted_proxies: app.settings.trusted_proxies.clone(),
        ..Inbound::new(issuer.is_https(), u64::from_be_bytes(app.entropy.bytes()))
    };
    inbound.wrap(router.with_state(Arc::clone(app)))
}

/// The steps of a journey.
fn sign_in() -> Router<Shared> {
    Router::new()
        .route(
            "/login",
            readable(get(login::get).head(login::head).post(login::post)),
        )
        .route(
            "/second_factor",
            page(get(second_factor::get).post(second_factor::post)),
        )
        .route(
            factor_reset::PATH,
            readable(get(factor_reset::get).post(factor_reset::post)),
        )
        .route(
            "/new_password",
            page(get(new_password::get).post(new_password::post)),
        )
        .route("/passkey", page(get(passkey::get).post(passkey::post)))
        .route("/federation/{upstream}", post(federation::begin::post))
        .route(
            "/federation/{upstream}/callback",
            page(get(federation::callback::get).post(federation::callback::post)),
        )
        .route(
            "/federation/{upstream}/backchannel_logout",
            post(federation::backchannel_logout),
        )
        .route(
            "/password_reset",
            readable(get(password_reset::get).post(password_reset::post)),
        )
        .route("/sign_up", readable(get(sign_up::get).post(sign_up::post)))
        .route(
            "/verify_email",
            readable(get(verify_email::get).post(verify_email::post)),
        )
        .route(
            email_undo::PATH,
            readable(get(email_undo::get).post(email_undo::post)),
        )
        .route("/not_me", readable(get(not_me::get).post(not_me::post)))
        .route(
            "/invitation",
            readable(get(invitation::get).post(invitation::post)),
        )
        .route(
            "/link_account",
            page(get(federation::link_account::get).post(federation::link_account::post)),
        )
        .route("/consent", page(get(consent::get).post(consent::post)))
        .route(
            "/choose_account",
            page(get(choose_account::get).post(choose_account::post)),
        )
        .route(
            "/choose_organization",
            page(get(choose_organization::get).post(choose_organization::post)),
        )
}

/// What users see of their account.
fn account_pages() -> Router<Shared> {
    Router::new()
        .route(
            "/account",
            readable(get(account::profile::get).post(account::post)),
        )
        .route(
            "/account/profile",
            readable(get(account::profile::get).post(account::profile::post)),
        )
        .route(
            "/account/profile/email",
            readable(get(account::profile::email::get).post(account::profile::email::post)),
        )
        .route("/account/security", get(account::security::get))
        .route(
            "/account/security/links",
            readable(get(account::security::links::get).post(account::security::links::post)),
        )
        .route(
            "/account/security/authenticator_app",
            readable(
                get(account::security::authenticator_app::get)
                    .post(account::security::authenticator_app::post),
            ),
        )
        .route(
            "/account/security/passkeys",
            readable(get(account::security::passkeys::get).post(account::security::passkeys::post)),
        )
        .route(
            "/account/security/password",
            readable(get(account::security::password::get).post(account::security::password::post)),
        )
        .route(
            "/account/security/factors",
            post(account::security::factors::post),
        )
        .route("/account/devices", get(account::devices::get))
        .route("/account/apps", get(account::apps::get))
        .route("/account/activity", get(account::activity::get))
        .route(
            "/account/deletion",
            readable(get(account::deletion::get).post(account::deletion::post)),
        )
        .route(
            "/account/export",
            readable(get(account::export::get).post(account::export::post)),
        )
}

/// D23: these exist in development only.
fn development_pages(development: bool) -> Router<Shared> {
    if !development {
        return Router::new();
    }
    Router::new()
        .route("/dev/mailbox", get(dev_mailbox::list))
        .route("/dev/mailbox/{id}", get(dev_mailbox::show))
        .route("/dev/mailbox/{id}/html", get(dev_mailbox::show_html))
}

/// The discovery document.
fn metadata() -> MethodRouter<Shared> {
    get(discovery::metadata).options(discovery::preflight)
}

/// A page, whose GET may write: a code, the end of a session, the time of a visit. So it has no HEAD, which would be the
/// same without the answer.
fn page(methods: MethodRouter<Shared>) -> MethodRouter<Shared> {
    // RFC 9110 §9.3.2, §15.5.6: HEAD is safe, and what isn't allowed isn't named in Allow.
    let refuse = || async { ([(ALLOW, "GET, POST")], wrong_method().await) };
    methods.head(refuse).fallback(refuse)
}

/// A page that can also be asked for by HEAD, as uptime checks do: then it writes nothing.
fn readable(methods: MethodRouter<Shared>) -> MethodRouter<Shared> {
    methods.fallback(|| async { ([(ALLOW, "GET, HEAD, POST")], wrong_method().await) })
}

/// An OAuth endpoint answers a wrong method as it answers anything else (D2).
fn oauth(methods: MethodRouter<Shared>) -> MethodRouter<Shared> {
    methods.fallback(|| async { error::wrong_method() })
}

/// People who type the address of the provider want their account.
async fn root(State(app): State<Shared>) -> Response {
    Redirect::to(&app.settings.issuer.endpoint("/account")).into_response()
}

async fn not_found(ctx: Ctx) -> Response {
    error::page(
        &ctx,
        Err(Failure::page(PageError::NotFound, "no such route")),
    )
}

async fn wrong_method() -> Response {
    let problem = cardea_web::inbound::Problem::new(
        http::StatusCode::METHOD_NOT_ALLOWED,
        "Method not allowed",
    );
    problem
        .detail("The header Allow names the methods of this address.")
        .into_response()
}
