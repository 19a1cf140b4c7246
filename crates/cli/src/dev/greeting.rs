//! What `cardea dev` prints when it is ready.

use std::{fmt::Write as _, io::Write as _, path::Path, time::Duration};

use cardea_machine::Token;
use cardea_server::config::development::{ALICES_PASSWORD, BOBS_PASSWORD, is_demo_client};
use cardea_web::log::{LogWriter, Report};

use super::stage::Stage;
use crate::commands::OwnClient;

/// How long the last line may take.
const LAST_LINE: Duration = Duration::from_secs(1);

/// Standard output. Nothing depends on its reader.
pub(crate) struct Printer(LogWriter);

impl Printer {
    pub(crate) fn stdout() -> Self {
        Self(LogWriter::new(std::io::stdout(), Report::Text))
    }

    /// The first line (D23).
    pub(crate) fn warn(&mut self) {
        self.print(
            "DEVELOPMENT: these passwords and secrets are public; only this machine can reach the servers.\n\n",
        );
    }

    /// Where everything is, who can log in, and how to call the API.
    pub(crate) fn greet(&mut self, greeting: &Greeting<'_>) -> anyhow::Result<()> {
        self.print(&greeting.text()?);
        Ok(())
    }

    /// The last line of an orderly end.
    pub(crate) fn farewell(&mut self) {
        self.print("\ncardea dev has ended.\n");
        self.0.flush_for(LAST_LINE);
    }

    fn print(&mut self, text: &str) {
        // It never fails.
        let _ = self.0.write_all(text.as_bytes());
    }
}

/// What is printed when all is ready.
pub(crate) struct Greeting<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) token: &'a Token,
    /// The clients of the command line.
    pub(crate) own: &'a [OwnClient],
    /// The configuration file for the commands.
    pub(crate) admin: &'a Path,
}

impl Greeting<'_> {
    fn text(&self) -> Result<String, std::fmt::Error> {
        let Self { stage, token, .. } = self;
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
                format!("  {what:<18}{where_:<36}{note}").trim_end()
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
        row(
            "Mailbox",
            &format!("{issuer}/dev/mailbox"),
            "mails of the provider",
        )?;
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
                "For browsers, trust {}; it signs certificates for this machine only.",
                file.display()
            )?;
        }
        for client in self.own {
            let (id, uri) = (&client.id, &client.redirect_uri);
            let instead = match is_demo_client(id) {
                true => "; it replaces the demo client of this name",
                false => "",
            };
            writeln!(text, "Your client: {id} (public, PKCE), {uri}{instead}")?;
        }
        let file = self.admin.display();
        writeln!(text, "Administer it: cardea user list --config {file}")?;
        text.push_str("Clients: spa (public), backend, script, bff, webapp. Ctrl-C ends it.\n");
        Ok(text)
    }
}
