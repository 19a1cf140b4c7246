//! What `cardea dev` says when it is ready.

use std::{fmt::Write as _, io::Write as _};

use cardea_machine::Token;
use cardea_server::config::development::{ALICES_PASSWORD, BOBS_PASSWORD};

use super::stage::Stage;

/// The first line (D23).
pub(crate) fn warn() -> anyhow::Result<()> {
    print(
        "DEVELOPMENT: everybody knows these passwords and secrets; nothing but this machine can reach it.\n\n",
    )
}

/// Says where everything is, who can log in, and how to call the API.
pub(crate) fn say(stage: &Stage, token: &Token) -> anyhow::Result<()> {
    print(&greeting(stage, token)?)
}

/// Says that it ended in good order.
pub(crate) fn farewell() -> anyhow::Result<()> {
    print("\ncardea dev has ended.\n")
}

fn greeting(stage: &Stage, token: &Token) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for sentence in &stage.moved {
        writeln!(text, "  {sentence}")?;
    }
    if !stage.moved.is_empty() {
        text.push('\n');
    }
    let addresses = &stage.addresses;
    let (issuer, api) = (&addresses.issuer, &stage.api);
    let mut row = |what: &str, where_: &str, note: &str| {
        writeln!(
            text,
            "{}",
            format!("  {what:<18}{where_:<32}{note}").trim_end()
        )
    };
    row(
        "Single-page app",
        &format!("{}/", addresses.spa),
        "orders, tokens on its server",
    )?;
    row(
        "Webapp",
        &format!("{}/", addresses.webapp),
        "pages made on the server",
    )?;
    row("Orders API", &format!("{api}/orders"), "")?;
    row("Provider", issuer, "account at /account")?;
    row("", "", "")?;
    row("alice", ALICES_PASSWORD, "user")?;
    row("bob", BOBS_PASSWORD, "user, admin")?;
    let minutes = token.expires_in / 60;
    writeln!(
        text,
        "\nCall the API as the client script, which may read; the token is good for {minutes} minutes:\n"
    )?;
    let trust = match stage.ca_file() {
        Some(file) => format!("--cacert {} ", file.display()),
        None => String::new(),
    };
    let token = token.access_token.expose();
    writeln!(
        text,
        "  curl {trust}-H \"Authorization: Bearer {token}\" {api}/orders\n"
    )?;
    writeln!(
        text,
        "Without -H that is 401. With -d '{{}}', which takes orders:write, it is 403."
    )?;
    if let Some(file) = stage.ca_file() {
        writeln!(
            text,
            "For browsers, trust {}; it vouches for this machine alone.",
            file.display()
        )?;
    }
    text.push_str("Clients: spa (public), backend, script, bff, webapp. Ctrl-C ends it.\n");
    Ok(text)
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
