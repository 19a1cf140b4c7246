//! How a hash is computed: the algorithm and its parameters, which are also what it costs.

use std::{fmt, num::NonZeroU32};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use cardea_seal::{Digest, Pbkdf2};

use super::error::PasswordError;

/// OWASP's second choice: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash that is imported may cost at most this: a stranger can cause its work with each attempt, for unknown names too. It is
/// about half a second on a slow core.
mod most {
    pub(super) const ARGON2_MEMORY_KIB: u32 = 128 * 1024;
    pub(super) const ARGON2_PASSES: u32 = 10;
    pub(super) const ARGON2_LANES: u32 = 8;
    /// Memory times passes: five times the work of a hash of ours.
    pub(super) const ARGON2_WORK: u32 = 4 * 64 * 1024;
    /// Hashes that older versions accepted are still checked.
    pub(super) const STORED_ARGON2_MEMORY_KIB: u32 = 256 * 1024;
    pub(super) const BCRYPT_COST: u32 = 13;
    /// Iterations times blocks of output.
    pub(super) const PBKDF2_WORK: u64 = 2_000_000;
    /// N times r times p; memory is at most 128 bytes for each.
    pub(super) const SCRYPT_WORK: u64 = 1 << 20;
    pub(super) const SHA_CRYPT_ROUNDS: u32 = 1_000_000;
    /// Rounds times blocks of the password: each round hashes the whole password.
    pub(super) const SHA_CRYPT_WORK: u64 = 2_000_000;
    pub(super) const OUTPUT_BYTES: u32 = 64;
}

/// What bcrypt reads of a password.
pub(super) const BCRYPT_BYTES: usize = 72;

/// An algorithm with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// RFC 9106.
    Argon2 {
        algorithm: Algorithm,
        version: Version,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    /// bcrypt; the versions 2a, 2b and 2y are the same for passwords without NUL.
    Bcrypt {
        cost: u32,
        /// Django hashes the password before: of any length, 64 hexadecimal digits.
        hashed_before: bool,
    },
    Pbkdf2 {
        prf: Pbkdf2,
        iterations: NonZeroU32,
        length: u32,
    },
    /// RFC 7914.
    Scrypt { log_n: u8, r: u32, p: u32 },
    /// The crypt of glibc with SHA-256 or SHA-512.
    ShaCrypt { is_512: bool, rounds: u32 },
}

impl Method {
    /// Of a new hash.
    pub(super) const CURRENT: Self = Self::Argon2 {
        algorithm: Algorithm::Argon2id,
        version: Version::V0x13,
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        lanes: LANES,
    };

