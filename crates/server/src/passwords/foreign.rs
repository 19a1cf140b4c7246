//! Hashes as other systems write them.

use std::num::NonZeroU32;

use base64::Engine;
use cardea_seal::Secret;
use serde::Deserialize;

use super::{
    error::PasswordError,
    hash::{BASE64, MAX_TEXT_BYTES, PasswordHash},
    method::{Method, number, prf},
};

/// Takes a configured or imported hash of any known form, if its cost is within the bounds, in the form in which it is stored.
pub(crate) fn accept_hash(text: &str) -> Result<Secret<String>, PasswordError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(PasswordError::Hash);
    }
    let hash = match read(text) {
        Some(hash) => hash?,
        None => PasswordHash::parse(text)?,
    };
    hash.accept()
}

type Read = Result<PasswordHash, PasswordError>;

/// A hash of Django or Keycloak; `None` when it has another form.
fn read(text: &str) -> Option<Read> {
    if text.starts_with('{') {
        return Some(keycloak(text).ok_or(PasswordError::Hash));
    }
    match text.split_once('$')? {
        // These wrap the text of the algorithm.
        ("argon2", rest) => Some(PasswordHash::parse(&format!("${rest}"))),
        ("bcrypt", rest) => Some(PasswordHash::parse(rest)),
        ("bcrypt_sha256", rest) => {
            let rest = rest.strip_prefix("$2b$")?;
            Some(PasswordHash::parse(&format!(
                "$django-bcrypt-sha256${rest}"
            )))
        }
        ("scrypt", rest) => Some(django_scrypt(rest).ok_or(PasswordError::Hash)),
        (name, rest) => {
            let name = name.strip_prefix("pbkdf2_")?;
            Some(django_pbkdf2(name, rest).ok_or(PasswordError::Hash))
        }
    }
}

/// `pbkdf2_sha256$600000$salt$hash`: the salt is a text.
fn django_pbkdf2(name: &str, rest: &str) -> Option<PasswordHash> {
    let [iterations, salt, output] = *rest.split('$').collect::<Vec<_>>() else {
        return None;
    };
    pbkdf2(
        name,
        number(iterations)?,
        (salt.into(), BASE64.decode(output).ok()?),
    )
}

/// `scrypt$16384$salt$8$5$hash`
fn django_scrypt(rest: &str) -> Option<PasswordHash> {
    let [n, salt, r, p, output] = *rest.split('$').collect::<Vec<_>>() else {
        return None;
    };
    let n = number(n)?;
    n.is_power_of_two().then_some(())?;
    let method = Method::Scrypt {
        log_n: u8::try_from(n.ilog2()).ok()?,
        r: number(r)?,
        p: number(p)?,
    };
    PasswordHash {
        method,
        salt: salt.into(),
        output: BASE64.decode(output).ok()?,
    }
    .with_lengths()
}

fn pbkdf2(name: &str, iterations: u32, (salt, output): (Vec<u8>, Vec<u8>)) -> Option<PasswordHash> {
    let method = Method::Pbkdf2 {
        prf: prf(name)?,
        iterations: NonZeroU32::new(iterations)?,
        length: u32::try_from(output.len()).ok()?,
    };
    PasswordHash {
        method,
        salt,
        output,
    }
    .with_lengths()
}

/// A credential of Keycloak's export: two JSON documents in strings, or, before version 9, the members themselves.
#[derive(Deserialize)]
#[serde(untagged)]
enum Credential {
    #[serde(rename_all = "camelCase")]
    Documents {
        credential_data: String,
        secret_data: String,
    },
    #[serde(rename_all = "camelCase")]
    Members {
        hashed_salted_value: String,
        salt: String,
        hash_iterations: u32,
        #[serde(default = "oldest")]
        algorithm: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    hash_iterations: u32,
    algorithm: String,
    #[serde(default)]
    additional_parameters: Argon2,
}

/// Each parameter is a list of one text.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Argon2 {
    memory: Vec<String>,
    parallelism: Vec<String>,
    r#type: Vec<String>,
    version: Vec<String>,
}

#[derive(Deserialize)]
struct SecretData {
    value: String,
    salt: String,
}

fn oldest() -> String {
    "pbkdf2".to_owned()
}

fn keycloak(text: &str) -> Option<PasswordHash> {
    let (data, secret) = match serde_json::from_str(text).ok()? {
        Credential::Documents {
            credential_data,
            secret_data,
        } => {
            let data: CredentialData = serde_json::from_str(&credential_data).ok()?;
            let secret: SecretData = serde_json::from_str(&secret_data).ok()?;
            (data, secret)
        }
        Credential::Members {
            hashed_salted_value: value,
            salt,
            hash_iterations,
            algorithm,
        } => {
            let data = CredentialData {
                hash_iterations,
                algorithm,
                additional_parameters: Argon2::default(),
            };
            (data, SecretData { value, salt })
        }
    };
    let salt = BASE64.decode(&secret.salt).ok()?;
    let output = BASE64.decode(&secret.value).ok()?;
    match data.algorithm.as_str() {
        "argon2" => PasswordHash {
            method: argon2(&data)?,
            salt,
            output,
        }
        .with_lengths(),
        "pbkdf2" => pbkdf2("sha1", data.hash_iterations, (salt, output)),
        name => {
            let name = name.strip_prefix("pbkdf2-")?;
            pbkdf2(name, data.hash_iterations, (salt, output))
        }
    }
}

fn argon2(data: &CredentialData) -> Option<Method> {
    let one = |values: &'_ [String]| match values {
        [value] => Some(value.clone()),
        _ => None,
    };
    let parameters = &data.additional_parameters;
    let version = match one(&parameters.version)?.as_str() {
        "1.3" => 19,
        "1.0" => 16,
        _ => return None,
    };
    let name = one(&parameters.r#type)?;
    let memory = number(&one(&parameters.memory)?)?;
    let lanes = number(&one(&parameters.parallelism)?)?;
    let passes = data.hash_iterations;
    Method::parse(&format!(
        "$argon2{name}$v={version}$m={memory},t={passes},p={lanes}"
    ))
}
