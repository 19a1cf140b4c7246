//! Refresh tokens are exchanged for access tokens at the server.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::http::{Connection, form};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port of the server.
    #[arg(long)]
    port: u16,
    /// The client of the grants.
    #[arg(long)]
    client: String,
    /// Its secret.
    #[arg(long)]
    secret: String,
    /// The refresh tokens, one per line.
    #[arg(long)]
    refresh_tokens: PathBuf,
    /// The body of an introspection without the token: the last token is introspected, since an inactive token costs less.
    #[arg(long)]
    check: String,
    /// The file for the access tokens.
    #[arg(long)]
    out: PathBuf,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<Value> {
    let mut connection = Connection::open(options.port).await?;
    let mut out = String::new();
    for token in std::fs::read_to_string(&options.refresh_tokens)?.lines() {
        let body = form(&[
            ("grant_type", "refresh_token"),
            ("client_id", &options.client),
            ("client_secret", &options.secret),
            ("refresh_token", token),
        ]);
        let answer = connection.post("/token", "", &body).await?;
        if answer.status != 200 {
            bail!("/token answered {}: {}", answer.status, answer.body);
        }
        let answer: Value = serde_json::from_str(&answer.body)?;
        let token = answer.get("access_token").and_then(Value::as_str);
        out.push_str(token.context("no access token")?);
        out.push('\n');
    }
    let last = out.lines().next_back().context("no refresh tokens")?;
    let question = format!("{}&token={last}", options.check);
    let answer = connection.post("/introspection", "", &question).await?;
    if !answer.body.contains("\"active\":true") {
        bail!("the token is not active: {} {}", answer.status, answer.body);
    }
    std::fs::write(&options.out, &out)?;
    Ok(json!({ "tokens": out.lines().count() }))
}
