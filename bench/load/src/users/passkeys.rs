//! Logins by passkey only, each in a new browser.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{
    authenticator::Passkey,
    browse::{self, Cookies, Credentials},
    http::Connection,
    latency::percentile,
    login,
};

const PAGE: &str = "/account/security/passkeys";
/// Signatures that are timed, to know their share of the load.
const SIGNATURES: u32 = 2000;

#[derive(clap::Args, Clone)]
pub(crate) struct PasskeyOptions {
    #[command(flatten)]
    login: login::Options,
    /// The number of users.
    #[arg(long)]
    users: u32,
    /// What their names begin with.
    #[arg(long)]
    prefix: String,
}

struct Users {
    options: login::Options,
    credentials: Vec<Credentials>,
}

pub(crate) async fn run(options: PasskeyOptions) -> anyhow::Result<Value> {
    let login = options.login;
    ensure!(
        usize::try_from(options.users)? >= login.loops,
        "each loop needs a user"
    );
    let mut credentials = Vec::new();
    for number in 0..options.users {
        let username = format!("{}{number:07}", options.prefix);
        credentials.push(enroll(&login, username).await?);
    }
    let signature = time_of_signature(&credentials)?;
    let users = Arc::new(Users {
        options: login,
        credentials,
    });
    let began = Instant::now();
    let end = began + Duration::from_secs(users.options.seconds);
    let loops: Vec<_> = (0..users.options.loops)
        .map(|place| tokio::spawn(log_in_until(Arc::clone(&users), place, end)))
        .collect();
    let mut times = Vec::new();
    for one in loops {
        times.extend(one.await??);
    }
    let per_second = times.len() as f64 / began.elapsed().as_secs_f64();
    Ok(json!({
        "logins": times.len(),
        "logins_per_second": per_second,
        "login_p99_ms": percentile(&mut times, 99),
        "signing_percent": 100.0 * per_second * signature.as_secs_f64(),
    }))
}

/// Logs a user in by password, which includes the consent, and adds a passkey on the account page.
async fn enroll(options: &login::Options, username: String) -> anyhow::Result<Credentials> {
    let mut credentials = Credentials::new(username, &options.password);
    let mut cookies = Cookies::default();
    let (port, path) = (options.port, login::authorization(options));
    browse::to_code_in(
        &mut cookies,
        port,
        &path,
        &options.redirect_uri,
        &credentials,
    )
    .await?;
    let mut connection = Connection::open(port).await?;
    let page = connection.get(PAGE, &cookies.header()).await?.body;
    let mut forms = browse::forms(&page);
    let form = forms.find(|form| form.options().is_some());
    let form = form.context("no form for a passkey")?;
    let options = form.options().unwrap_or_default();
    let origin = format!("http://localhost:{port}");
    let (passkey, answer) = Passkey::create(&serde_json::from_str(&options)?, origin)?;
    let (action, body) = form.with(&[("credential", &answer), ("name", "Phone")])?;
    let action = browse::local(&action, port)?.to_owned();
    let answer = connection.post(&action, &cookies.header(), &body).await?;
    ensure!(
        answer.status == 200 && answer.body.contains("class=\"codes\""),
        "no passkey was added: {} {}",
        answer.status,
        answer.body
    );
    credentials.passkey = Some(passkey);
    Ok(credentials)
}

/// What the answer to one challenge costs this load.
fn time_of_signature(users: &[Credentials]) -> anyhow::Result<Duration> {
    let passkey = users.first().and_then(|user| user.passkey.as_ref());
    let passkey = passkey.context("no users")?;
    let options = json!({ "rpId": "localhost", "challenge": "c2l4dGVlbiBieXRlcyEhIQ" });
    let began = Instant::now();
    for _ in 0..SIGNATURES {
        passkey.sign(&options)?;
    }
    Ok(began.elapsed() / SIGNATURES)
}

/// The users of one loop in turn: of two logins with one passkey at once, only one counts.
async fn log_in_until(
    users: Arc<Users>,
    place: usize,
    end: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let options = &users.options;
    let path = login::authorization(options);
    let own = users.credentials.iter().skip(place).step_by(options.loops);
    let mut times = Vec::new();
    for user in own.cycle() {
        if Instant::now() >= end {
            break;
        }
        let began = Instant::now();
        browse::to_code(options.port, &path, &options.redirect_uri, user)
            .await
            .with_context(|| format!("the login of {}", user.username))?;
        times.push(began.elapsed());
    }
    Ok(times)
}
