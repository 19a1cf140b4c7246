//! Passwords: argon2id in a bounded pool of threads (D14, requirement 2.2).

pub(crate) mod breached;
mod costs;
mod error;
mod foreign;
mod hash;
mod method;
mod obvious;
mod opaque;
mod pool;
mod strength;

pub(crate) use breached::BreachedFilter;
pub(crate) use costs::Costs;
pub(crate) use error::{Busy, HashError, PasswordError, Weakness};
pub(crate) use foreign::accept_hash;
pub(crate) use hash::{hash_new, is_hash_of, judge};
pub(crate) use pool::Lane;

use std::sync::Arc;

use arc_swap::ArcSwap;
use cardea_seal::{Entropy, MacKey, Secret};
use hash::PasswordHash;
use opaque::prepared;
use pool::Pool;

use crate::config::problem::ConfigProblem;

/// What a password check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// It is another password, or there is none.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, and its hash does not have the current cost.
    RightButOld,
}

/// Checks and makes password hashes; more than the pool can take is refused at once.
pub(crate) struct Passwords {
    pool: Pool,
    /// Draws the cost of a name that no user has.
    unknown: MacKey,
    costs: ArcSwap<Costs>,
    breached: Option<Arc<BreachedFilter>>,
}

impl Passwords {
    /// Starts the pool.
    pub(crate) fn new(
        unknown: MacKey,
        breached: Option<BreachedFilter>,
    ) -> Result<Self, ConfigProblem> {
        let pool = Pool::start().map_err(|e| ConfigProblem::new("passwords", e.to_string()))?;
        Ok(Self {
            pool,
            unknown,
            costs: ArcSwap::default(),
            breached: breached.map(Arc::new),
        })
    }

    /// Sets which costs the hashes in the store have.
    pub(crate) fn set_costs(&self, costs: Costs) {
        self.costs.store(Arc::new(costs));
    }

    /// Compares a password with the hash of the user of this name. Without one the work of a check is done too, at a
    /// cost that a user could have, so that the time does not show who exists.
    pub(crate) async fn check(
        &self,
        name: &str,
        password: Secret<String>,
        stored: Option<&Secret<String>>,
        lane: Lane,
    ) -> Result<Checked, Busy> {
        let unknown = self.costs.load().of_unknown(&self.unknown, name);
        let text = stored.cloned();
        self.pool
            .run(lane, move |memory| {
                let typed = password.expose().as_str();
                if typed.len() > hash::MAX_BYTES {
                    return Checked::Wrong;
                }
                let stored = text.and_then(|text| PasswordHash::parse(text.expose()).ok());
                let mut compare = |password: &str| match &stored {
                    Some(stored) => stored.matches(password, memory),
                    None => {
                        unknown.spend(password, memory);
                        false
                    }
                };
                let prepared = prepared(typed);
                let is_right = compare(&prepared);
                // A hash from elsewhere, or of an older version, is of the password as it was typed. Both are always compared, so
                // that the time shows nothing.
                let is_right_as_typed = prepared != typed && compare(typed);
                match stored {
                    Some(stored) if is_right && stored.may_stay(&prepared) => Checked::Right,
                    Some(stored) if is_right_as_typed && stored.must_stay(typed) => Checked::Right,
                    Some(_) if is_right || is_right_as_typed => Checked::RightButOld,
                    _ => Checked::Wrong,
                }
            })
            .await
    }

    /// Hashes a password that a user has already, in the pool.
    pub(crate) async fn hash(
        &self,
        password: Secret<String>,
        entropy: &Entropy,
    ) -> Result<Secret<String>, HashError> {
        let salt = entropy.bytes();
        let make =
            move |memory: &mut Vec<_>| hash::make(&prepared(password.expose()), &salt, memory);
        Ok(self.pool.run(Lane::Known, make).await??)
    }

    /// Judges and hashes a new password of a user with these names, in the pool: both take long.
    pub(crate) async fn judge_and_hash(
        &self,
        password: Secret<String>,
        about: Vec<String>,
        entropy: &Entropy,
    ) -> Result<Secret<String>, HashError> {
        let breached = self.breached.clone();
        let salt = entropy.bytes();
        let make = move |memory: &mut Vec<_>| {
            let about: Vec<&str> = about.iter().map(String::as_str).collect();
            judge(password.expose(), &about)?;
            let password = prepared(password.expose());
            if is_breached(breached.as_deref(), &password) {
                return Err(PasswordError::Breached);
            }
            hash::make(&password, &salt, memory)
        };
        Ok(self.pool.run(Lane::Known, make).await??)
    }
}

