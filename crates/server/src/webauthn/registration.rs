//! The registration of a passkey (WebAuthn §7.1).

use cardea_protocol::model::{PasskeyId, User};
use cardea_store::PasskeyView;
use webauthn_rs::prelude::{Credential, Passkey, PasskeyRegistration, RegisterPublicKeyCredential};
use webauthn_rs_proto::ResidentKeyRequirement;

use super::{
    form::Challenge, is_synced, open, passkey_id, raw_id, seal, sign_in::write, user_handle,
};
use crate::{ctx::Ctx, error::Failure};

/// A passkey that a browser has made.
pub(crate) struct NewPasskey {
    pub(crate) id: PasskeyId,
    /// What is stored of it.
    pub(crate) credential: String,
    /// Whether its private key can be on several devices.
    pub(crate) synced: bool,
}

/// What a new passkey is for.
pub(crate) struct For<'a> {
    pub(crate) user: &'a User,
    /// The session in which it is made.
    pub(crate) sid: &'a str,
}

impl For<'_> {
    fn context(&self) -> String {
        // An id has no zero byte.
        format!("{}\0{}", self.sid, self.user.subject)
    }
}

/// The form for a new passkey; none where there are no passkeys.
pub(crate) fn form(
    ctx: &Ctx,
    made: &For<'_>,
    csrf: &str,
    passkeys: &[PasskeyView],
) -> Result<Option<Challenge>, Failure> {
    let Some(party) = &ctx.app.relying_party else {
        return Ok(None);
    };
    let user = made.user;
    let name = user.claims.get("name").and_then(serde_json::Value::as_str);
    let username = user.username.as_str();
    let started = party.webauthn.start_passkey_registration(
        user_handle(&user.subject),
        username,
        name.unwrap_or(username),
        Some(passkeys.iter().map(|passkey| raw_id(&passkey.id)).collect()),
    );
    let (mut request, state) = started.map_err(|e| Failure::Internal(e.to_string()))?;
    // The browser has to find it without a user name.
    if let Some(selection) = &mut request.public_key.authenticator_selection {
        selection.resident_key = Some(ResidentKeyRequirement::Required);
        selection.require_resident_key = true;
    }
    let options = serde_json::to_string(&request.public_key);
    Ok(Some(Challenge {
        csrf: csrf.to_owned(),
        sealed: seal(ctx, &ctx.app.seals.passkey, state, &made.context())?,
        options: options.map_err(|e| Failure::Internal(e.to_string()))?,
    }))
}

/// Checks the answer of a browser to the challenge of its form. `None`, and a line in the log, when it is not good.
pub(crate) fn verify(
    ctx: &Ctx,
    made: &For<'_>,
    challenge: &str,
    answer: &str,
) -> Result<Option<NewPasskey>, Failure> {
    let refused = |why: &str| {
        let subject = made.user.subject.as_str();
        tracing::info!(request_id = %ctx.caller.request_id, subject, why, "a new passkey was refused");
        Ok(None)
    };
    let Some(party) = &ctx.app.relying_party else {
        return refused("there are no passkeys below an IP address");
    };
    let opened =
        open::<PasskeyRegistration>(ctx, &ctx.app.seals.passkey, challenge, &made.context());
    let Some((_, state)) = opened else {
        return refused("the challenge is of another form, or too old");
    };
    let Ok(answer) = serde_json::from_str::<RegisterPublicKeyCredential>(answer) else {
        return refused("the answer is not one of WebAuthn");
    };
    let passkey: Passkey = match party.webauthn.finish_passkey_registration(&answer, &state) {
        Ok(passkey) => passkey,
        Err(error) => return refused(&error.to_string()),
    };
    let Some(id) = passkey_id(passkey.cred_id()) else {
        return refused("its id is longer than the bound");
    };
    Ok(Some(NewPasskey {
        id,
        credential: write(&passkey)?,
        synced: is_synced(&Credential::from(passkey)),
    }))
}
