//! The comparisons for the kit: only the key, and another library.

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_jose::VerificationKey;
use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;

use super::issuer::{AUDIENCE, Issuer};

/// The limit: a parsed key, and a signature that is decoded already.
pub(crate) struct Key(VerificationKey);

/// A token in the parts that the key needs.
pub(crate) struct Signed<'a> {
    input: &'a [u8],
    signature: Vec<u8>,
}

impl Key {
    pub(crate) fn new(issuer: &Issuer) -> anyhow::Result<Self> {
        let (key, algorithm) = (issuer.key.public_jwk(), issuer.key.algorithm());
        Ok(Self(VerificationKey::new(key, algorithm)?))
    }

    pub(crate) fn verify(&self, signed: &Signed<'_>) -> anyhow::Result<()> {
        if !self.0.verifies(signed.input, &signed.signature) {
            bail!("the signature is invalid");
        }
        Ok(())
    }
}

impl<'a> Signed<'a> {
    pub(crate) fn of(token: &'a str) -> anyhow::Result<Self> {
        let (input, signature) = token.rsplit_once('.').context("a signed token")?;
        Ok(Self {
            input: input.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(signature)?,
        })
    }
}

/// jsonwebtoken, which requires the same claims.
pub(crate) struct Library {
    key: DecodingKey,
    validation: Validation,
}

/// The claims that the kit reads too.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read to be compared, not to be used")]
struct Claims {
    sub: String,
    client_id: String,
    scope: String,
    roles: Vec<String>,
}

impl Library {
    pub(crate) fn new(issuer: &Issuer) -> anyhow::Result<Self> {
        let jwk = serde_json::to_value(issuer.key.public_jwk())?;
        let mut validation = Validation::new(issuer.key.algorithm().as_str().parse()?);
        validation.set_issuer(&[&issuer.url]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Ok(Self {
            key: DecodingKey::from_jwk(&serde_json::from_value(jwk)?)?,
            validation,
        })
    }

    pub(crate) fn decode(&self, token: &str) -> anyhow::Result<()> {
        jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)?;
        Ok(())
    }
}
