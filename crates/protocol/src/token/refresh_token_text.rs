//! The text of a refresh token: derived from the grant's row, not stored (D11).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_seal::{Digest, MacKey, constant_time_eq};

use crate::model::{ClientId, RefreshTokenId};

const VERSION: u8 = 1;
/// version · key id · token id · generation · MAC
const BYTES: usize = 1 + 1 + 16 + 4 + 32;

/// A parsed refresh token. Its parts are unverified until [`RefreshToken::is_authentic`].
pub struct RefreshToken {
    /// Which server key made the MAC.
    pub key_id: u8,
    /// Names the grant's row.
    pub token_id: RefreshTokenId,
    /// How often the token had been rotated when this one was made.
    pub generation: u32,
    mac: Digest,
}

/// The server key that tokens are derived with, and its number in the text of a token.
#[derive(Clone, Copy)]
pub struct TokenKey<'a> {
    /// Its number.
    pub id: u8,
    /// The key.
    pub mac: &'a MacKey,
}

impl RefreshToken {
    /// Derives the token of a generation; the same input gives the same token.
    #[must_use]
    pub fn derive(
        key: TokenKey<'_>,
        secret: &[u8],
        id: RefreshTokenId,
        generation: u32,
        client: &ClientId,
    ) -> Self {
        let mac = mac(key.mac, secret, id, generation, client);
        Self {
            key_id: key.id,
            token_id: id,
            generation,
            mac,
        }
    }

    /// Parses the wire form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        if length != BYTES {
            return None;
        }
        let (head, mac) = bytes.split_last_chunk::<32>()?;
        let (head, generation) = head.split_last_chunk::<4>()?;
        let (head, token_id) = head.split_last_chunk::<16>()?;
        let [VERSION, key_id] = *head else {
            return None;
        };
        Some(Self {
            key_id,
            token_id: RefreshTokenId(*token_id),
            generation: u32::from_be_bytes(*generation),
            mac: Digest::from_bytes(*mac),
        })
    }

    /// The wire form.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend([VERSION, self.key_id]);
        bytes.extend(self.token_id.0);
        bytes.extend(self.generation.to_be_bytes());
        bytes.extend(self.mac.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether this server made the token for this row and client.
    #[must_use]
    pub fn is_authentic(&self, key: &MacKey, secret: &[u8], client: &ClientId) -> bool {
        let expected = mac(key, secret, self.token_id, self.generation, client);
        constant_time_eq(expected.as_bytes(), self.mac.as_bytes())
    }
}

fn mac(
    key: &MacKey,
    secret: &[u8],
    id: RefreshTokenId,
    generation: u32,
    client: &ClientId,
) -> Digest {
    key.tag(&[
        secret,
        &id.0,
        &generation.to_be_bytes(),
        client.as_str().as_bytes(),
    ])
}

#[cfg(test)]
#[path = "refresh_token_text_tests.rs"]
mod tests;
