//! One try: sign, send, settle.

use cardea_protocol::{
    backchannel_logout::{Answer, judge},
    claims::{self, Issue},
    model::{Actor, Cause, ClientId, Jti, Sid, Subject},
    outbox::Verdict,
};
use cardea_store::{ClaimedMessage, Message, SettleMessage, StoreError};
use form_urlencoded::Serializer;
use jiff::SignedDuration;

use crate::{answer::json, app::App, error::Failure, keys::ID_TOKEN_DEFAULT, token::mint::sign};

/// OpenID Back-Channel Logout §2.4: two minutes are enough.
const TOKEN_TTL: SignedDuration = SignedDuration::from_mins(2);

/// The content of a message of this kind.
#[derive(Clone, Copy)]
pub(super) struct LogoutToken<'a> {
    pub(super) client_id: &'a ClientId,
    subject: &'a Subject,
    sid: &'a Sid,
}

/// `None` of a message of another kind, which is not claimed here.
pub(super) fn token_of(message: &Message) -> Option<LogoutToken<'_>> {
    match message {
        Message::LogoutToken {
            client_id,
            subject,
            sid,
        } => Some(LogoutToken {
            client_id,
            subject,
            sid,
        }),
        Message::Mail(_) => None,
    }
}

/// Makes a try. If the store fails, nothing is settled, and the try is repeated when its lease ends.
pub(super) async fn make(app: &App, claimed: ClaimedMessage) {
    let request_id = claimed.request_id.clone();
    let Some(client) = token_of(&claimed.message).map(|logout| logout.client_id.clone()) else {
        return;
    };
    if let Err(error) = deliver(app, claimed).await {
        tracing::error!(request_id, client = client.as_str(), %error, "a logout could not be settled");
    }
}

async fn deliver(app: &App, claimed: ClaimedMessage) -> Result<(), StoreError> {
    let Some(logout) = token_of(&claimed.message) else {
        return Ok(());
    };
    let answer = notify(app, logout).await?;
    let verdict = judge(&answer, claimed.attempt, app.now());
    let (request_id, client) = (claimed.request_id.clone(), logout.client_id.clone());
    let (attempt, outcome) = (claimed.attempt, label(&verdict));
    let command = SettleMessage {
        claimed,
        verdict,
        cause: cause(app, &request_id),
    };
    app.store.settle_message(command).await?;
    metrics::counter!(cardea_web::metric_names::BACKCHANNEL_LOGOUT, "outcome" => outcome)
        .increment(1);
    let client = client.as_str();
    match outcome {
        "failed" | "given_up" => {
            let why = answer.to_string();
            tracing::warn!(
                request_id,
                client,
                attempt,
                why,
                "a client was not notified of a logout"
            );
        }
        outcome => {
            tracing::debug!(request_id, client, attempt, outcome, "a logout was settled");
        }
    }
    Ok(())
}

/// The label of the metric.
fn label(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "delivered",
        Verdict::RetryAt(_) => "failed",
        Verdict::GiveUp(_) => "given_up",
        Verdict::Obsolete => "void",
    }
}

async fn notify(app: &App, logout: LogoutToken<'_>) -> Result<Answer, StoreError> {
    let client = app.clients.find(logout.client_id.as_str()).await?;
    let client = client.filter(|client| client.is_enabled());
    let metadata = client.as_ref().map(|client| client.metadata());
    let uri = metadata.and_then(|m| Some((m, m.backchannel_logout_uri.as_deref()?)));
    let Some((metadata, uri)) = uri else {
        return Ok(Answer::NoReceiver);
    };
    let algorithm = metadata.id_token_signed_response_alg;
    let token = match signed(app, logout, algorithm.unwrap_or(ID_TOKEN_DEFAULT)) {
        Ok(token) => token,
        Err(failure) => return Ok(Answer::None(failure.to_string())),
    };
    // OpenID Back-Channel Logout §2.5
    let form = Serializer::new(String::new())
        .append_pair("logout_token", &token)
        .finish();
    let sent = app.backchannel_logout.client.post_form(uri, form).await;
    Ok(match sent {
        Ok(status) => Answer::Status(status.as_u16()),
        Err(error) => Answer::None(error.to_string()),
    })
}

/// Made for each try, so that it is signed by a published key.
fn signed(
    app: &App,
    logout: LogoutToken<'_>,
    algorithm: cardea_jose::Algorithm,
) -> Result<String, Failure> {
    let jti = Jti::parse(&app.entropy.text(16)).map_err(|e| Failure::Internal(e.to_string()))?;
    let issue = Issue {
        issuer: app.issuer(),
        now: app.now(),
        ttl: TOKEN_TTL,
    };
    let whose = (logout.subject, logout.sid);
    let claims = claims::logout_token(issue, logout.client_id, whose, &jti);
    // OpenID Back-Channel Logout §2.4: a type of its own, against confusion with other tokens.
    sign(app, algorithm, "logout+jwt", &json(&claims)?)
}

fn cause(app: &App, request_id: &str) -> Cause {
    Cause {
        now: app.now(),
        request_id: request_id.to_owned(),
        address: None,
        user_agent: None,
        actor: Actor::System,
    }
}
