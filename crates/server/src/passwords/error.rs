/// More is waiting than can be done in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are waiting to be checked")]
pub(crate) struct Busy;

/// Why a password or a hash is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Its length.
    #[error("a password has 8 to 128 characters")]
    Length,
    /// One of the most common passwords.
    #[error("the password is one of the 100,000 most common ones")]
    Common,
    /// A password or phrase that is known from texts.
    #[error("the password is a well-known example or phrase; use words of your own")]
    Example,
    /// Neighbours on the keyboard, the alphabet, digits.
    #[error("the password is a row of keys, letters or digits; use a few uncommon words")]
    Keyboard,
    /// One word, several times.
    #[error("the password repeats a word or a part; use a few different, uncommon words")]
    Repeated,
    /// Names that are public.
    #[error("the password is made of names of the user or of this provider")]
    OwnNames,
    /// Few guesses are enough.
    #[error("the password is easy to guess: {reason}")]
    Guessable {
        /// Why, and what helps.
        reason: String,
    },
    /// Not argon2id in PHC form, or of a cost out of bounds.
    #[error(
        "the hash is not argon2id in PHC form ($argon2id$v=19$m=…,t=…,p=…$salt$hash) of at most 64 MiB, 10 passes, 4 lanes and \
         262,144 for memory in KiB times passes"
    )]
    Hash,
}

/// Why a password was not hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashError {
    /// The pool has too much to do.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The password is not taken.
    #[error(transparent)]
    Password(#[from] PasswordError),
}
