//! JWTs verified by the kit's layer, by its `verify`, by a whole protected router, by another library, and by only the key.
//! They take turns every few milliseconds, so that other load of the machine affects all of them.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::{Router, routing::get};
use cardea_jose::Algorithm;
use cardea_resource::{AccessToken, Api, ApiConfig};
use serde_json::{Value, json};

use super::{
    gated::{behind, call, request},
    issuer::{AUDIENCE, Issuer},
    others::{Key, Library, Signed},
    tally::Tally,
};

/// Tokens that take turns.
const TOKENS: usize = 64;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// ES256 or RS256.
    #[arg(long)]
    algorithm: Algorithm,
    /// The duration in seconds, for all variants together.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Only one of `layer`, `verify`, `router`, `jsonwebtoken` and `key`, for a profile.
    #[arg(long)]
    only: Option<String>,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<Value> {
    let issuer = Issuer::start(options.algorithm).await?;
    let config = ApiConfig {
        jwks_uri: Some(format!("{}/keys", issuer.url)),
        ..ApiConfig::new(&issuer.url, AUDIENCE)
    };
    let api = Api::new(&config)?;
    let mut gated = behind(&api.layer());
    let handler = async |token: AccessToken| drop(token);
    let mut router = api.protect(Router::new().route("/orders", get(handler)));
    let library = Library::new(&issuer)?;
    let key = Key::new(&issuer)?;
    let tokens = (0..TOKENS).map(|_| issuer.token());
    let tokens: Vec<String> = tokens.collect::<anyhow::Result<_>>()?;
    let mut turn = tokens.iter().cycle();
    let mut next = || turn.next().context("there are tokens");
    // Now the kit fetches the keys.
    call(&mut gated, request(next()?)?).await?;

    let wanted = |way: &str| options.only.as_deref().is_none_or(|only| only == way);
    let [mut layer, mut verify, mut whole, mut other, mut alone] =
        [(); 5].map(|()| Tally::default());
    let until = Instant::now() + Duration::from_secs(options.seconds);
    while Instant::now() < until {
        if wanted("layer") {
            let once = async |request| call(&mut gated, request).await;
            layer.take(|| request(next()?), once).await?;
        }
        if wanted("verify") {
            let once = async |token: &String| Ok(api.verify(token).await.map(drop)?);
            verify.take(&mut next, once).await?;
        }
        if wanted("router") {
            let once = async |request| call(&mut router, request).await;
            whole.take(|| request(next()?), once).await?;
        }
        if wanted("jsonwebtoken") {
            let once = async |token: &String| library.decode(token);
            other.take(&mut next, once).await?;
        }
        if wanted("key") {
            let once = async |signed: Signed<'_>| key.verify(&signed);
            alone.take(|| Signed::of(next()?), once).await?;
        }
    }
    Ok(json!({
        "layer": layer.per_second(),
        "verify": verify.per_second(),
        "router": whole.per_second(),
        "jsonwebtoken": other.per_second(),
        "key": alone.per_second(),
    }))
}
