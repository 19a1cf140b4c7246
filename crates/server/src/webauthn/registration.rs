//! The registration of a passkey (WebAuthn §7.1).

use cardea_protocol::model::{PasskeyId, User};
use cardea_store::PasskeyView;
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{
    AttestedPasskeyRegistration, Credential, Passkey, PasskeyRegistration,
    RegisterPublicKeyCredential, WebauthnError,
};
use webauthn_rs_proto::ResidentKeyRequirement;

use super::{
    form::Challenge, is_synced, open, passkey_id, raw_id, relying_party::RelyingParty, seal,
    sign_in::write, user_handle,
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
    /// The name of the session or the id of the journey in which it is made.
    pub(crate) form: &'a str,
}

impl For<'_> {
    fn context(&self) -> String {
        // An id has no zero byte.
        format!("{}\0{}", self.form, self.user.subject)
    }
}

/// A registration in progress.
#[derive(Serialize, Deserialize)]
enum State {
    /// Of any authenticator.
    Any(PasskeyRegistration),
    /// Of a model that is accepted: an [`AttestedPasskeyRegistration`] without its list of models, which is that of the settings when
    /// the answer comes.
    Attested(serde_json::Value),
}

/// Why an answer is refused.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    WebAuthn(#[from] WebauthnError),
    #[error("which authenticators are accepted has changed since the page was shown")]
    Changed,
}

/// The member of [`AttestedPasskeyRegistration`] with the models.
const LIST: &str = "ca_list";

impl State {
    fn attested(state: &AttestedPasskeyRegistration) -> Result<Self, WebauthnError> {
        let mut json = serde_json::to_value(state)?;
        if let Some(members) = json.as_object_mut() {
            members.remove(LIST);
        }
        Ok(Self::Attested(json))
    }

    fn finish(
        self,
        party: &RelyingParty,
        answer: &RegisterPublicKeyCredential,
    ) -> Result<Passkey, Refused> {
        let webauthn = &party.webauthn;
        match (self, &party.authenticators) {
            (Self::Any(state), None) => Ok(webauthn.finish_passkey_registration(answer, &state)?),
            (Self::Attested(mut json), Some(list)) => {
                if let Some(members) = json.as_object_mut() {
                    let list = serde_json::to_value(list).map_err(WebauthnError::from)?;
                    members.insert(LIST.to_owned(), list);
                }
                let state = serde_json::from_value::<AttestedPasskeyRegistration>(json);
                let state = state.map_err(WebauthnError::from)?;
                let passkey = webauthn.finish_attested_passkey_registration(answer, &state)?;
                Ok(passkey.into())
            }
            _ => Err(Refused::Changed),
        }
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
    let (handle, name) = (user_handle(&user.subject), name.unwrap_or(username));
    let others = Some(passkeys.iter().map(|passkey| raw_id(&passkey.id)).collect());
    let party = (&party.webauthn, party.authenticators.as_ref());
    let (mut request, state) = match party {
        (webauthn, None) => webauthn
            .start_passkey_registration(handle, username, name, others)
            .map(|(request, state)| (request, State::Any(state))),
        (webauthn, Some(list)) => webauthn
            .start_attested_passkey_registration(handle, username, name, others, list.clone(), None)
            .and_then(|(request, state)| Ok((request, State::attested(&state)?))),
    }
    .map_err(|e| Failure::Internal(e.to_string()))?;
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
    let opened = open::<State>(ctx, &ctx.app.seals.passkey, challenge, &made.context());
    let Some((_, state)) = opened else {
        return refused("the challenge is of another form, or too old");
    };
    let Ok(answer) = serde_json::from_str::<RegisterPublicKeyCredential>(answer) else {
        return refused("the answer is not one of WebAuthn");
    };
    let passkey = match state.finish(party, &answer) {
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
