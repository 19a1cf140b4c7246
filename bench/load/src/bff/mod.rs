//! An app with the BFF of the client kit, and the time that its proxy adds to a call.

pub(crate) mod added;
pub(crate) mod serve;
