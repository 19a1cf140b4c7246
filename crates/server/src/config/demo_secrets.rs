//! The public secrets of `cardea dev`, which nothing else accepts (D23).

use crate::passwords;

/// The secret of the demo client `backend`.
pub const BACKEND_SECRET: &str = "dev-backend-secret-change-me-000000000000";
/// The secret of the demo client `script`.
pub const SCRIPT_SECRET: &str = "dev-script-secret-change-me-0000000000000";
/// The secret of `bff`, the single-page app's backend.
pub const BFF_SECRET: &str = "dev-bff-secret-change-me-0000000000000000";
/// The secret of `webapp`, the app whose pages are made on the server.
pub const WEBAPP_SECRET: &str = "dev-webapp-secret-change-me-0000000000000";
/// The password of `alice`.
pub const ALICES_PASSWORD: &str = "wonderland-7-doors";
/// The password of `bob`.
pub const BOBS_PASSWORD: &str = "hinge-of-the-door-9";

/// D23: whether this is a public secret of a client or password of a user.
pub(crate) fn is_demo_secret(text: &str) -> bool {
    [
        BACKEND_SECRET,
        SCRIPT_SECRET,
        BFF_SECRET,
        WEBAPP_SECRET,
        ALICES_PASSWORD,
        BOBS_PASSWORD,
    ]
    .contains(&text)
}

/// D23: whether this is the hash of a public password. It takes as long as two logins.
pub(crate) fn is_demo_hash(hash: &str) -> bool {
    [ALICES_PASSWORD, BOBS_PASSWORD]
        .into_iter()
        .any(|password| passwords::is_hash_of(hash, password))
}
