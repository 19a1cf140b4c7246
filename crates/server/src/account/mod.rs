//! The account page: who I am, my sessions, my applications.

mod device;
pub(crate) mod page;
