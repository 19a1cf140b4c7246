//! The authorization endpoint.

pub(crate) mod form_post;
