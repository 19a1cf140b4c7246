//! One try: sign, send, settle.

use cardea_protocol::{
    backchannel_logout::{Answer, Verdict, judge},
    claims::{self, Issue},
    model::{Actor, Cause, Jti},
};
use cardea_store::{Logout, LogoutOutcome, SettleLogout, StoreError};
use form_urlencoded::Serializer;
use jiff::SignedDuration;

use crate::{answer::json, app::App, error::Failure, keys::ID_TOKEN_DEFAULT, token::mint::sign};

/// OpenID Back-Channel Logout §2.4: two minutes are enough.
const TOKEN_TTL: SignedDuration = SignedDuration::from_mins(2);

/// The outcome of a try.
struct Tried {
    /// The label of the metric.
    outcome: &'static str,
    /// For log and audit.
    why: String,
    settle: LogoutOutcome,
}

/// Makes a try. If the store fails, nothing is settled, and the try is repeated when its lease ends.
pub(super) async fn make(app: &App, logout: Logout) {
    let result = async {
        let tried = notify(app, &logout).await?;
        settle(app, logout.clone(), tried).await
    };
    if let Err(error) = result.await {
        tracing::error!(request_id = logout.request_id, client = logout.client_id.as_str(), %error, "a logout could not be settled");
    }
}

async fn notify(app: &App, logout: &Logout) -> Result<Tried, StoreError> {
    let client = app.clients.find(logout.client_id.as_str()).await?;
    let client = client.filter(|client| client.is_enabled());
    let metadata = client.as_ref().map(|client| client.metadata());
    let uri = metadata.and_then(|m| Some((m, m.backchannel_logout_uri.as_deref()?)));
    let Some((metadata, uri)) = uri else {
        return Ok(Tried {
            outcome: "void",
            why: "the client is disabled or has no backchannel_logout_uri any more".to_owned(),
            settle: LogoutOutcome::Done,
        });
    };
    let algorithm = metadata.id_token_signed_response_alg;
    let (answer, why) = match token(app, logout, algorithm.unwrap_or(ID_TOKEN_DEFAULT)) {
        Err(failure) => (Answer::None, failure.to_string()),
        Ok(token) => {
            // OpenID Back-Channel Logout §2.5
            let form = Serializer::new(String::new())
                .append_pair("logout_token", &token)
                .finish();
            match app.backchannel_logout.client.post_form(uri, form).await {
                Ok(status) => (
                    Answer::Status(status.as_u16()),
                    format!("the answer had status {}", status.as_u16()),
                ),
                Err(error) => (Answer::None, error.to_string()),
            }
        }
    };
    Ok(judged(app, logout, answer, why))
}

/// Made for each try, so that it is signed by a published key.
fn token(app: &App, logout: &Logout, algorithm: cardea_jose::Algorithm) -> Result<String, Failure> {
    let jti = Jti::parse(&app.entropy.text(16)).map_err(|e| Failure::Internal(e.to_string()))?;
    let issue = Issue {
        issuer: app.issuer(),
        now: app.now(),
        ttl: TOKEN_TTL,
    };
    let whose = (&logout.subject, &logout.sid);
    let claims = claims::logout_token(issue, &logout.client_id, whose, &jti);
    // OpenID Back-Channel Logout §2.4: a type of its own, against confusion with other tokens.
    sign(app, algorithm, "logout+jwt", &json(&claims)?)
}

fn judged(app: &App, logout: &Logout, answer: Answer, why: String) -> Tried {
    let (outcome, settle) = match judge(answer, logout.attempt, app.now()) {
        Verdict::Delivered => ("delivered", LogoutOutcome::Done),
        Verdict::Again(at) => ("failed", LogoutOutcome::Again(at)),
        Verdict::GiveUp => {
            let detail = format!("tries: {}; {why}", logout.attempt);
            ("given_up", LogoutOutcome::GivenUp(detail))
        }
    };
    Tried {
        outcome,
        why,
        settle,
    }
}

async fn settle(app: &App, logout: Logout, tried: Tried) -> Result<(), StoreError> {
    let (request_id, client) = (logout.request_id.clone(), logout.client_id.clone());
    let attempt = logout.attempt;
    let cause = Cause {
        now: app.now(),
        request_id: request_id.clone(),
        address: None,
        user_agent: None,
        actor: Actor::System,
    };
    let command = SettleLogout {
        logout,
        outcome: tried.settle,
        cause,
    };
    app.store.settle_logout(command).await?;
    metrics::counter!(cardea_web::metric_names::BACKCHANNEL_LOGOUT, "outcome" => tried.outcome)
        .increment(1);
    match tried.outcome {
        "failed" | "given_up" => {
            tracing::warn!(
                request_id,
                client = client.as_str(),
                attempt,
                why = tried.why,
                "a client was not notified of a logout"
            );
        }
        outcome => {
            tracing::debug!(
                request_id,
                client = client.as_str(),
                attempt,
                outcome,
                "a logout was settled"
            );
        }
    }
    Ok(())
}
