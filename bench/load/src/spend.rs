//! Whole logins, one at a time, each with its code redeemed, to measure the bytes that they write to the disk.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{
    browse::{self, Credentials, VERIFIER},
    http::{Connection, form},
    login::{Options, authorization},
};

#[derive(clap::Args)]
pub(crate) struct Spend {
    #[command(flatten)]
    login: Options,
    /// The number of logins.
    #[arg(long, default_value_t = 300)]
    count: usize,
    /// The client's secret.
    #[arg(long)]
    secret: String,
}

pub(crate) async fn run(options: &Spend) -> anyhow::Result<Value> {
    for index in 0..options.count {
        one(options, index % options.login.loops).await?;
    }
    Ok(json!({ "logins": options.count }))
}

async fn one(options: &Spend, index: usize) -> anyhow::Result<()> {
    let login = &options.login;
    let credentials = Credentials::new(format!("person{index}"), &login.password);
    let path = authorization(login);
    let location = browse::to_code(login.port, &path, &login.redirect_uri, &credentials).await?;
    let (_, query) = location.split_once('?').context("no query")?;
    let code = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "code")
        .context("no code")?;
    let body = form(&[
        ("grant_type", "authorization_code"),
        ("code", &code.1),
        ("redirect_uri", &login.redirect_uri),
        ("code_verifier", VERIFIER),
        ("client_id", &login.client),
        ("client_secret", &options.secret),
    ]);
    let mut connection = Connection::open(login.port).await?;
    let answer = connection.post("/token", "", &body).await?;
    ensure!(
        answer.status == 200,
        "/token answered {}: {}",
        answer.status,
        answer.body
    );
    Ok(())
}