/// A filter that can't be read refuses no password: it is an addition to the other rules.
fn is_breached(filter: Option<&BreachedFilter>, password: &str) -> bool {
    let Some(filter) = filter else {
        return false;
    };
    filter.contains(password).unwrap_or_else(|error| {
        tracing::error!(%error, "the filter of breached passwords can't be read");
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_right_or_wrong_and_an_unknown_name_has_none() {
        let entropy = Entropy::seeded(1);
        let passwords = Passwords::new(MacKey::from_bytes(&[1; 32]), None).unwrap();
        let stored = passwords
            .hash(secret("a-rabbit-hole-deep-7-doors"), &entropy)
            .await
            .unwrap();
        let check = async |password: &str, stored| {
            passwords
                .check("alice", secret(password), stored, Lane::Strangers)
                .await
                .unwrap()
        };
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
    async fn n2_a_password_is_judged_where_it_is_hashed() {
        let entropy = Entropy::seeded(1);
        let passwords = Passwords::new(MacKey::from_bytes(&[1; 32]), None).unwrap();
        let refused = async |password: &str, about: &str| {
            let about = vec![about.to_owned()];
            let hash = passwords
                .judge_and_hash(secret(password), about, &entropy)
                .await;
            hash.err()
        };
        assert_eq!(
            refused("password", "bob").await,
            Some(HashError::Password(PasswordError::Common))
        );
        assert_eq!(
            refused("alice alice", "alice").await,
            Some(HashError::Password(PasswordError::OwnNames))
        );
        assert_eq!(refused("a-rabbit-hole-deep-7", "alice").await, None);
    }

    #[tokio::test]
    async fn a_password_that_was_hashed_as_it_was_typed_is_right_and_renewed() {
        let entropy = Entropy::seeded(1);
        let passwords = Passwords::new(MacKey::from_bytes(&[1; 32]), None).unwrap();
        let (composed, decomposed) = (
            "d\u{fc}nne-Birnen-7-T\u{fc}ren",
            "du\u{308}nne-Birnen-7-Tu\u{308}ren",
        );
        let mut memory = Vec::new();
        let as_typed = hash::make(decomposed, &entropy.bytes(), &mut memory).unwrap();
        let new = passwords.hash(secret(decomposed), &entropy).await.unwrap();
        let check = async |password: &str, stored| {
            let check = passwords.check("alice", secret(password), Some(stored), Lane::Strangers);
            check.await.unwrap()
        };
        assert_eq!(check(decomposed, &as_typed).await, Checked::RightButOld);
        assert_eq!(check(composed, &as_typed).await, Checked::Wrong);
        assert_eq!(check(composed, &new).await, Checked::Right);
        assert_eq!(check(decomposed, &new).await, Checked::Right);
        assert_eq!(check(&composed.repeat(30), &new).await, Checked::Wrong);
    }

    #[tokio::test]
    async fn an_imported_password_is_renewed_unless_bcrypt_read_only_its_start() {
        let passwords = Passwords::new(MacKey::from_bytes(&[1; 32]), None).unwrap();
        let stored = secret("$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i");
        let check = async |password: &str| {
            let check = passwords.check("alice", secret(password), Some(&stored), Lane::Strangers);
            check.await.unwrap()
        };
        let start = "x".repeat(72);
        assert_eq!(check(&start).await, Checked::RightButOld);
        assert_eq!(check(&format!("{start}mistyped")).await, Checked::Right);
        assert_eq!(check("x").await, Checked::Wrong);
    }

    #[tokio::test]
    async fn a_breached_password_is_refused_with_its_own_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let known = "a-lamp-in-the-window-3";
        let hex = cardea_seal::sha1(known.as_bytes()).map(|byte| format!("{byte:02x}"));
        std::fs::write(at("list"), hex.concat()).unwrap();
        breached::build_filter(&at("list"), &at("filter"), &mut |_| {}).unwrap();
        let filter = BreachedFilter::open(&at("filter")).unwrap();
        let passwords = Passwords::new(MacKey::from_bytes(&[1; 32]), Some(filter)).unwrap();
        let entropy = Entropy::seeded(1);
        let judged = async |password: &str| {
            let judged = passwords.judge_and_hash(secret(password), Vec::new(), &entropy);
            judged.await.map(|_| ())
        };
        let refused = Err(HashError::Password(PasswordError::Breached));
        assert_eq!(judged(known).await, refused);
        assert_eq!(judged("a-lamp-in-the-window-4").await, Ok(()));
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_reported_as_old() {
        let passwords = Passwords::new(MacKey::from_bytes(&[1; 32]), None).unwrap();
        let cheap = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$";
        let mut blocks = Vec::new();
        let hash = hash::test_hash("a-rabbit-hole-deep-7-doors", 64, &mut blocks);
        let stored = secret(&format!("{cheap}{hash}"));
        assert_eq!(
            passwords
                .check(
                    "alice",
                    secret("a-rabbit-hole-deep-7-doors"),
                    Some(&stored),
                    Lane::Strangers
                )
                .await,
            Ok(Checked::RightButOld)
        );
    }
}
