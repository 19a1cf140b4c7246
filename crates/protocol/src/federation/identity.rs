//! What an upstream says of a user, and how much of that its documentation lets one believe.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::address::UpstreamAddress;

/// Kinds of upstream, as far as their claims mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Any OpenID provider.
    Openid,
    /// Microsoft Entra ID.
    Entra,
    /// Google.
    Google,
    /// GitHub.
    Github,
    /// Apple.
    Apple,
}

/// An identity, proved by the upstream's ID token (by its API at GitHub).
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamIdentity {
    /// What kind of provider it comes from.
    pub kind: ProviderKind,
    /// `iss`. At Entra ID it names the tenant.
    pub issuer: String,
    /// `sub`
    pub subject: String,
    /// The session at the upstream.
    pub sid: Option<String>,
    /// When the user authenticated there, if the upstream says it.
    pub auth_time: Option<Timestamp>,
    /// How well, in the upstream's words.
    pub acr: Option<String>,
    /// By what means, in the upstream's words.
    pub amr: Vec<String>,
    /// All other claims.
    pub claims: Map<String, Value>,
}

impl UpstreamIdentity {
    /// The address that the upstream has verified. One that it has not verified is not used at all: it says nothing of its
    /// owner, and an application may believe it.
    #[must_use]
    pub fn verified_address(&self) -> Option<UpstreamAddress> {
        let address = UpstreamAddress::parse(self.claims.get("email")?.as_str()?)?;
        self.has_verified(&address).then_some(address)
    }

    fn has_verified(&self, address: &UpstreamAddress) -> bool {
        let says = |claim: &str| self.claims.get(claim).is_some_and(is_true);
        match self.kind {
            ProviderKind::Openid | ProviderKind::Github | ProviderKind::Apple => {
                says("email_verified")
            }
            // learn.microsoft.com, "Migrate away from using email claims": an administrator of any tenant can write any
            // address; `xms_edov` says that the owner of its domain was verified.
            ProviderKind::Entra => says("xms_edov"),
            // developers.google.com, "OpenID Connect": Google is the authority for addresses of Gmail, and of Workspace accounts
            // (`hd`). Other addresses were verified once and may belong to another user today.
            ProviderKind::Google => {
                let hosted = self.claims.get("hd").and_then(Value::as_str);
                says("email_verified")
                    && (matches!(address.domain().as_str(), "gmail.com" | "googlemail.com")
                        || hosted.is_some_and(|domain| !domain.is_empty()))
            }
        }
    }
}

/// Apple and Entra ID write some flags as texts or numbers.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => text == "1" || text.eq_ignore_ascii_case("true"),
        Value::Number(number) => number.as_u64() == Some(1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::linking::tests::identity, *};

    fn verified(kind: ProviderKind, claims: Value) -> Option<String> {
        let mut identity = identity(claims);
        identity.kind = kind;
        identity.verified_address().map(|a| a.as_str().to_owned())
    }

    #[test]
    fn an_unverified_address_is_no_address() {
        use ProviderKind::{Apple, Entra, Github, Google, Openid};
        let address = "alice@example.com";
        for (kind, claims, believed) in [
            (Openid, json!({"email_verified": true}), true),
            (Openid, json!({"email_verified": "true"}), true),
            (Openid, json!({"email_verified": false}), false),
            (Openid, json!({"email_verified": "false"}), false),
            (Openid, json!({"email_verified": null}), false),
            (Openid, json!({"email_verified": ["true"]}), false),
            (Openid, json!({}), false),
            (Github, json!({"email_verified": true}), true),
            (Github, json!({}), false),
            (Apple, json!({"email_verified": "true"}), true),
            (Apple, json!({"email_verified": "false"}), false),
            // Entra's email_verified says nothing.
            (Entra, json!({"email_verified": true}), false),
            (Entra, json!({}), false),
            (Entra, json!({"xms_edov": false}), false),
            (Entra, json!({"xms_edov": "0"}), false),
            (Entra, json!({"xms_edov": true}), true),
            (Entra, json!({"xms_edov": "1"}), true),
            (Entra, json!({"xms_edov": 1}), true),
            // xms_edov of another provider says nothing.
            (Openid, json!({"xms_edov": true}), false),
            // An address outside of Google that was verified once.
            (Google, json!({"email_verified": true}), false),
            (Google, json!({"email_verified": true, "hd": ""}), false),
            (
                Google,
                json!({"email_verified": true, "hd": "example.com"}),
                true,
            ),
            (
                Google,
                json!({"email_verified": false, "hd": "example.com"}),
                false,
            ),
        ] {
            let mut claims = claims;
            claims["email"] = json!(address);
            let found = verified(kind, claims.clone());
            assert_eq!(found.is_some(), believed, "{kind:?} {claims}");
        }
        let gmail = json!({"email": "a@gmail.com", "email_verified": true});
        assert!(verified(Google, gmail).is_some());
    }
}
