//! Many users: their file for an import, what an operator reads of them, and logins with a second factor.

pub(crate) mod file;
pub(crate) mod find;
pub(crate) mod totp;
