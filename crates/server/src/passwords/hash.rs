//! One hash: its text, its comparison, and how a new one is made.

use argon2::Block;
use base64::{
    Engine,
    alphabet::BCRYPT,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD_NO_PAD,
    },
};
use cardea_seal::{Entropy, Secret, constant_time_eq};
use sha_crypt::{PasswordHashRef, PasswordVerifier, ShaCrypt};

use super::{
    error::PasswordError,
    method::{BCRYPT_BYTES, Method},
    opaque::{has_control, prepared},
    strength,
};

const OUTPUT_BYTES: usize = 32;
const SALT_BYTES: usize = 16;

/// What a hash may have: with a shorter output other passwords would match too.
const OUTPUTS: std::ops::RangeInclusive<usize> = 16..=64;
const SALTS: std::ops::RangeInclusive<usize> = 1..=64;
/// No text of a hash in these bounds is longer.
pub(super) const MAX_TEXT_BYTES: usize = 1024;

/// Requirement 2.2, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// No password of 128 characters is longer.
pub(crate) const MAX_BYTES: usize = 512;

/// Base64 with or without padding.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Implementations of bcrypt write the last bits of the salt as they like.
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Hashes a new password on this thread: for the start and for the command line.
pub(crate) fn hash_new(password: &str, entropy: &Entropy) -> Result<Secret<String>, PasswordError> {
    let password = prepared(password);
    judge_text(&password)?;
    make(&password, &entropy.bytes(), &mut Vec::new())
}

/// Whether a hash is this password's; on this thread, for the start.
pub(crate) fn is_hash_of(text: &str, password: &str) -> bool {
    PasswordHash::parse(text).is_ok_and(|stored| stored.matches(password, &mut Vec::new()))
}

/// Whether a password may be set by or for a user with these names.
pub(crate) fn judge(password: &str, about: &[&str]) -> Result<(), PasswordError> {
    let password = prepared(password);
    judge_text(&password)?;
    strength::judge(&password, about)
}

/// The length and the characters of a prepared password.
fn judge_text(password: &str) -> Result<(), PasswordError> {
    if has_control(password) {
        return Err(PasswordError::Control);
    }
    match LENGTH.contains(&password.chars().count()) {
        true => Ok(()),
        false => Err(PasswordError::Length),
    }
}

/// Hashes a prepared password in this memory.
pub(super) fn make(
    password: &str,
    salt: &[u8; SALT_BYTES],
    memory: &mut Vec<Block>,
) -> Result<Secret<String>, PasswordError> {
    if password.len() > MAX_BYTES {
        return Err(PasswordError::Length);
    }
    let method = Method::CURRENT;
    let output = method.derive(password.as_bytes(), salt, (OUTPUT_BYTES, memory));
    let hash = PasswordHash {
        method,
        salt: salt.to_vec(),
        output: output.ok_or(PasswordError::Hash)?,
    };
    Ok(hash.to_text())
}

