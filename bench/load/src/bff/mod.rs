//! An app with the BFF of the client kit, and what its proxy adds to a call.

pub(crate) mod added;
pub(crate) mod serve;
