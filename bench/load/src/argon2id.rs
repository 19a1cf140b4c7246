//! The machine's own limit for logins: argon2id as the server computes it, on one thread, with reused memory.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde_json::{Value, json};

/// As in `crates/server/src/passwords/hash.rs`.
pub(crate) const MEMORY_KIB: u32 = 19 * 1024;
pub(crate) const PASSES: u32 = 2;
pub(crate) const LANES: u32 = 1;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The duration in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Value> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(|e| anyhow!("params: {e}"))?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (began, mut hashes, mut output) = (Instant::now(), 0_u32, [0; 32]);
    while began.elapsed() < Duration::from_secs(options.seconds) {
        argon2
            .hash_password_into_with_memory(
                b"the password of a user",
                b"sixteen bytes!!!",
                &mut output,
                &mut memory,
            )
            .map_err(|e| anyhow!("argon2id: {e}"))?;
        hashes += 1;
    }
    let per_second = f64::from(hashes) / began.elapsed().as_secs_f64();
    Ok(json!({ "per_second": per_second }))
}
