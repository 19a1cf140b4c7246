//! The mail server (D28).

use std::net::IpAddr;

use cardea_protocol::mail::EmailAddress;
use cardea_seal::Secret;
use cardea_web::config::SecretText;
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Deserialize;
use url::{Host, Url};

use super::problem::ConfigProblem;

/// The longest name in `from`.
const MAX_NAME_CHARS: usize = 100;

/// The mail server. Without `url` no mail is sent: pages and commands that would send one give out links or say so.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// The mail server: `smtp://user@mail.example.com` (port 587) requires STARTTLS, `smtps://` (port 465) is TLS from the start. On
    /// loopback `smtp://` is plain; `?tls=starttls` and `?tls=none` say otherwise. Certificates are verified, also by `outbound.ca_file`.
    #[schemars(with = "Option<SecretText>")]
    pub url: Option<SecretText>,
    /// The sender: `no-reply@example.com`, or `Example <no-reply@example.com>`. Without a name it is `brand.name`.
    pub from: Option<String>,
    /// A file with the password of the user in `url`.
    pub password_file: Option<String>,
    /// A folder with templates that replace parts of Cardea's mails: `<mail>.<language>.<part>`, such as `password_reset.de.html`, and
    /// `mail.txt` and `mail.html` for what all mails share. They are read at the start. See `docs/how-to/mail.md`.
    pub templates: Option<String>,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// RFC 8314 §3: TLS from the start.
    Implicit,
    /// RFC 3207: the connection becomes TLS, or nothing is sent.
    StartTls,
    /// None.
    Plain,
}

/// The mail server, checked.
#[derive(Clone)]
pub(crate) struct MailServer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) protection: Protection,
    pub(crate) user: Option<(String, Secret<String>)>,
    pub(crate) from: Sender,
}

/// The sender of mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) name: Option<String>,
    pub(crate) address: EmailAddress,
}

impl MailServer {
    /// `None` without `url`.
    pub(crate) fn read(mail: &MailConfig) -> Result<Option<Self>, ConfigProblem> {
        let Some(url) = &mail.url else {
            return match (&mail.from, &mail.password_file) {
                (None, None) => Ok(None),
                _ => Err(ConfigProblem::new(
                    "mail.url",
                    "it is missing; set it to the mail server, such as smtp://user@mail.example.com",
                )),
            };
        };
        let missing = "it is missing; set it to the sender, such as no-reply@example.com";
        let from = mail.from.as_deref();
        let from = from.ok_or_else(|| ConfigProblem::new("mail.from", missing))?;
        let from = Sender::parse(from).map_err(|what| ConfigProblem::new("mail.from", what))?;
        let server = parse_url(url.expose(), from);
        let mut server = server.map_err(|what| ConfigProblem::new("mail.url", what))?;
        server.read_password(mail.password_file.as_deref())?;
        Ok(Some(server))
    }

    fn read_password(&mut self, file: Option<&str>) -> Result<(), ConfigProblem> {
        let problem = |what: &str| Err(ConfigProblem::new("mail.password_file", what));
        let Some((user, password)) = &mut self.user else {
            return match file {
                Some(_) => problem("mail.url has no user, such as smtp://user@mail.example.com"),
                None => Ok(()),
            };
        };
        if let Some(file) = file {
            if !password.expose().is_empty() {
                return problem("the password is in mail.url, too; keep one of them");
            }
            let read = std::fs::read_to_string(file);
            let read =
                Secret::new(read.map_err(|e| {
                    ConfigProblem::new("mail.password_file", format!("{file}: {e}"))
                })?);
            *password = Secret::new(read.expose().trim_end_matches(['\r', '\n']).to_owned());
        }
        if password.expose().is_empty() {
            let what =
                format!("there is no password for \"{user}\"; put it into a file of its own");
            return problem(&what);
        }
        if self.protection == Protection::Plain && !is_loopback(&self.host) {
            let what = "a password is not sent without TLS; remove ?tls=none, or the user";
            return Err(ConfigProblem::new("mail.url", what));
        }
        Ok(())
    }

    /// A connection without TLS that leaves this machine.
    pub(crate) fn is_exposed(&self) -> bool {
        self.protection == Protection::Plain && !is_loopback(&self.host)
    }
}

