//! One hash: its text, its cost, its comparison.

use std::fmt;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, PasswordHash, Salt},
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use cardea_seal::{Entropy, Secret, constant_time_eq};

use super::{error::PasswordError, strength};

/// OWASP's second choice: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const OUTPUT_BYTES: usize = 32;
const SALT_BYTES: usize = 16;

/// A hash that is imported may cost at most this: a stranger can cause its work with each attempt, for unknown names too.
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 4;
/// Memory times passes: five times the work of a hash of ours.
const MAX_WORK: u32 = 4 * 64 * 1024;
/// Hashes that older versions accepted are still checked.
const MAX_STORED_MEMORY_KIB: u32 = 256 * 1024;

/// Requirement 2.2, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// No password of 128 characters is longer.
pub(crate) const MAX_BYTES: usize = 512;

/// Hashes a new password on this thread: for the start and for the command line.
pub(crate) fn hash_new(password: &str, entropy: &Entropy) -> Result<Secret<String>, PasswordError> {
    make(password, &entropy.bytes(), &mut Vec::new())
}

/// Takes a configured or imported hash, if its cost is within the bounds.
pub(crate) fn accept_hash(text: &str) -> Result<Secret<String>, PasswordError> {
    let stored = Stored::parse(text)?;
    let (memory, passes) = (stored.params.m_cost(), stored.params.t_cost());
    if memory > MAX_MEMORY_KIB || memory.saturating_mul(passes) > MAX_WORK {
        return Err(PasswordError::Hash);
    }
    Ok(Secret::new(text.to_owned()))
}

/// Whether a hash is this password's; on this thread, for the start.
pub(crate) fn is_hash_of(text: &str, password: &str) -> bool {
    Stored::parse(text).is_ok_and(|stored| stored.matches(password, &mut Vec::new()))
}

/// Whether a password may be set by or for a user with these names.
pub(crate) fn judge(password: &str, about: &[&str]) -> Result<(), PasswordError> {
    judge_length(password)?;
    strength::judge(password, about)
}

fn judge_length(password: &str) -> Result<(), PasswordError> {
    match LENGTH.contains(&password.chars().count()) {
        true => Ok(()),
        false => Err(PasswordError::Length),
    }
}

/// Hashes a new password in this memory.
pub(super) fn make(
    password: &str,
    salt: &[u8; SALT_BYTES],
    memory: &mut Vec<Block>,
) -> Result<Secret<String>, PasswordError> {
    judge_length(password)?;
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES))
        .map_err(|_| PasswordError::Hash)?;
    let mut output = [0; OUTPUT_BYTES];
    derive(password, salt, params, (&mut output, memory)).ok_or(PasswordError::Hash)?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    Ok(Secret::new(format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}"
    )))
}

/// What a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// Of a new hash.
    pub(super) const CURRENT: Self = Self {
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        lanes: LANES,
    };

    /// Reads the parameters of a PHC string, `m=19456,t=2,p=1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ',').zip(["m=", "t=", "p="]);
        let mut next = || {
            let (part, name) = parts.next()?;
            part.strip_prefix(name)?.parse::<u32>().ok()
        };
        let cost = Self {
            memory_kib: next()?,
            passes: next()?,
            lanes: next()?,
        };
        let bounded = cost.memory_kib <= MAX_STORED_MEMORY_KIB
            && cost.passes <= MAX_PASSES
            && cost.lanes <= MAX_LANES;
        bounded.then_some(cost)
    }

    /// Does the work of a check without a result.
    pub(super) fn spend(self, password: &str, memory: &mut Vec<Block>) {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(OUTPUT_BYTES));
        let (Ok(params), true) = (params, password.len() <= MAX_BYTES) else {
            return;
        };
        let mut output = [0; OUTPUT_BYTES];
        derive(password, &[0; SALT_BYTES], params, (&mut output, memory));
        std::hint::black_box(output);
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory_kib,
            passes,
            lanes,
        } = self;
        write!(f, "m={memory_kib},t={passes},p={lanes}")
    }
}

/// Frees what a hash of a higher cost took: such hashes are rare, and the memory of a thread is kept.
pub(super) fn free_surplus(memory: &mut Vec<Block>) {
    let current = usize::try_from(MEMORY_KIB).unwrap_or(usize::MAX);
    if memory.len() > current {
        memory.truncate(current);
        memory.shrink_to_fit();
    }
}

