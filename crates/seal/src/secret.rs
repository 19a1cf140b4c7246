use zeroize::Zeroize;

/// A secret value: no `Debug`, no `Display`, no `Serialize`; wiped from memory when dropped.
///
/// ```compile_fail
/// let secret = cardea_seal::Secret::new(String::from("hunter2"));
/// println!("{secret:?}");
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// A buffer to fill, so that no other copy of the value remains.
    pub(crate) fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }

    /// Shows the value. The word is searchable on purpose.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::Secret;

    struct Witness(Arc<AtomicBool>);

    impl zeroize::Zeroize for Witness {
        fn zeroize(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_dropped_secret_is_wiped() {
        let wiped = Arc::new(AtomicBool::new(false));
        let secret = Secret::new(Witness(wiped.clone()));
        assert!(!wiped.load(Ordering::SeqCst));
        drop(secret);
        assert!(wiped.load(Ordering::SeqCst));
    }

    #[test]
    fn a_clone_holds_the_same_value() {
        let secret: Secret<String> = String::from("value").into();
        let clone = secret.clone();
        drop(secret);
        assert_eq!(clone.expose(), "value");
    }
}
