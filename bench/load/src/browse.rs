//! A browser that fills in the login form and allows the access, until it is redirected to the client.

use std::{collections::BTreeMap, sync::Mutex};

use anyhow::{Context as _, anyhow, bail};
use cardea_protocol::totp::TotpSecret;
use cardea_web::clock::{Clock as _, SystemClock};
use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;

use crate::{
    authenticator::Passkey,
    http::{Answer, Connection, form},
};

/// RFC 7636 Appendix B: a verifier and its challenge.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// More than login, consent and the redirects between them need.
const MAX_STEPS: usize = 12;

/// What a user logs in with.
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) app: AuthenticatorApp,
    /// In the place of user name and password.
    pub(crate) passkey: Option<Passkey>,
}

impl Credentials {
    pub(crate) fn new(username: String, password: &str) -> Self {
        Self {
            username,
            password: password.to_owned(),
            app: AuthenticatorApp::default(),
            passkey: None,
        }
    }
}

/// An authenticator app: the secret that the user scanned, and the step of the last code.
#[derive(Default)]
pub(crate) struct AuthenticatorApp(Mutex<Option<(TotpSecret, u64)>>);

/// RFC 6238: the length of a step.
const STEP_SECONDS: u64 = 30;

impl AuthenticatorApp {
    /// A code that was not used before: when the page shows a secret, that of the step before; else the next one.
    fn code(&self, page: &str) -> anyhow::Result<String> {
        let mut app = self.0.lock().map_err(|_| anyhow!("a poisoned lock"))?;
        let next = match secret(page) {
            Some(secret) => (secret?, now_step()? - 1),
            None => {
                let (secret, used) = app.take().context("asked for a code without an app")?;
                (secret, now_step()?.max(used + 1))
            }
        };
        let at = i64::try_from(next.1 * STEP_SECONDS)?;
        let code = next.0.code(Timestamp::from_second(at)?);
        *app = Some(next);
        Ok(code)
    }
}

fn now_step() -> anyhow::Result<u64> {
    Ok(u64::try_from(SystemClock.now().as_second())? / STEP_SECONDS)
}

/// The key that a page shows, in groups.
fn secret(page: &str) -> Option<anyhow::Result<TotpSecret>> {
    let (_, rest) = page.split_once("<p class=\"secret\"><code>")?;
    let (groups, _) = rest.split_once("</code>")?;
    let key = groups.replace("<span>", "").replace("</span>", "");
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let bytes = BASE32_NOPAD.decode(key.as_bytes());
    Some(
        bytes
            .map_err(Into::into)
            .and_then(|bytes| TotpSecret::from_slice(&bytes).context("the length of the secret")),
    )
}

/// From the client's link to the address with the code, in a new browser.
pub(crate) async fn to_code(
    port: u16,
    path: &str,
    redirect_uri: &str,
    credentials: &Credentials,
) -> anyhow::Result<String> {
    to_code_in(
        &mut Cookies::default(),
        port,
        path,
        redirect_uri,
        credentials,
    )
    .await
}

/// The same in a browser that keeps its cookies.
pub(crate) async fn to_code_in(
    cookies: &mut Cookies,
    port: u16,
    path: &str,
    redirect_uri: &str,
    credentials: &Credentials,
) -> anyhow::Result<String> {
    let mut connection = Connection::open(port).await?;
    let mut answer = connection.get(path, &cookies.header()).await?;
    for _ in 0..MAX_STEPS {
        cookies.take(&answer);
        answer = match answer.status {
            303 => {
                let location = answer.header("location").next().context("no Location")?;
                if location.starts_with(redirect_uri) {
                    let has_code = location.contains("code=");
                    return has_code
                        .then(|| location.to_owned())
                        .context("no code at the client");
                }
                let path = local(location, port)?.to_owned();
                connection.get(&path, &cookies.header()).await?
            }
            200 if !answer.body.contains("<form ") => {
                let path = attribute(&answer.body, "class=\"primary\" href=\"");
                let path = path.context("a page without a form and a link")?;
                let path = local(path, port)?.replace("&amp;", "&");
                connection.get(&path, &cookies.header()).await?
            }
            200 => {
                let (action, body) = fill(&answer.body, credentials)?;
                let action = local(&action, port)?.to_owned();
                connection.post(&action, &cookies.header(), &body).await?
            }
            status => bail!("answered {status}: {}", answer.body),
        };
    }
    bail!("more than {MAX_STEPS} steps")
}