/// A hash, parsed, whose computation is bounded.
pub(super) struct PasswordHash {
    pub(super) method: Method,
    /// Of SHA-crypt, salt and output are the texts.
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

impl PasswordHash {
    /// Reads a hash as it is stored.
    pub(super) fn parse(text: &str) -> Result<Self, PasswordError> {
        let hash = Self::read(text).ok_or(PasswordError::Hash)?;
        match hash.method.is_computable() {
            true => Ok(hash),
            false => Err(hash
                .method
                .check_cost()
                .err()
                .unwrap_or(PasswordError::Hash)),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split('$').collect();
        // RFC 8018 and others: `$name$parameters$salt$hash`, argon2 with its version before the parameters.
        let (method, salt, output) = match fields.as_slice() {
            [start @ .., salt, output] if let Some(method) = Method::read(start) => {
                (method, *salt, *output)
            }
            // Crypt leaves the default out.
            ["", name @ ("5" | "6"), salt, output] => {
                let method = Method::read(&["", name, "rounds=5000"])?;
                (method, *salt, *output)
            }
            [start @ .., both] => {
                let method = Method::read(start)?;
                matches!(method, Method::Bcrypt { .. }).then_some(())?;
                let (salt, output) = both.split_at_checked(22)?;
                (method, salt, output)
            }
            [] => return None,
        };
        let decode = |text: &str| match method {
            Method::Bcrypt { .. } => BCRYPT_BASE64.decode(text).ok(),
            Method::ShaCrypt { .. } => Some(text.as_bytes().to_vec()),
            _ => BASE64.decode(text).ok(),
        };
        let (salt, output) = (decode(salt)?, decode(output)?);
        Self {
            method,
            salt,
            output,
        }
        .with_lengths()
    }

    /// What has the lengths that its method asks for.
    pub(super) fn with_lengths(self) -> Option<Self> {
        let Self {
            method,
            salt,
            output,
        } = &self;
        let fits = match method {
            Method::Argon2 { .. } => salt.len() >= 8 && OUTPUTS.contains(&output.len()),
            Method::Bcrypt { .. } => salt.len() == 16 && output.len() == 23,
            Method::Pbkdf2 { length, .. } => {
                usize::try_from(*length).is_ok_and(|length| length == output.len())
                    && OUTPUTS.contains(&output.len())
            }
            Method::Scrypt { .. } => OUTPUTS.contains(&output.len()),
            Method::ShaCrypt { is_512, .. } => {
                output.len() == if *is_512 { 86 } else { 43 }
                    && salt.len() <= 16
                    && PasswordHashRef::new(self.to_text().expose()).is_ok()
            }
        };
        (fits && SALTS.contains(&salt.len())).then_some(self)
    }

    /// The form in which it is stored, if its cost is within the bounds.
    pub(super) fn accept(&self) -> Result<Secret<String>, PasswordError> {
        self.method.check_cost()?;
        Ok(self.to_text())
    }

    /// The form in which it is stored: `$method$parameters$salt$hash`.
    fn to_text(&self) -> Secret<String> {
        let Self {
            method,
            salt,
            output,
        } = self;
        Secret::new(match method {
            Method::Bcrypt { .. } => {
                let (salt, output) = (BCRYPT_BASE64.encode(salt), BCRYPT_BASE64.encode(output));
                format!("{method}${salt}{output}")
            }
            Method::ShaCrypt { .. } => {
                let (salt, output) = (
                    String::from_utf8_lossy(salt),
                    String::from_utf8_lossy(output),
                );
                format!("{method}${salt}${output}")
            }
            _ => {
                let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
                format!("{method}${salt}${output}")
            }
        })
    }

    pub(super) fn matches(&self, password: &str, memory: &mut Vec<Block>) -> bool {
        if password.len() > MAX_BYTES {
            return false;
        }
        if let Method::ShaCrypt { .. } = self.method {
            let text = self.to_text();
            return self.method.takes(password.as_bytes())
                && ShaCrypt::default()
                    .verify_password(password.as_bytes(), text.expose().as_str())
                    .is_ok();
        }
        let length = self.output.len();
        let derived = self
            .method
            .derive(password.as_bytes(), &self.salt, (length, memory));
        derived.is_some_and(|output| constant_time_eq(&output, &self.output))
    }

    /// Whether this hash may stay when the password was right.
    pub(super) fn may_stay(&self, password: &str) -> bool {
        self.method == Method::CURRENT || self.must_stay(password)
    }

    /// bcrypt reads 72 bytes: what comes behind them was never compared, so it must not become part of the password.
    pub(super) fn must_stay(&self, password: &str) -> bool {
        let Method::Bcrypt { hashed_before, .. } = self.method else {
            return false;
        };
        !hashed_before && password.len() > BCRYPT_BYTES
    }
}

#[cfg(test)]
pub(super) fn test_hash(password: &str, memory_kib: u32, memory: &mut Vec<Block>) -> String {
    let text = format!("$argon2id$v=19$m={memory_kib},t=1,p=1");
    let method = Method::parse(&text).unwrap();
    let output = method.derive(
        password.as_bytes(),
        b"somesaltsomesalt",
        (OUTPUT_BYTES, memory),
    );
    STANDARD_NO_PAD.encode(output.unwrap())
}

#[cfg(test)]
#[path = "hash_tests.rs"]
mod tests;
