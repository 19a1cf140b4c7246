//! Many users: their file for an import, what an operator reads of them, logins with a second factor and with passkeys, and
//! strangers who sign up.

pub(crate) mod file;
pub(crate) mod find;
pub(crate) mod passkeys;
pub(crate) mod strangers;
pub(crate) mod totp;
