//! The choice between the person who is logged in and another.

pub(crate) mod page;
