//! What a hostile crowd does: bodies that don't end, connections that say nothing, wrong passwords.

pub(crate) mod bodies;
pub(crate) mod idle;
pub(crate) mod passwords;
