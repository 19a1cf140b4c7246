//! A file of users for `cardea user import`.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::PathBuf,
};

use anyhow::anyhow;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use serde_json::{Value, json};

use crate::argon2id::{LANES, MEMORY_KIB, PASSES};

const GIVEN: [&str; 8] = [
    "Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Zoë",
];
/// Hashes of other systems, as they are exported. Nobody logs in with them here.
const IMPORTED: [&str; 3] = [
    "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    "pbkdf2_sha256$260000$c2FsdHNhbHRzYWx0$XgvUX8s2VfZ4QqyCHrhQHgHbmHqkwN1qOBqF2bZlZ4E=",
    "$6$passlibsalt$dGpQ1yJWGaPLJYIdXMYtQfS.XKOop7YHRkOiiotpl.FLE.9yTMoxrTqcVKI.Sc1jYBdY/DX.d9xdVIWY5tbBW0",
];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The number of users.
    #[arg(long)]
    count: u32,
    /// The number of the first one.
    #[arg(long, default_value_t = 0)]
    from: u32,
    /// What their names begin with.
    #[arg(long, default_value = "user")]
    prefix: String,
    /// The password of all; without it they have hashes of other systems.
    #[arg(long)]
    password: Option<String>,
    /// The file.
    #[arg(long)]
    out: PathBuf,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Value> {
    let own = options.password.as_deref().map(hash).transpose()?;
    let mut out = BufWriter::new(File::create(&options.out)?);
    for number in options.from..options.from + options.count {
        let name = format!("{}{number:07}", options.prefix);
        let place = usize::try_from(number)?;
        let (given, imported) = (pick(&GIVEN, place), pick(&IMPORTED, place));
        let user = json!({
            "username": name,
            "email": format!("{name}@example{}.test", number % 50),
            "email_verified": true,
            "claims": { "name": format!("{given} Smith{}", number % 5000) },
            "password_hash": own.as_deref().unwrap_or(imported),
        });
        writeln!(out, "{user}")?;
    }
    out.flush()?;
    Ok(json!({ "users": options.count }))
}

fn pick<'a>(list: &[&'a str], number: usize) -> &'a str {
    list.get(number % list.len()).copied().unwrap_or_default()
}

/// As the server stores it.
fn hash(password: &str) -> anyhow::Result<String> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(|e| anyhow!("params: {e}"))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = hasher
        .hash_password_with_salt(password.as_bytes(), b"sixteen bytes!!!")
        .map_err(|e| anyhow!("argon2id: {e}"))?;
    Ok(hash.to_string())
}
