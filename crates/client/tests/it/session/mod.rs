//! The session stores by one contract, and what is special about the file.

pub(crate) mod contract;
mod sqlite;
