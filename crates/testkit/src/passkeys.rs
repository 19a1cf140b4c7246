//! A soft authenticator for passkeys (WebAuthn), in the place of a browser's and of the script of the pages.

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use cardea_seal::Digest;
use passkey::{
    authenticator::{
        Authenticator, CredentialStore, DiscoverabilitySupport, StoreInfo, UiHint, UserCheck,
        UserValidationMethod,
    },
    client::{Client, DefaultClientData},
    crypto::{CryptoBackend, SecretKeyT as _, aws_lc_rs::AwsLcRsBackend},
    types::{
        Passkey,
        ctap2::{
            Aaguid, Ctap2Error, StatusCode,
            make_credential::{
                Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity,
            },
        },
        webauthn::PublicKeyCredentialDescriptor,
    },
};
use serde_json::{Value, json};
use url::Url;

use crate::{Form, ISSUER, Page, authenticator_model::bound_to_device};

pub use crate::authenticator_model::AuthenticatorModel;

type SecretKey = <AwsLcRsBackend as CryptoBackend>::SecretKey;

/// A user's authenticator, with the passkeys that it has made.
#[derive(Clone, Default)]
pub struct SoftAuthenticator {
    /// The passkeys, the last one first.
    passkeys: Vec<Passkey>,
    /// Whether it lets anybody use it.
    pub skips_verification: bool,
    /// Which model it is, if it proves that.
    pub model: Option<Arc<AuthenticatorModel>>,
    /// The page that it believes to be on, if not the provider's.
    pub origin: Option<Url>,
}

/// The form for a passkey of a page.
#[must_use]
pub fn passkey_form(page: &Page) -> Form {
    let forms = page.forms().into_iter();
    let mut found = forms.filter(|form| form.options.is_some());
    found.next().unwrap_or_else(|| panic!("{}", page.text()))
}

impl SoftAuthenticator {
    /// An authenticator without passkeys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets its passkeys but the last one.
    pub fn keep_last(&mut self) {
        self.passkeys.truncate(1);
    }

    /// Makes a passkey for a form; the answer as JSON.
    pub async fn create(&mut self, form: &Form) -> String {
        let request = serde_json::from_value(options(form)).expect("creation options");
        let (mut client, origin) = self.client();
        let made = client.register(origin, request, DefaultClientData).await;
        let mut made = serde_json::to_value(made.expect("a passkey")).expect("JSON");
        self.passkeys = client.authenticator_mut().store_mut().0.clone();
        if let Some(model) = &self.model {
            let part = |name: &str| bytes(&made["response"][name]);
            let object = model.attest(&part("attestationObject"), &part("clientDataJSON"));
            made["response"]["attestationObject"] = object.into();
        }
        answer(&made, &["clientDataJSON", "attestationObject"])
    }

    /// Signs the challenge of a form; the answer as JSON.
    pub async fn sign(&mut self, form: &Form) -> String {
        let request = serde_json::from_value(options(form)).expect("request options");
        let (mut client, origin) = self.client();
        let signed = client
            .authenticate(origin, request, DefaultClientData)
            .await;
        let mut signed = serde_json::to_value(signed.expect("a signature")).expect("JSON");
        self.passkeys = client.authenticator_mut().store_mut().0.clone();
        if self.model.is_some() {
            self.sign_as_bound(&mut signed);
        }
        let parts = [
            "clientDataJSON",
            "authenticatorData",
            "signature",
            "userHandle",
        ];
        answer(&signed, &parts)
    }

    /// Signs again, with flags of a passkey that can't be on another device.
    fn sign_as_bound(&self, signed: &mut Value) {
        let id = bytes(&signed["rawId"]);
        let mut passkeys = self.passkeys.iter();
        let passkey = passkeys.find(|passkey| *passkey.credential_id == id);
        let key = &passkey.expect("the passkey that signed").key;
        let mut key = SecretKey::from_cose_key(key).expect("a key");
        let response = &mut signed["response"];
        let data = bound_to_device(bytes(&response["authenticatorData"]));
        let client_data = Digest::of(&bytes(&response["clientDataJSON"]));
        let signed = [&data, client_data.as_bytes().as_slice()].concat();
        let signature = key.sign(&signed);
        response["authenticatorData"] = data.into();
        response["signature"] = signature.into();
    }

