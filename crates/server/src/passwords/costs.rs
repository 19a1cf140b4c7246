//! What checking a password costs when there is no such user.
//!
//! The time of a check shows the cost of the hash. If users have hashes of several costs, as after an import, then an unknown name
//! must cost one of them too, and each as often as users have it; otherwise the time shows which users exist. The cost is drawn
//! from the name by a keyed hash, so that a second request shows nothing more.

use cardea_seal::MacKey;

use super::method::Method;

/// Each unknown name is judged by all of them. Costs that fewer users have than those of so many others are not imitated.
const MOST: usize = 256;

/// The costs of the hashes in the store, with the number of users that have each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Costs(Vec<(Method, u64)>);

impl Costs {
    /// From the starts of the hashes (`$argon2id$v=19$m=19456,t=2,p=1`). What can't be read belongs to hashes that are never computed.
    pub(crate) fn of(counted: &[(String, u64)]) -> Self {
        let costs = counted
            .iter()
            .filter(|(_, users)| *users > 0)
            .filter_map(|(text, users)| {
                Some((Method::parse(text).filter(Method::is_computable)?, *users))
            });
        let mut costs: Vec<_> = costs.collect();
        costs.sort_by_key(|(_, users)| std::cmp::Reverse(*users));
        costs.truncate(MOST);
        Self(costs)
    }

    /// The cost of a name that no user has: in the proportion of the users, and the same at each request. When the numbers
    /// change, few names get another cost (rendezvous hashing by weight).
    pub(super) fn of_unknown(&self, key: &MacKey, name: &str) -> Method {
        let score = |cost: &Method, users: u64| -uniform(key, name, cost).ln() / as_f64(users);
        let costs = self
            .0
            .iter()
            .map(|(cost, users)| (score(cost, *users), *cost));
        costs
            .min_by(|(a, _), (b, _)| a.total_cmp(b))
            .map_or(Method::CURRENT, |(_, cost)| cost)
    }
}

/// A number in (0, 1), drawn by a keyed hash.
fn uniform(key: &MacKey, name: &str, cost: &Method) -> f64 {
    let tag = key.tag(&[name.as_bytes(), cost.to_string().as_bytes()]);
    let bits = tag
        .as_bytes()
        .iter()
        .take(4)
        .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    (f64::from(bits) + 0.5) / (f64::from(u32::MAX) + 1.0)
}

/// More users than this are counted as so many: the proportion is all that matters.
fn as_f64(users: u64) -> f64 {
    f64::from(u32::try_from(users).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(costs: &Costs, text: &str) -> usize {
        let key = MacKey::from_bytes(&[7; 32]);
        let cost = Method::parse(text).unwrap();
        (0..10_000)
            .filter(|n| costs.of_unknown(&key, &format!("user{n}")) == cost)
            .count()
    }

    fn costs(counted: &[(&str, u64)]) -> Costs {
        let counted: Vec<_> = counted
            .iter()
            .map(|(text, users)| ((*text).to_owned(), *users))
            .collect();
        Costs::of(&counted)
    }

    #[test]
    fn t3_unknown_names_cost_what_users_cost_in_their_proportion() {
        let mixed = costs(&[
            ("$argon2id$v=19$m=19456,t=2,p=1", 60),
            ("$2b$12", 30),
            ("$argon2id$v=19$m=8192,t=1,p=1", 10),
        ]);
        for (text, expected) in [
            ("$argon2id$v=19$m=19456,t=2,p=1", 6000),
            ("$2b$12", 3000),
            ("$argon2id$v=19$m=8192,t=1,p=1", 1000),
        ] {
            let share = share(&mixed, text);
            assert!(share.abs_diff(expected) < 250, "{text}: {share} of 10,000");
        }
    }

    #[test]
    fn t3_a_name_keeps_its_cost() {
        let key = MacKey::from_bytes(&[7; 32]);
        let before = costs(&[("$argon2id$v=19$m=19456,t=2,p=1", 1000), ("$2b$12", 500)]);
        let after = costs(&[("$argon2id$v=19$m=19456,t=2,p=1", 1001), ("$2b$12", 499)]);
        let names: Vec<String> = (0..2000).map(|n| format!("user{n}")).collect();
        let moved = names
            .iter()
            .filter(|name| before.of_unknown(&key, name) != after.of_unknown(&key, name));
        assert!(moved.count() < 20, "few names get another cost");
        for name in names {
            assert_eq!(
                before.of_unknown(&key, &name),
                before.of_unknown(&key, &name)
            );
        }
    }

    #[test]
    fn t3_without_users_an_unknown_name_costs_what_a_new_hash_costs() {
        let key = MacKey::from_bytes(&[7; 32]);
        for counted in [
            &[][..],
            &[("garbage", 7)],
            &[("$argon2id$v=19$m=19456,t=2,p=1", 0)],
        ] {
            assert_eq!(costs(counted).of_unknown(&key, "alice"), Method::CURRENT);
        }
    }
}
