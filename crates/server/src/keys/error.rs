use cardea_store::StoreError;

/// Why the ring can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sealed key that the master key doesn't open.
    #[error("the key {0} can't be opened with this master key")]
    Sealed(String),
    /// A key that can't be made or parsed.
    #[error("{0}")]
    Key(#[from] cardea_jose::KeyError),
}
