//! Logging in with a name and a password.

pub(crate) mod page;
