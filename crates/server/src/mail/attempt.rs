//! One try: render, send, settle.

use cardea_protocol::{
    mail::{Answer, Mail, judge},
    model::{Actor, Cause},
    outbox::Verdict,
};
use cardea_store::{ClaimedMessage, Message, SettleMessage, StoreError};

use super::message;
use crate::app::App;

/// Makes a try. If the store fails, nothing is settled, and the try is repeated when its lease ends.
pub(super) async fn make(app: &App, claimed: ClaimedMessage) {
    let Message::Mail(mail) = &claimed.message else {
        return;
    };
    let mail = mail.as_ref().clone();
    let request_id = claimed.request_id.clone();
    if let Err(error) = deliver(app, claimed, &mail).await {
        tracing::error!(request_id, %error, "a mail could not be settled");
    }
}

async fn deliver(app: &App, claimed: ClaimedMessage, mail: &Mail) -> Result<(), StoreError> {
    let answer = send(app, &claimed, mail).await;
    let now = app.now();
    let (attempt, made_at) = (claimed.attempt, claimed.made_at);
    let verdict = judge(&answer, mail, attempt, made_at, now);
    let request_id = claimed.request_id.clone();
    let outcome = label(&verdict);
    let why = match &verdict {
        Verdict::GiveUp(why) => why.clone(),
        _ => answer.without_address(mail),
    };
    let command = SettleMessage {
        claimed,
        verdict,
        cause: Cause {
            now,
            request_id: request_id.clone(),
            address: None,
            user_agent: None,
            actor: Actor::System,
        },
    };
    app.store.settle_message(command).await?;
    metrics::counter!(cardea_web::metric_names::MAIL, "outcome" => outcome).increment(1);
    let template = mail.template().name();
    match outcome {
        "delivered" => tracing::info!(request_id, template, attempt, "a mail was sent"),
        _ => tracing::warn!(
            request_id,
            template,
            attempt,
            outcome,
            why,
            "a mail was not sent"
        ),
    }
    Ok(())
}

/// The label of the metric.
fn label(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "delivered",
        Verdict::RetryAt(_) => "failed",
        Verdict::GiveUp(_) | Verdict::Obsolete => "given_up",
    }
}

async fn send(app: &App, claimed: &ClaimedMessage, mail: &Mail) -> Answer {
    // It was written for a link that can't be used any more.
    if mail.link().is_some_and(|link| link.expires_at <= app.now()) {
        return Answer::None("it was not sent in time".to_owned());
    }
    let rendered = match message::render(app, claimed, mail) {
        Ok(rendered) => rendered,
        Err(why) => return Answer::Unreadable(why),
    };
    if let Some(mailbox) = &app.mail.mailbox {
        mailbox.keep(rendered.clone());
    }
    let brand = app.settings.brand.name();
    match (&app.mail.transport, &app.mail.mailbox) {
        (Some(transport), _) => match message::of(brand, rendered, mail, &transport.server.from) {
            Ok(message) => transport.send(message).await,
            Err(why) => Answer::Unreadable(why),
        },
        (None, Some(_)) => Answer::Accepted,
        (None, None) => Answer::None("mail is not configured".to_owned()),
    }
}
