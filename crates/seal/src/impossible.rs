use aws_lc_rs::error::Unspecified;

/// Unwraps a cryptographic result that cannot fail for the inputs given: a working system source of randomness, a key of
/// the right length, a message below 2^36 bytes.
///
/// If it fails nevertheless, the process aborts: a zero key or a reused nonce would be worse, and a panic could be
/// caught.
pub(crate) fn or_abort<T>(outcome: Result<T, Unspecified>) -> T {
    outcome.unwrap_or_else(|Unspecified| std::process::abort())
}