fn parse_url(text: &str, from: Sender) -> Result<MailServer, String> {
    const FORM: &str = "write it as smtp://user@mail.example.com or smtps://user@mail.example.com";
    let url = Url::parse(text).map_err(|e| format!("not a URL ({e}); {FORM}"))?;
    let implicit = match url.scheme() {
        "smtps" => true,
        "smtp" => false,
        _ => return Err(format!("the scheme is smtp or smtps; {FORM}")),
    };
    let host = match url.host_str() {
        Some(host) if !host.is_empty() => host.trim_matches(['[', ']']).to_owned(),
        _ => return Err(format!("there is no host; {FORM}")),
    };
    let host = match Host::parse(&host) {
        Ok(Host::Domain(name)) => name,
        _ => host,
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(format!("it has a path; {FORM}"));
    }
    let protection = match (url.query(), implicit) {
        (None, true) => Protection::Implicit,
        (None, false) if is_loopback(&host) => Protection::Plain,
        (None | Some("tls=starttls"), false) => Protection::StartTls,
        (Some("tls=none"), false) => Protection::Plain,
        _ => {
            return Err(
                "after smtp:// there can be ?tls=starttls or ?tls=none, and nothing else"
                    .to_owned(),
            );
        }
    };
    let decode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        let decoded = decoded.map_err(|_| "the user is not UTF-8".to_owned())?;
        match decoded.contains(char::is_control) {
            true => Err("the user has control characters".to_owned()),
            false => Ok(decoded.into_owned()),
        }
    };
    let user = match url.username() {
        "" => None,
        name => {
            let password = decode(url.password().unwrap_or_default())?;
            Some((decode(name)?, Secret::new(password)))
        }
    };
    let default = if implicit { 465 } else { 587 };
    Ok(MailServer {
        host,
        port: url.port().unwrap_or(default),
        protection,
        user,
        from,
    })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Sender {
    /// `address`, or `name <address>`.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, address) = match text
            .strip_suffix('>')
            .and_then(|text| text.rsplit_once('<'))
        {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", text),
        };
        if name.contains(char::is_control) || name.chars().count() > MAX_NAME_CHARS {
            return Err("the name is one line of at most 100 characters".to_owned());
        }
        let address = EmailAddress::parse(address).map_err(|e| format!("\"{address}\": {e}"))?;
        Ok(Self {
            name: (!name.is_empty()).then(|| name.to_owned()),
            address,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(url: &str, from: &str) -> Result<MailServer, String> {
        let mail = MailConfig {
            url: Some(SecretText::new(url.to_owned())),
            from: Some(from.to_owned()),
            ..MailConfig::default()
        };
        let read = MailServer::read(&mail).map_err(|e| e.to_string());
        read.map(Option::unwrap)
    }

    #[test]
    fn mail_leaves_this_machine_only_by_tls_unless_it_is_asked_for() {
        for (url, protection, port) in [
            ("smtp://mail.example.com", Protection::StartTls, 587),
            ("smtp://mail.example.com:25", Protection::StartTls, 25),
            ("smtps://mail.example.com", Protection::Implicit, 465),
            ("smtp://localhost:25", Protection::Plain, 25),
            ("smtp://127.0.0.1:25/", Protection::Plain, 25),
            ("smtp://[::1]:25", Protection::Plain, 25),
            ("smtp://127.0.0.1?tls=starttls", Protection::StartTls, 587),
            ("smtp://localhost.example.com", Protection::StartTls, 587),
            ("smtp://mail.example.com?tls=none", Protection::Plain, 587),
        ] {
            let server = read(url, "a@example.com").unwrap();
            assert_eq!(
                (server.protection, server.port),
                (protection, port),
                "{url}"
            );
            assert_eq!(server.is_exposed(), url.ends_with("com?tls=none"), "{url}");
        }
    }

    #[test]
    fn a_url_that_is_no_mail_server_is_refused_without_repeating_it() {
        for url in [
            "",
            "mail.example.com",
            "http://mail.example.com",
            "smtp://",
            "smtp://user:secret@mail.example.com/inbox",
            "smtp://user:secret@mail.example.com?tls=opportunistic",
            "smtps://mail.example.com?tls=none",
            "smtp://user:secret@mail.example.com?tls=none",
            "smtp://user%0d%0a:secret@mail.example.com",
            "smtp://user@mail.example.com",
        ] {
            let refused = read(url, "a@example.com").err().unwrap();
            assert!(!refused.contains("secret"), "{url}: {refused}");
            assert!(refused.starts_with("mail."), "{refused}");
        }
    }

    #[test]
    fn the_user_and_password_are_decoded() {
        let server = read(
            "smtps://a%40b.example:p%25%2Fw@mail.example.com",
            "a@example.com",
        );
        let (user, password) = server.unwrap().user.unwrap();
        assert_eq!(
            (user.as_str(), password.expose().as_str()),
            ("a@b.example", "p%/w")
        );
    }

    #[test]
    fn a_password_is_the_first_line_of_its_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cret pass\r\n").unwrap();
        let mail = |url: &str| MailConfig {
            url: Some(SecretText::new(url.to_owned())),
            from: Some("a@example.com".to_owned()),
            password_file: Some(file.path().display().to_string()),
            ..MailConfig::default()
        };
        let read = |url: &str| MailServer::read(&mail(url)).map(Option::unwrap);
        let (_, password) = read("smtp://user@mail.example.com").unwrap().user.unwrap();
        assert_eq!(password.expose(), "s3cret pass");
        assert!(read("smtp://mail.example.com").is_err(), "there is no user");
        assert!(read("smtp://user:x@mail.example.com").is_err(), "twice");
    }

    #[test]
    fn a_sender_has_an_address_and_perhaps_a_name() {
        let from = |text| Sender::parse(text);
        let parsed = from("Ållo & Co. <no-reply@example.com>").unwrap();
        assert_eq!(parsed.name.as_deref(), Some("Ållo & Co."));
        assert_eq!(parsed.address.as_str(), "no-reply@example.com");
        assert_eq!(from("a@example.com").unwrap().name, None);
        for bad in [
            "",
            "Example",
            "Ex\r\nBcc: x <a@example.com>",
            "a@example.com, b@example.com",
        ] {
            assert!(from(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_sender_without_a_server_is_a_mistake() {
        let config = MailConfig {
            from: Some("a@example.com".to_owned()),
            ..MailConfig::default()
        };
        let refused = MailServer::read(&config).err().unwrap();
        assert!(refused.to_string().starts_with("mail.url"), "{refused}");
        assert!(MailServer::read(&MailConfig::default()).unwrap().is_none());
    }
}
