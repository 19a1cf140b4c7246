//! A sign-in with a passkey (WebAuthn §7.2).

use cardea_protocol::{
    journey::{Authenticator, Proved},
    model::{Actor, Subject},
};
use cardea_store::{PasskeyCredential, UsePasskey};
use webauthn_rs::prelude::{Credential, DiscoverableAuthentication, Passkey, PublicKeyCredential};

use super::{
    form::{Challenge, PasskeyForm},
    is_synced, open, passkey_id, seal, user_handle,
};
use crate::{
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    form::Form,
    journey::{
        Journey,
        forms::{PASSKEY, csrf_parts},
    },
};

/// How the form stands on its page.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Whether the browser offers passkeys in the field of the user name too.
    pub(crate) conditional: bool,
    /// Whether it is what the page is for.
    pub(crate) primary: bool,
}

/// The form for a passkey in a journey: the browser offers those it has for this provider. None where there are no passkeys.
pub(crate) fn form(
    ctx: &Ctx,
    browser: &Browser,
    journey: &Journey,
    place: Place,
) -> Result<Option<PasskeyForm>, Failure> {
    let Some(party) = &ctx.app.relying_party else {
        return Ok(None);
    };
    let started = party.webauthn.start_discoverable_authentication();
    let (request, state) = started.map_err(|e| Failure::Internal(e.to_string()))?;
    let ticket = &journey.ticket.id;
    let options = serde_json::to_string(&request.public_key);
    Ok(Some(PasskeyForm {
        ticket: journey.ticket.seal(&ctx.app)?,
        challenge: Challenge {
            csrf: ctx.app.csrf.token(&csrf_parts(browser, ticket, PASSKEY)),
            sealed: seal(ctx, &ctx.app.seals.passkey, state, ticket)?,
            options: options.map_err(|e| Failure::Internal(e.to_string()))?,
        },
        conditional: place.conditional,
        primary: place.primary,
    }))
}

/// What became of an answer.
pub(crate) enum Verified {
    /// It proves who the user is, once.
    Right(Proved),
    /// It does not count; why, for the log.
    Wrong(&'static str),
}

/// Checks the answer of a browser to the challenge of its form, and uses it up.
pub(crate) async fn verify(
    ctx: &Ctx,
    ticket: &str,
    asked: Option<&Subject>,
    form: &Form,
) -> Result<Verified, Failure> {
    let Some(party) = &ctx.app.relying_party else {
        return Ok(Verified::Wrong("there are no passkeys below an IP address"));
    };
    let challenge = form.one("challenge").unwrap_or_default();
    let answer = form.one("credential").unwrap_or_default();
    let opened = open::<DiscoverableAuthentication>(ctx, &ctx.app.seals.passkey, challenge, ticket);
    let Some((challenged_at, state)) = opened else {
        return Ok(Verified::Wrong(
            "the challenge is of another form, or too old",
        ));
    };
    let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(answer) else {
        return Ok(Verified::Wrong("the answer is not one of WebAuthn"));
    };
    let Some(id) = passkey_id(&answer.raw_id) else {
        return Ok(Verified::Wrong("the passkey has an id of another form"));
    };
    let Some(stored) = ctx.app.store.passkey(&id).await? else {
        return Ok(Verified::Wrong("the passkey is not known"));
    };
    let user = &stored.user;
    if asked.is_some_and(|asked| *asked != user.subject) {
        return Ok(Verified::Wrong("the passkey is of another user"));
    }
    if !user.may_log_in(ctx.caller.now) {
        return Ok(Verified::Wrong("the user is disabled or expired"));
    }
    // WebAuthn §7.2 step 6: the handle is there, and the user's.
    if answer.get_user_unique_id() != Some(user_handle(&user.subject).as_bytes()) {
        return Ok(Verified::Wrong("the passkey was made for another user"));
    }
    let mut passkey = read(&stored)?;
    let result = party
        .webauthn
        .finish_discoverable_authentication_v2(&answer, state, &passkey);
    let result = match result {
        Ok(result) => result,
        Err(error) => {
            tracing::info!(request_id = %ctx.caller.request_id, subject = user.subject.as_str(), %error, "an answer of a passkey was refused");
            return Ok(Verified::Wrong(
                "its signature, origin, counter or flags are wrong",
            ));
        }
    };
    passkey.update_credential(&result);
    let synced = is_synced(&Credential::from(passkey.clone()));
    let command = UsePasskey {
        subject: user.subject.clone(),
        id: id.clone(),
        credential: write(&passkey)?,
        verified_with: stored.credential,
        challenged_at,
        cause: ctx.caller.cause(Actor::Person(user.subject.clone())),
    };
    if !ctx.app.store.use_passkey(command).await? {
        return Ok(Verified::Wrong(
            "the challenge was used, or the passkey changed",
        ));
    }
    Ok(Verified::Right(Proved {
        authenticator: Authenticator::Passkey { synced },
        subject: user.subject.clone(),
        at: ctx.caller.now,
        credential_set_at: stored.created_at,
        upstream: None,
        passkey: Some(id),
    }))
}

fn read(stored: &PasskeyCredential) -> Result<Passkey, Failure> {
    serde_json::from_str(&stored.credential)
        .map_err(|e| Failure::Internal(format!("a stored passkey: {e}")))
}

/// What is stored of a passkey.
pub(super) fn write(passkey: &Passkey) -> Result<String, Failure> {
    serde_json::to_string(passkey).map_err(|e| Failure::Internal(e.to_string()))
}
