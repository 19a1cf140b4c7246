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
    #[error("the password is easy to guess: {advice}")]
    Guessable {
        /// What makes it so.
        weakness: Weakness,
        /// Why, and what helps, in English.
        advice: String,
    },
    /// In the operator's list of breached passwords.
    #[error(
        "the password was in a breach of another service; use one that you have used nowhere else"
    )]
    Breached,
    /// A character that no password has (RFC 8265 §4.2.2).
    #[error("the password has a control character, such as a tab")]
    Control,
    /// A hash of no known form, or damaged.
    #[error(
        "the hash has no known form: argon2, bcrypt, scrypt, PBKDF2 or SHA-crypt, as crypt, PHC strings, Django or Keycloak write it"
    )]
    Hash,
    /// A hash whose computation takes too long, with the limit.
    #[error("the hash costs too much, or has parameters that do not exist: {0}")]
    HashCost(&'static str),
}

/// What makes a password easy to guess, as far as its estimate tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// A common password with a few changes.
    LikeCommon,
    /// Neighbours on the keyboard, the alphabet, digits.
    Row,
    /// A part that is repeated.
    Repeats,
    /// One word.
    Word,
    /// First names and surnames.
    Names,
    /// A date or a year.
    Date,
    /// Too little of anything.
    Short,
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
