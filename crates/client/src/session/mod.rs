//! Sessions on the server: the browser holds an opaque id, the tokens stay here.
//!
//! A tour: [`Sessions`] is what the rest of the kit speaks to; it reads and sets the cookies and seals what it hands to a
//! [`SessionStore`]: [`MemoryStore`], or `SqliteStore` with the feature `sqlite`. The store sees digests, moments and sealed
//! bytes, never a token.
//!
//! [`FreshTokens`] renews the tokens of a session before they end, one refresh at a time.
//!
//! A pending login is kept twice: in the store, and in a sealed cookie. It survives the loss of either, and is finished
//! only by the browser that began it.

mod config;
mod fresh;
mod login;
mod memory;
mod record;
mod sessions;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub use config::{SessionConfig, SessionConfigError};
pub use fresh::{FreshTokens, NotFresh};
pub use login::LoginRefused;
pub use memory::MemoryStore;
pub use record::Session;
pub use sessions::{Opened, Sessions};
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError as SqliteOpenError, SqliteStore};
pub use store::{
    KnownLogin, Lease, LeaseAnswer, LogoutNotice, NewSession, NoticeAnswer, SessionStore,
    StoreUnavailable, StoredSession, TakeLogin, TakenLogin,
};