/// A stored hash, parsed and bounded.
pub(super) struct Stored {
    params: Params,
    salt: Salt,
    output: Output,
}

impl Stored {
    pub(super) fn parse(text: &str) -> Result<Self, PasswordError> {
        let bad = || PasswordError::Hash;
        let parsed = PasswordHash::new(text).map_err(|_| bad())?;
        let params = Params::try_from(&parsed).map_err(|_| bad())?;
        let bounded = params.m_cost() <= MAX_STORED_MEMORY_KIB
            && params.t_cost() <= MAX_PASSES
            && params.p_cost() <= MAX_LANES;
        let known = parsed.algorithm.as_str() == "argon2id" && parsed.version == Some(19);
        match (parsed.salt, parsed.hash) {
            (Some(salt), Some(output)) if bounded && known => Ok(Self {
                params,
                salt,
                output,
            }),
            _ => Err(bad()),
        }
    }

    pub(super) fn matches(&self, password: &str, memory: &mut Vec<Block>) -> bool {
        if password.len() > MAX_BYTES {
            return false;
        }
        let mut output = vec![0; self.output.as_bytes().len()];
        let derived = derive(
            password,
            &self.salt,
            self.params.clone(),
            (&mut output, memory),
        );
        derived.is_some() && constant_time_eq(&output, self.output.as_bytes())
    }

    pub(super) fn is_current(&self) -> bool {
        (
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
        ) == (MEMORY_KIB, PASSES, LANES)
    }
}

fn derive(
    password: &str,
    salt: &[u8],
    params: Params,
    (output, memory): (&mut [u8], &mut Vec<Block>),
) -> Option<()> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2
        .hash_password_into_with_memory(
            password.as_bytes(),
            salt,
            output,
            memory.get_mut(..blocks)?,
        )
        .ok()
}

#[cfg(test)]
pub(super) fn test_hash(password: &str, memory_kib: u32, memory: &mut Vec<Block>) -> String {
    let params = Params::new(memory_kib, 1, 1, Some(OUTPUT_BYTES)).unwrap();
    let mut output = [0; OUTPUT_BYTES];
    derive(password, b"somesaltsomesalt", params, (&mut output, memory)).unwrap();
    STANDARD_NO_PAD.encode(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_out_of_bounds_is_refused() {
        let hash = |params: &str| {
            accept_hash(&format!(
                "$argon2id$v=19${params}$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            ))
        };
        assert!(hash("m=19456,t=2,p=1").is_ok());
        assert!(hash("m=65536,t=3,p=4").is_ok());
        for params in [
            "m=2097152,t=2,p=1",
            "m=65537,t=1,p=1",
            "m=65536,t=5,p=1",
            "m=19456,t=100,p=1",
            "m=19456,t=2,p=64",
        ] {
            assert!(hash(params).is_err(), "{params}");
        }
        for text in [
            "",
            "secret",
            "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA",
            "$2b$12$abc",
        ] {
            assert!(accept_hash(text).is_err(), "{text}");
        }
    }

    #[test]
    fn t3_memory_above_the_current_cost_is_given_back() {
        let mut memory = Vec::new();
        let large = Cost::parse("m=65536,t=1,p=1").unwrap();
        large.spend("a-rabbit-hole", &mut memory);
        assert!(memory.capacity() >= 65_536);
        free_surplus(&mut memory);
        assert!(memory.capacity() <= 19_456);
    }

    #[test]
    fn a_cost_is_read_as_phc_strings_write_it() {
        assert_eq!(Cost::parse("m=19456,t=2,p=1"), Some(Cost::CURRENT));
        assert_eq!(Cost::CURRENT.to_string(), "m=19456,t=2,p=1");
        for text in [
            "",
            "m=1",
            "t=2,m=19456,p=1",
            "m=19456,t=2,p=64",
            "m=-1,t=1,p=1",
        ] {
            assert_eq!(Cost::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_password_has_8_to_128_characters() {
        let make = |password: &str| make(password, &[1; 16], &mut Vec::new()).map(|_| ());
        assert_eq!(make("1234567"), Err(PasswordError::Length));
        assert_eq!(make(&"ö".repeat(129)), Err(PasswordError::Length));
        assert_eq!(make("12345678"), Ok(()));
    }
}