    /// Reads the start of a stored hash, without salt and hash: `$argon2id$v=19$m=19456,t=2,p=1`, `$2b$12`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split('$').collect();
        Self::read(&fields)
    }

    pub(super) fn read(fields: &[&str]) -> Option<Self> {
        match *fields {
            ["", name, version, params] => {
                let [memory_kib, passes, lanes] = numbers(params, ["m", "t", "p"])?;
                Some(Self::Argon2 {
                    algorithm: argon2_algorithm(name)?,
                    version: argon2_version(version)?,
                    memory_kib,
                    passes,
                    lanes,
                })
            }
            ["", "2a" | "2b" | "2y", cost] => Some(Self::Bcrypt {
                cost: number(cost)?,
                hashed_before: false,
            }),
            ["", "django-bcrypt-sha256", cost] => Some(Self::Bcrypt {
                cost: number(cost)?,
                hashed_before: true,
            }),
            ["", "scrypt", params] => {
                let [log_n, r, p] = numbers(params, ["ln", "r", "p"])?;
                let log_n = u8::try_from(log_n).ok()?;
                Some(Self::Scrypt { log_n, r, p })
            }
            ["", name @ ("5" | "6"), rounds] => Some(Self::ShaCrypt {
                is_512: name == "6",
                rounds: number(rounds.strip_prefix("rounds=")?)?,
            }),
            ["", name, params] => {
                let [iterations, length] = numbers(params, ["i", "l"])?;
                Some(Self::Pbkdf2 {
                    prf: prf(name.strip_prefix("pbkdf2-")?)?,
                    iterations: NonZeroU32::new(iterations)?,
                    length,
                })
            }
            _ => None,
        }
    }

    /// Whether a hash of this method is computed at all.
    pub(super) fn is_computable(&self) -> bool {
        match *self {
            Self::Argon2 {
                memory_kib,
                passes,
                lanes,
                ..
            } => {
                memory_kib <= most::STORED_ARGON2_MEMORY_KIB
                    && passes <= most::ARGON2_PASSES
                    && lanes <= most::ARGON2_LANES
                    && Params::new(memory_kib, passes, lanes, None).is_ok()
            }
            _ => self.check_cost().is_ok(),
        }
    }

    /// Whether a hash of this method may be added: each attempt to log in costs it.
    pub(super) fn check_cost(&self) -> Result<(), PasswordError> {
        let within = match *self {
            Self::Argon2 {
                memory_kib, passes, ..
            } => {
                memory_kib <= most::ARGON2_MEMORY_KIB
                    && memory_kib.saturating_mul(passes) <= most::ARGON2_WORK
                    && self.is_computable()
            }
            Self::Bcrypt { cost, .. } => (4..=most::BCRYPT_COST).contains(&cost),
            Self::Pbkdf2 {
                prf,
                iterations,
                length,
            } => {
                let blocks = u64::from(length).div_ceil(prf.block_bytes() as u64);
                length <= most::OUTPUT_BYTES
                    && u64::from(iterations.get()) * blocks <= most::PBKDF2_WORK
            }
            Self::Scrypt { log_n, r, p } => {
                let product = u64::from(r).saturating_mul(u64::from(p));
                (1..32).contains(&log_n)
                    && r > 0
                    && p > 0
                    && product.saturating_mul(1 << log_n) <= most::SCRYPT_WORK
            }
            Self::ShaCrypt { rounds, .. } => (1000..=most::SHA_CRYPT_ROUNDS).contains(&rounds),
        };
        match within {
            true => Ok(()),
            false => Err(PasswordError::HashCost(self.limit())),
        }
    }

    fn limit(&self) -> &'static str {
        match self {
            Self::Argon2 { .. } => {
                "argon2 takes at most 128 MiB, 10 passes, 8 lanes and 262,144 for memory in KiB times passes"
            }
            Self::Bcrypt { .. } => "bcrypt takes a cost from 4 to 13",
            Self::Pbkdf2 { .. } => {
                "PBKDF2 takes at most 64 bytes, and 2,000,000 for iterations times blocks of output"
            }
            Self::Scrypt { .. } => "scrypt takes at most 1,048,576 for N times r times p",
            Self::ShaCrypt { .. } => "SHA-crypt takes 1,000 to 1,000,000 rounds",
        }
    }

    /// Computes the hash. `None` where this password has no hash by this method; the memory is that of argon2.
    pub(super) fn derive(
        &self,
        password: &[u8],
        salt: &[u8],
        (length, memory): (usize, &mut Vec<Block>),
    ) -> Option<Vec<u8>> {
        let mut output = vec![0; length];
        match *self {
            Self::Argon2 { .. } => self.argon2(password, salt, (&mut output, memory))?,
            Self::Bcrypt {
                cost,
                hashed_before,
            } => {
                let salt = salt.try_into().ok()?;
                let hashed = match hashed_before {
                    true => bcrypt_of(cost, salt, hex(&Digest::of(password)).as_bytes())?,
                    false => bcrypt_of(cost, salt, password)?,
                };
                output.copy_from_slice(hashed.get(..length)?);
            }
            Self::Pbkdf2 {
                prf, iterations, ..
            } => prf.derive(iterations, salt, password, &mut output),
            Self::Scrypt { log_n, r, p } => {
                let params = scrypt::Params::new(log_n, r, p).ok()?;
                scrypt::scrypt(password, salt, &params, &mut output).ok()?;
            }
            Self::ShaCrypt { is_512, rounds } => {
                self.takes(password).then_some(())?;
                let params = sha_crypt::Params::new(rounds).ok()?;
                output = match is_512 {
                    true => sha_crypt::sha512_crypt(password, salt, params).to_vec(),
                    false => sha_crypt::sha256_crypt(password, salt, params).to_vec(),
                };
            }
        }
        Some(output)
    }

    /// Whether a password of this length is hashed: in each round SHA-crypt hashes the whole of it.
    pub(super) fn takes(&self, password: &[u8]) -> bool {
        let Self::ShaCrypt { rounds, .. } = *self else {
            return true;
        };
        u64::from(rounds) * (1 + password.len() as u64 / 64) <= most::SHA_CRYPT_WORK
    }

    fn argon2(
        &self,
        password: &[u8],
        salt: &[u8],
        (output, memory): (&mut [u8], &mut Vec<Block>),
    ) -> Option<()> {
        let Self::Argon2 {
            algorithm,
            version,
            memory_kib,
            passes,
            lanes,
        } = *self
        else {
            return None;
        };
        let params = Params::new(memory_kib, passes, lanes, Some(output.len())).ok()?;
        let blocks = params.block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::default());
        }
        let argon2 = Argon2::new(algorithm, version, params);
        let blocks = memory.get_mut(..blocks)?;
        argon2
            .hash_password_into_with_memory(password, salt, output, blocks)
            .ok()
    }

    /// Does the work of a check without a result.
    pub(super) fn spend(&self, password: &str, memory: &mut Vec<Block>) {
        let (salt, length): (&[u8], _) = match *self {
            Self::Bcrypt { .. } => (&[0; 16], 23),
            Self::Pbkdf2 { length, .. } => (&[0; 16], length as usize),
            _ => (b"0000000000000000", 32),
        };
        std::hint::black_box(self.derive(password.as_bytes(), salt, (length, memory)));
    }
}

