//! Opaque tokens that the kit has introspected before.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use cardea_jose::Algorithm;
use cardea_resource::{Api, ApiConfig, IntrospectionConfig, Tokens};
use cardea_seal::Entropy;
use serde_json::{Value, json};

use super::{
    gated::{behind, call, request},
    issuer::{AUDIENCE, Issuer},
    tally::Tally,
};

/// Bytes of randomness in an opaque token, as Cardea's introspection endpoint gets it.
const TOKEN_BYTES: usize = 32;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Tokens that take turns.
    #[arg(long, default_value_t = 1000)]
    tokens: usize,
    /// The duration in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<Value> {
    let issuer = Issuer::start(Algorithm::ES256).await?;
    let endpoint = format!("{}/introspection", issuer.url);
    let config = ApiConfig {
        tokens: Tokens::Introspection,
        introspection: Some(IntrospectionConfig {
            endpoint: Some(endpoint),
            ..IntrospectionConfig::new("api", "the secret of the bench")
        }),
        ..ApiConfig::new(&issuer.url, AUDIENCE)
    };
    let mut gated = behind(&Api::new(&config)?.layer());
    let tokens: Vec<String> = (0..options.tokens)
        .map(|_| Entropy::system().text(TOKEN_BYTES))
        .collect();
    for token in &tokens {
        call(&mut gated, request(token)?).await?;
    }
    let mut turn = tokens.iter().cycle();
    let mut tally = Tally::default();
    let until = Instant::now() + Duration::from_secs(options.seconds);
    while Instant::now() < until {
        let next = || request(turn.next().context("no tokens")?);
        let once = async |request| call(&mut gated, request).await;
        tally.take(next, once).await?;
    }
    Ok(json!({ "per_second": tally.per_second() }))
}