/// The path of an address of this server.
pub(crate) fn local(location: &str, port: u16) -> anyhow::Result<&str> {
    let path = location
        .strip_prefix(&format!("http://localhost:{port}"))
        .unwrap_or(location);
    path.starts_with('/')
        .then_some(path)
        .with_context(|| format!("a redirect to another server: {location}"))
}

/// The action and the body of the form of a page: its hidden fields, and what the user puts in.
pub(crate) fn fill(page: &str, credentials: &Credentials) -> anyhow::Result<(String, String)> {
    if let Some(passkey) = &credentials.passkey
        && let Some(form) = forms(page).find(|form| form.options().is_some())
    {
        let options = form.options().unwrap_or_default();
        let answer = passkey.sign(&serde_json::from_str(&options)?)?;
        return form.with(&[("credential", &answer)]);
    }
    let mut filled_in = forms(page).filter(|form| form.options().is_none());
    let form = filled_in.next().context("a page without a form")?;
    if form.0.contains("name=\"code\"") {
        let code = credentials.app.code(page)?;
        form.with(&[("code", &code)])
    } else if form.0.contains("name=\"password\"") {
        form.with(&[
            ("username", &credentials.username),
            ("password", &credentials.password),
        ])
    } else if form.0.contains("value=\"allow\"") {
        form.with(&[("decision", "allow")])
    } else {
        bail!("an unexpected form: {}", form.0)
    }
}

/// A form of a page, as it is written there.
pub(crate) struct Form<'a>(&'a str);

/// The forms of a page.
pub(crate) fn forms(page: &str) -> impl Iterator<Item = Form<'_>> {
    let forms = page.split("<form ").skip(1);
    forms.map(|form| Form(form.split("</form>").next().unwrap_or(form)))
}

impl Form<'_> {
    /// The options of a form for a passkey, as JSON.
    pub(crate) fn options(&self) -> Option<String> {
        let text = attribute(self.0, "data-options=\"")?;
        Some(text.replace("&#34;", "\"").replace("&#38;", "&"))
    }

    /// Its action and its body: the hidden fields, and these.
    pub(crate) fn with(&self, fields: &[(&str, &str)]) -> anyhow::Result<(String, String)> {
        let action = attribute(self.0, "action=\"").context("a form without action")?;
        let inputs = self.0.split("<input type=\"hidden\" ").skip(1);
        let hidden = inputs
            .filter_map(|one| Some((attribute(one, "name=\"")?, attribute(one, "value=\"")?)));
        let hidden = hidden.filter(|(name, _)| fields.iter().all(|(other, _)| other != name));
        let pairs: Vec<_> = hidden.chain(fields.iter().copied()).collect();
        Ok((action.to_owned(), form(&pairs)))
    }
}

fn attribute<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = html.split_once(name)?;
    rest.split_once('"').map(|(value, _)| value)
}

/// The cookies of a browser.
#[derive(Default)]
pub(crate) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    pub(crate) fn take(&mut self, answer: &Answer) {
        for line in answer.header("set-cookie") {
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) fn header(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(k, v)| format!("{k}={v}")).collect();
        pairs.join("; ")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_login_form_is_filled_in_with_its_hidden_fields() {
        let page = r#"<form method="post" action="/passkey" data-options="{&#34;a&#34;:1}"><input type="hidden" name="ticket" value="p"></form>
            <form method="post" action="/login"><input type="hidden" name="ticket" value="t">
            <input type="hidden" name="csrf" value="c"><input id="u" name="username"><input name="password"></form>
            <form method="post" action="/other"><input type="hidden" name="ticket" value="o"></form>"#;
        let options = forms(page).find_map(|form| form.options());
        assert_eq!(options.as_deref(), Some(r#"{"a":1}"#));
        let credentials = Credentials::new("a b".to_owned(), "p");
        let (action, body) = fill(page, &credentials).unwrap();
        assert_eq!(action, "/login");
        assert_eq!(body, "ticket=t&csrf=c&username=a+b&password=p");
    }

    #[test]
    fn a_redirect_away_from_the_server_is_not_followed() {
        assert!(local("http://localhost:1/x", 2).is_err());
        assert_eq!(local("http://localhost:2/x", 2).unwrap(), "/x");
    }
}
