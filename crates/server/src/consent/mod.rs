//! The consent of a person to a client.

pub(crate) mod page;
pub(crate) mod words;
