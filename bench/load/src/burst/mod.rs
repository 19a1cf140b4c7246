//! Attack loads: incomplete bodies, silent connections, wrong passwords.

pub(crate) mod bodies;
pub(crate) mod idle;
pub(crate) mod passwords;
