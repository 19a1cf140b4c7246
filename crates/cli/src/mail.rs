//! `cardea mail`

use std::io::Write as _;

use anyhow::anyhow;
use cardea_server::{preview_mail, send_test_mail};
use serde_json::json;

use crate::{
    commands::{MailCommand, MailVerb},
    config::{self, Run},
};

pub(crate) async fn run(command: &MailCommand, run: Run) -> anyhow::Result<()> {
    let (file, out) = (config::of_command(&run)?, run.out);
    let config = config::read(&file, run.environment)?;
    match &command.verb {
        MailVerb::Preview { mail, lang, html } => {
            let preview = preview_mail(&config, mail, lang).map_err(|what| anyhow!(what))?;
            if *html {
                return Ok(std::io::stdout().write_all(preview.html.as_bytes())?);
            }
            out.answer(&preview, |preview| {
                // A terminal does not need the marks that keep names of another direction apart.
                let text = format!("Subject: {}\n\n{}", preview.subject, preview.text);
                text.replace(['\u{2068}', '\u{2069}'], "")
            })
        }
        MailVerb::Test { address, lang } => {
            let taken = send_test_mail(&config, address, lang).await;
            let server = taken.map_err(|what| anyhow!(what))?;
            let answer = json!({ "to": address, "server": server });
            out.answer(&answer, |_| format!("{server} took a mail to {address}."))
        }
    }
}
