//! Passwords: argon2id in a bounded pool of threads (D14, requirement 2.2).

mod hash;
mod pool;
mod strength;

use cardea_seal::{Entropy, Secret};

pub(crate) use hash::{PasswordError, accept_hash, hash_new, is_hash_of, judge};
pub(crate) use pool::Busy;

use crate::config::ConfigProblem;
use hash::Stored;
use pool::Pool;

/// What a password check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// It is another password, or there is none.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, and its hash is not of today's cost.
    RightButOld,
}

/// Checks and makes password hashes; more than the pool can take is refused at once.
pub(crate) struct Passwords {
    pool: Pool,
    decoy: Secret<String>,
}

impl Passwords {
    /// Starts the pool.
    pub(crate) fn new(entropy: &Entropy) -> Result<Self, ConfigProblem> {
        let problem = |e: &dyn std::fmt::Display| ConfigProblem::new("passwords", e.to_string());
        let decoy = hash_new(&entropy.text(16), entropy).map_err(|e| problem(&e))?;
        Ok(Self {
            pool: Pool::start().map_err(|e| problem(&e))?,
            decoy,
        })
    }

    /// Compares a password with a stored hash. Without one the same work is done for nothing, so that
    /// nobody can tell who exists by the time it takes.
    pub(crate) async fn check(
        &self,
        password: Secret<String>,
        stored: Option<&Secret<String>>,
    ) -> Result<Checked, Busy> {
        let exists = stored.is_some();
        let text = stored.unwrap_or(&self.decoy).clone();
        self.pool
            .run(move |memory| {
                let Ok(stored) = Stored::parse(text.expose()) else {
                    return Checked::Wrong;
                };
                match stored.matches(password.expose(), memory) {
                    true if !exists => Checked::Wrong,
                    true if stored.is_current() => Checked::Right,
                    true => Checked::RightButOld,
                    false => Checked::Wrong,
                }
            })
            .await
    }

    /// Hashes a password that was judged already, in the pool.
    pub(crate) async fn hash(
        &self,
        password: Secret<String>,
        entropy: &Entropy,
    ) -> Result<Result<Secret<String>, PasswordError>, Busy> {
        let salt = entropy.bytes();
        self.pool
            .run(move |memory| hash::make(password.expose(), &salt, memory))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_right_or_wrong_and_nobody_has_the_decoys() {
        let entropy = Entropy::seeded(1);
        let passwords = Passwords::new(&entropy).unwrap();
        let stored = passwords
            .hash(secret("a-rabbit-hole-deep-7-doors"), &entropy)
            .await
            .unwrap()
            .unwrap();
        let check =
            async |password: &str, stored| passwords.check(secret(password), stored).await.unwrap();
        assert_eq!(
            check("a-rabbit-hole-deep-7-doors", Some(&stored)).await,
            Checked::Right
        );
        assert_eq!(
            check("a-rabbit-hole-deep-7-door", Some(&stored)).await,
            Checked::Wrong
        );
        assert_eq!(
            check("a-rabbit-hole-deep-7-doors", None).await,
            Checked::Wrong
        );
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_to_be_made_anew() {
        let passwords = Passwords::new(&Entropy::seeded(1)).unwrap();
        let cheap = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$";
        let mut blocks = Vec::new();
        let hash = hash::test_hash("a-rabbit-hole-deep-7-doors", 64, &mut blocks);
        let stored = secret(&format!("{cheap}{hash}"));
        assert_eq!(
            passwords
                .check(secret("a-rabbit-hole-deep-7-doors"), Some(&stored))
                .await,
            Ok(Checked::RightButOld)
        );
    }
}
