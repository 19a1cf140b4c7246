//! The page for what went wrong.

pub(crate) mod page;
