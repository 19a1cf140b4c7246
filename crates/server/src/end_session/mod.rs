//! Logging out (OpenID RP-Initiated Logout).

pub(crate) mod page;
