//! Who logged in.

use cardea_protocol::verify::VerifiedIdToken;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The maximum number of roles; with more, all are ignored.
const MAX_ROLES: usize = 256;

/// What the provider says about the user, proved by its ID token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityClaims {
    /// Who says so.
    pub iss: String,
    /// The user: unique and permanent at this issuer. Together with `iss` it is the key of an account; nothing else is.
    pub sub: String,
    /// The session at the provider, for back-channel logout.
    pub sid: Option<String>,
    /// When the user authenticated.
    pub auth_time: Option<Timestamp>,
    /// The authentication context class.
    pub acr: Option<String>,
    /// The authentication methods.
    #[serde(default)]
    pub amr: Vec<String>,
    /// The claim `roles`, where the provider has it.
    #[serde(default)]
    pub roles: Vec<String>,
    /// All other claims, such as `name` and `email`.
    #[serde(default)]
    pub other: Map<String, Value>,
}

/// Claims that belong to a token or are set already: an answer of userinfo doesn't bring them in.
const OF_THE_TOKEN: [&str; 17] = [
    "iss",
    "sub",
    "aud",
    "azp",
    "exp",
    "iat",
    "nbf",
    "jti",
    "nonce",
    "at_hash",
    "c_hash",
    "sid",
    "auth_time",
    "acr",
    "amr",
    "tid",
    "events",
];

impl IdentityClaims {
    pub(super) fn of(verified: VerifiedIdToken) -> Self {
        let mut other = verified.other;
        let roles = roles(other.remove("roles"));
        Self {
            iss: verified.issuer,
            sub: verified.subject,
            sid: verified.sid,
            auth_time: verified.auth_time,
            acr: verified.acr,
            amr: verified.amr,
            roles,
            other,
        }
    }

    /// Adds what userinfo knows beside the ID token; what is signed wins.
    pub(super) fn add(&mut self, mut userinfo: Map<String, Value>) {
        let more = roles(userinfo.remove("roles"));
        if self.roles.is_empty() {
            self.roles = more;
        }
        for (name, value) in userinfo {
            if !OF_THE_TOKEN.contains(&name.as_str()) {
                self.other.entry(name).or_insert(value);
            }
        }
    }

    /// A claim that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.other.get(name)?.as_str()
    }
}

/// A list of texts; anything else is no roles.
fn roles(claim: Option<Value>) -> Vec<String> {
    let roles: Vec<String> = claim
        .and_then(|claim| serde_json::from_value(claim).ok())
        .unwrap_or_default();
    if roles.len() > MAX_ROLES {
        return Vec::new();
    }
    roles
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(other: &Value) -> IdentityClaims {
        serde_json::from_value(json!({"iss": "i", "sub": "s", "other": other})).unwrap()
    }

    fn map(json: Value) -> Map<String, Value> {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn userinfo_adds_and_never_replaces() {
        let mut claims = identity(&json!({"email": "signed@example.test"}));
        claims.add(map(json!({"email": "other@example.test", "name": "Alice", "sub": "x", "iss": "x", "sid": "x",
            "roles": ["user"]})));
        assert_eq!(claims.text("email"), Some("signed@example.test"));
        assert_eq!(claims.text("name"), Some("Alice"));
        assert_eq!((claims.sub.as_str(), claims.sid), ("s", None));
        assert_eq!(claims.roles, ["user"]);
        assert_eq!(claims.other.len(), 2);
    }

    #[test]
    fn userinfo_gives_no_roles_to_someone_who_has_some() {
        let mut claims = identity(&json!({}));
        claims.roles = vec!["user".to_owned()];
        claims.add(map(json!({"roles": ["admin"]})));
        assert_eq!(claims.roles, ["user"]);
    }

    #[test]
    fn what_is_no_list_of_texts_is_no_roles() {
        let many: Vec<String> = (0..257).map(|i| i.to_string()).collect();
        for odd in [
            json!("admin"),
            json!({"a": 1}),
            json!(["a", 1]),
            json!(many),
        ] {
            assert_eq!(roles(Some(odd)), Vec::<String>::new());
        }
    }
}
