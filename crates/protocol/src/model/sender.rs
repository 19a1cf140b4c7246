//! Tokens that only the holder of a key may use: RFC 9449 (DPoP) and RFC 8705 (mutual TLS).

use cardea_seal::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The key that a code, a grant or a token is bound to. It is written as the `cnf` claim (RFC 7800 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SenderBinding {
    /// RFC 9449 §6.1: the SHA-256 thumbprint of a JWK (RFC 7638).
    Dpop {
        /// `jkt`
        jkt: Digest,
    },
    /// RFC 8705 §3.1: the SHA-256 thumbprint of a certificate.
    Mtls {
        /// `x5t#S256`
        x5t_s256: Digest,
    },
}

/// The members of `cnf`. One that is not known here is refused: it may name another key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jkt: Option<String>,
    #[serde(default, rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    x5t_s256: Option<String>,
}

impl Serialize for SenderBinding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (jkt, x5t_s256) = match self {
            Self::Dpop { jkt } => (Some(jkt.to_text()), None),
            Self::Mtls { x5t_s256 } => (None, Some(x5t_s256.to_text())),
        };
        Confirmation { jkt, x5t_s256 }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SenderBinding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digest = |text: String| Digest::from_text(&text).map_err(D::Error::custom);
        let Confirmation { jkt, x5t_s256 } = Confirmation::deserialize(deserializer)?;
        match (jkt, x5t_s256) {
            (Some(jkt), None) => Ok(Self::Dpop { jkt: digest(jkt)? }),
            (None, Some(x5t_s256)) => Ok(Self::Mtls {
                x5t_s256: digest(x5t_s256)?,
            }),
            _ => Err(D::Error::custom("cnf must name one key")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_binding_is_written_as_the_cnf_claim() {
        let thumbprint = Digest::of(b"key");
        for (binding, name) in [
            (SenderBinding::Dpop { jkt: thumbprint }, "jkt"),
            (
                SenderBinding::Mtls {
                    x5t_s256: thumbprint,
                },
                "x5t#S256",
            ),
        ] {
            let written = serde_json::to_value(binding).unwrap();
            assert_eq!(written, json!({name: thumbprint.to_text()}));
            let read: SenderBinding = serde_json::from_value(written).unwrap();
            assert_eq!(read, binding);
        }
    }

    #[test]
    fn a_cnf_that_is_not_understood_is_refused() {
        let thumbprint = Digest::of(b"key").to_text();
        for bad in [
            json!({}),
            json!(null),
            json!("x"),
            json!({"jkt": "x"}),
            json!({"jkt": null}),
            json!({"jkt": format!("{thumbprint}=")}),
            json!({"kid": "1"}),
            json!({"jkt": thumbprint, "kid": "1"}),
            json!({"jkt": thumbprint, "x5t#S256": thumbprint}),
        ] {
            let read = serde_json::from_value::<SenderBinding>(bad.clone());
            assert!(read.is_err(), "{bad}");
        }
    }
}
