//! What was sent and registered, for the log. Secrets and values that may be personal are masked.

use super::checks::Run;
use crate::{
    explain::{Shown, Values},
    model::{Audience, Client},
    redirect_uri::RegisteredRedirectUri,
    request::NoValue,
};

pub(super) fn nothing(_: &Run<'_>) -> Values {
    Values::default()
}

pub(super) fn client(run: &Run<'_>) -> Values {
    let named = match run.params.client_id() {
        Ok(sent) => {
            let values = Values::nearest(Some(sent), run.context.similar_client);
            return values.advise(match run.context.client {
                Some(_) => "enable the client, or send the client_id of another one",
                None => "send a registered client_id, or register this one",
            });
        }
        Err(NoValue::Missing) => "send client_id",
        Err(NoValue::Repeated) => "send client_id once",
        Err(NoValue::Undecodable) => "percent-encode client_id as UTF-8",
    };
    let sent = run.params.sent("client_id");
    all_of(sent, run.context.some_clients.iter().map(String::as_str)).advise(named)
}

/// What was sent, or nothing, and all that is registered.
fn all_of<'a>(sent: Option<String>, registered: impl Iterator<Item = &'a str>) -> Values {
    let registered: Vec<_> = registered.collect();
    Values {
        sent: Some(sent.map_or_else(Shown::nothing, |sent| Shown::of(&sent))),
        registered: Some(match registered.is_empty() {
            true => Shown::nothing(),
            false => Shown::of(&registered.join(", ")),
        }),
        ..Values::default()
    }
}

pub(super) fn redirect_uri(run: &Run<'_>) -> Values {
    let registered = run.client.map(|c| c.redirect_uris()).unwrap_or_default();
    let registered = registered.iter().map(RegisteredRedirectUri::as_str);
    let advice = match run.params.redirect_uri() {
        Ok(sent) if registered.len() > 0 => {
            let values = Values::nearest(Some(sent), registered);
            return values.advise("send a registered redirect_uri, or register this one");
        }
        Ok(_) => "register this redirect_uri for the client",
        Err(NoValue::Missing) => {
            "send redirect_uri: it may be left out only without the scope openid, and if one is registered"
        }
        Err(NoValue::Repeated) => "send redirect_uri once",
        Err(NoValue::Undecodable) => "percent-encode redirect_uri as UTF-8",
    };
    all_of(run.params.sent("redirect_uri"), registered).advise(advice)
}

pub(super) fn state(run: &Run<'_>) -> Values {
    masked(run.params.raw("state"))
}

pub(super) fn response_mode(run: &Run<'_>) -> Values {
    Values::of(run.params.raw("response_mode"), "query, form_post")
}

pub(super) fn response_type(run: &Run<'_>) -> Values {
    Values::of(run.params.raw("response_type"), "code")
}

pub(super) fn grant_types(run: &Run<'_>) -> Values {
    let registered: Vec<_> = run
        .client
        .iter()
        .flat_map(|client| &client.metadata().grant_types)
        .map(|grant_type| grant_type.as_str())
        .collect();
    Values::of(Some("authorization_code"), &registered.join(" "))
}

pub(super) fn code_challenge(run: &Run<'_>) -> Values {
    let method = run.params.code_challenge_method();
    let sent = match run.params.code_challenge() {
        None => "no code_challenge".to_owned(),
        Some(text) => format!(
            "code_challenge of {} characters, code_challenge_method {}",
            text.len(),
            method.unwrap_or("missing")
        ),
    };
    Values::of(Some(&sent), "S256")
}

pub(super) fn scope(run: &Run<'_>) -> Values {
    let Some(client) = run.client else {
        return Values::default();
    };
    let sent = run.params.scope();
    let unregistered = sent
        .unwrap_or_default()
        .split(' ')
        .find(|token| !token.is_empty() && !client.scope().contains(token));
    match unregistered.and_then(|token| Some((token, similar(token, client)?))) {
        Some((token, similar)) => Values::compared(token, &similar),
        None => Values::of(sent, &client.scope().to_string()),
    }
}

fn similar(token: &str, client: &Client) -> Option<String> {
    crate::explain::similar(token, client.scope().iter()).map(str::to_owned)
}

pub(super) fn nonce(run: &Run<'_>) -> Values {
    masked(run.params.raw("nonce"))
}

pub(super) fn resource(run: &Run<'_>) -> Values {
    let known =
        |text: &str| Audience::parse(text).is_ok_and(|a| run.context.resources.find(&a).is_some());
    let mut sent = run.params.resources();
    let unknown = sent.find(|text| !known(text));
    let all = run.context.resources.iter();
    Values::nearest(unknown, all.map(|r| r.audience.as_str()))
}

pub(super) fn prompt(run: &Run<'_>) -> Values {
    Values::of(
        run.params.raw("prompt"),
        "none, login, consent, select_account",
    )
}

pub(super) fn max_age(run: &Run<'_>) -> Values {
    Values::of(run.params.raw("max_age"), "a number of seconds")
}

pub(super) fn claims(run: &Run<'_>) -> Values {
    masked(run.params.raw("claims"))
}

pub(super) fn acr(run: &Run<'_>) -> Values {
    let supported: Vec<_> = run.context.acr.iter().map(|acr| acr.as_str()).collect();
    Values::of(run.params.raw("acr_values"), &supported.join(" "))
}

pub(super) fn subject(run: &Run<'_>) -> Values {
    masked(run.params.id_token_hint())
}

pub(super) fn organization(run: &Run<'_>) -> Values {
    masked(run.params.raw("organization"))
}

pub(super) fn login_hint(run: &Run<'_>) -> Values {
    masked(run.params.raw("login_hint"))
}

fn masked(sent: Option<&str>) -> Values {
    Values::sent(sent.map(Shown::masked))
}