    fn client(
        &self,
    ) -> (
        Client<Keyring, Owner, AwsLcRsBackend, public_suffix::PublicSuffixList, ()>,
        Url,
    ) {
        let owner = Owner {
            verification: !self.skips_verification,
        };
        let keyring = Keyring(self.passkeys.clone());
        let model = self.model.as_ref().map(|model| Aaguid(model.aaguid));
        let model = model.unwrap_or_else(Aaguid::new_empty);
        let mut authenticator = Authenticator::new(model, keyring, owner, AwsLcRsBackend);
        authenticator.set_make_credentials_with_signature_counter(true);
        let issuer = Url::parse(ISSUER).expect("a URL");
        (
            Client::new(authenticator),
            self.origin.clone().unwrap_or(issuer),
        )
    }
}

/// The options of a form, as a browser reads them.
fn options(form: &Form) -> Value {
    let options = form.options.as_deref().expect("options");
    json!({ "publicKey": serde_json::from_str::<Value>(options).expect("JSON") })
}

/// What the script of the pages sends.
fn answer(credential: &Value, parts: &[&str]) -> String {
    let response: serde_json::Map<_, _> = parts
        .iter()
        .map(|name| ((*name).to_owned(), text(&credential["response"][*name])))
        .collect();
    json!({
        "id": credential["id"], "rawId": text(&credential["rawId"]), "type": credential["type"],
        "response": response,
    })
    .to_string()
}

/// Bytes as base64url.
fn text(value: &Value) -> Value {
    BASE64_URL_SAFE_NO_PAD.encode(bytes(value)).into()
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::from_value(value.clone()).expect("bytes")
}

/// The passkeys of an authenticator, the last one first.
struct Keyring(Vec<Passkey>);

#[async_trait]
impl CredentialStore for Keyring {
    type PasskeyItem = Passkey;

    async fn find_credentials(
        &self,
        ids: Option<&[PublicKeyCredentialDescriptor]>,
        rp_id: &str,
        _user_handle: Option<&[u8]>,
    ) -> Result<Vec<Passkey>, StatusCode> {
        let ids = ids.unwrap_or_default();
        let wanted = |passkey: &&Passkey| {
            let named = ids.iter().any(|id| id.id == passkey.credential_id);
            passkey.rp_id == rp_id && (ids.is_empty() || named)
        };
        let found: Vec<_> = self.0.iter().filter(wanted).cloned().collect();
        match found.is_empty() {
            true => Err(Ctap2Error::NoCredentials.into()),
            false => Ok(found),
        }
    }

    async fn save_credential(
        &mut self,
        passkey: Passkey,
        _user: PublicKeyCredentialUserEntity,
        _rp: PublicKeyCredentialRpEntity,
        _options: Options,
    ) -> Result<(), StatusCode> {
        self.0.insert(0, passkey);
        Ok(())
    }

    async fn update_credential(&mut self, changed: &Passkey) -> Result<(), StatusCode> {
        let passkeys = self.0.iter_mut();
        for passkey in passkeys.filter(|p| p.credential_id == changed.credential_id) {
            passkey.clone_from(changed);
        }
        Ok(())
    }

    async fn get_info(&self) -> StoreInfo {
        StoreInfo {
            discoverability: DiscoverabilitySupport::Full,
        }
    }
}

/// The user, who is always present.
struct Owner {
    verification: bool,
}

#[async_trait]
impl UserValidationMethod for Owner {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _hint: UiHint<'a, Passkey>,
        presence: bool,
        _verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck {
            presence,
            verification: self.verification,
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}