/// The text of a method, as [`Method::parse`] reads it. The store counts hashes by it.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Argon2 {
                algorithm,
                version,
                memory_kib,
                passes,
                lanes,
            } => {
                let version = u32::from(version);
                write!(
                    f,
                    "${algorithm}$v={version}$m={memory_kib},t={passes},p={lanes}"
                )
            }
            Self::Bcrypt {
                cost,
                hashed_before: false,
            } => write!(f, "$2b${cost:02}"),
            Self::Bcrypt {
                cost,
                hashed_before: true,
            } => write!(f, "$django-bcrypt-sha256${cost:02}"),
            Self::Pbkdf2 {
                prf,
                iterations,
                length,
            } => {
                let name = match prf {
                    Pbkdf2::Sha1 => "sha1",
                    Pbkdf2::Sha256 => "sha256",
                    Pbkdf2::Sha512 => "sha512",
                };
                write!(f, "$pbkdf2-{name}$i={iterations},l={length}")
            }
            Self::Scrypt { log_n, r, p } => write!(f, "$scrypt$ln={log_n},r={r},p={p}"),
            Self::ShaCrypt { is_512, rounds } => {
                let name = if is_512 { '6' } else { '5' };
                write!(f, "${name}$rounds={rounds}")
            }
        }
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

/// Implementations in C end a password at a NUL. Such a password has no hash, but costs the same.
fn bcrypt_of(cost: u32, salt: [u8; 16], password: &[u8]) -> Option<[u8; 24]> {
    let mut key = password.to_vec();
    key.push(0);
    key.truncate(BCRYPT_BYTES);
    let hashed = bcrypt::bcrypt(cost, salt, &key);
    (!password.contains(&0)).then_some(hashed)
}

fn hex(digest: &Digest) -> String {
    use fmt::Write as _;
    let mut text = String::new();
    for byte in digest.as_bytes() {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

pub(super) fn argon2_algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "argon2id" => Some(Algorithm::Argon2id),
        "argon2i" => Some(Algorithm::Argon2i),
        "argon2d" => Some(Algorithm::Argon2d),
        _ => None,
    }
}

fn argon2_version(field: &str) -> Option<Version> {
    match field {
        "v=19" => Some(Version::V0x13),
        "v=16" => Some(Version::V0x10),
        _ => None,
    }
}

pub(super) fn prf(name: &str) -> Option<Pbkdf2> {
    match name {
        "sha1" => Some(Pbkdf2::Sha1),
        "sha256" => Some(Pbkdf2::Sha256),
        "sha512" => Some(Pbkdf2::Sha512),
        _ => None,
    }
}

/// The parameters of a PHC string, all of them, in this order.
fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut read = [0; N];
    let mut parts = text.split(',');
    for (value, name) in read.iter_mut().zip(names) {
        *value = number(parts.next()?.strip_prefix(name)?.strip_prefix('=')?)?;
    }
    parts.next().is_none().then_some(read)
}

pub(super) fn number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    text.parse().ok()
}

#[cfg(test)]
#[path = "method_tests.rs"]
mod tests;
