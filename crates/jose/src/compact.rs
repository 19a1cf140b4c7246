//! The compact serialization: `header.payload.signature` (RFC 7515 §7.1).

use crate::{Header, VerifyError, base64url};

/// The longest accepted token, in bytes.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// An unverified token. Use it only to choose the key set with which to verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedJws {
    /// The header, unverified.
    pub header: Header,
    /// The payload, unverified.
    pub payload: Vec<u8>,
}

/// Reads a token WITHOUT verifying it, for a caller who must choose the keys by its `iss` or `client_id`.
///
/// # Errors
/// When it is no token that [`crate::KeySet::verify`] could accept.
pub fn peek(token: &str) -> Result<UnverifiedJws, VerifyError> {
    let parts = CompactJws::split(token)?;
    Ok(UnverifiedJws {
        payload: parts.payload()?,
        header: parts.header,
    })
}

/// A parsed token, unverified.
pub(crate) struct CompactJws<'a> {
    pub(crate) header: Header,
    /// What the signature is over: header and payload as they were sent.
    pub(crate) signing_input: &'a [u8],
    pub(crate) signature: Vec<u8>,
    payload_text: &'a str,
}

impl<'a> CompactJws<'a> {
    pub(crate) fn split(token: &'a str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(VerifyError::TooLong);
        }
        let (signing_input, signature) = token
            .rsplit_once('.')
            .ok_or(VerifyError::Malformed("it must have three parts"))?;
        // A payload with a dot in it, that is a fourth part, fails as base64url.
        let (header, payload_text) = signing_input
            .split_once('.')
            .ok_or(VerifyError::Malformed("it must have three parts"))?;
        if signature.is_empty() {
            return Err(VerifyError::Malformed("it is not signed"));
        }
        let header = base64url::decode(header)
            .ok_or(VerifyError::Malformed("its header is not base64url"))?;
        Ok(Self {
            header: Header::parse(&header)?,
            signing_input: signing_input.as_bytes(),
            signature: base64url::decode(signature)
                .ok_or(VerifyError::Malformed("its signature is not base64url"))?,
            payload_text,
        })
    }

    pub(crate) fn payload(&self) -> Result<Vec<u8>, VerifyError> {
        base64url::decode(self.payload_text)
            .ok_or(VerifyError::Malformed("its payload is not base64url"))
    }
}
