//! Who logged in.

use cardea_protocol::verify::VerifiedIdToken;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The maximum number of roles; with more, all are ignored.
const MAX_ROLES: usize = 256;

/// What the provider says about the user, proved by its ID token. As JSON it is a plain object of claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityClaims {
    /// The issuer.
    pub iss: String,
    /// The user: unique and permanent at this issuer. Together with `iss` it is the key of an account; nothing else is.
    pub sub: String,
    /// The session at the provider, for back-channel logout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// When the user authenticated; in JSON as seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "seconds")]
    pub auth_time: Option<Timestamp>,
    /// The authentication context class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The authentication methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The claim `roles`, where the provider has it.
    #[serde(default)]
    pub roles: Vec<String>,
    /// All other claims, such as `name` and `email`.
    #[serde(flatten)]
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
            other: other.into_iter().map(tidied).collect(),
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
                let (name, value) = tidied((name, value));
                self.other.entry(name).or_insert(value);
            }
        }
    }

    /// A claim that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.other.get(name)?.as_str()
    }

    /// What to call the user: the first of `name`, `preferred_username`, `email` and the subject that is there.
    #[must_use]
    pub fn name(&self) -> &str {
        let known = ["name", "preferred_username", "email"];
        let mut names = known.iter().filter_map(|claim| self.text(claim));
        names
            .find(|name| !name.trim().is_empty())
            .unwrap_or(&self.sub)
    }

    /// All claims, read into a type of yours.
    ///
    /// # Errors
    /// When they don't have that shape.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(serde_json::to_value(self)?)
    }

    /// Sessions that an earlier version wrote have the other claims one level deeper.
    pub(crate) fn unnest(&mut self) {
        if let Some(Value::Object(nested)) = self.other.remove("other") {
            for (name, value) in nested {
                self.other.entry(name).or_insert(value);
            }
        }
    }
}

/// Some providers write these claims as texts, of which `"false"` would count as true in many languages.
fn tidied((name, value): (String, Value)) -> (String, Value) {
    let flag = matches!(name.as_str(), "email_verified" | "phone_number_verified");
    let value = match value.as_str().filter(|_| flag).map(str::trim) {
        Some(text) if text.eq_ignore_ascii_case("true") => Value::Bool(true),
        Some(_) => Value::Bool(false),
        None => value,
    };
    (name, value)
}

/// A moment as seconds; sessions that an earlier version wrote have a text.
mod seconds {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use serde_json::Value;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match moment {
            Some(moment) => out.serialize_i64(moment.as_second()),
            None => out.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(match Value::deserialize(input)? {
            Value::Number(number) => {
                let second = number.as_i64();
                second.and_then(|second| Timestamp::from_second(second).ok())
            }
            Value::String(text) => text.parse().ok(),
            _ => None,
        })
    }
}

/// A list of texts, or one text; what else is in it is left out.
fn roles(claim: Option<Value>) -> Vec<String> {
    let roles: Vec<String> = match claim {
        Some(Value::String(role)) if !role.is_empty() => vec![role],
        Some(Value::Array(list)) => list
            .into_iter()
            .filter_map(|role| match role {
                Value::String(role) if !role.is_empty() => Some(role),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
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
        let mut claims = other.clone();
        claims["iss"] = json!("i");
        claims["sub"] = json!("s");
        serde_json::from_value(claims).unwrap()
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
    fn c6_roles_are_read_as_list_and_as_text() {
        for (written, meant) in [
            (json!("admin"), vec!["admin"]),
            (json!(["a", 1, "", null, "b"]), vec!["a", "b"]),
            (json!({"a": 1}), vec![]),
            (json!(""), vec![]),
            (json!(7), vec![]),
            (
                json!((0..257).map(|i| i.to_string()).collect::<Vec<_>>()),
                vec![],
            ),
        ] {
            assert_eq!(roles(Some(written)), meant);
        }
    }

    #[test]
    fn c6_verified_as_a_text_is_a_flag_and_never_true_by_accident() {
        for (written, meant) in [
            (json!(true), json!(true)),
            (json!("true"), json!(true)),
            (json!("True"), json!(true)),
            (json!("false"), json!(false)),
            (json!("yes"), json!(false)),
            (json!(""), json!(false)),
        ] {
            let mut claims = identity(&json!({}));
            claims.add(map(json!({"email_verified": written, "name": "true"})));
            assert_eq!(claims.other["email_verified"], meant);
            assert_eq!(claims.text("name"), Some("true"));
        }
    }

    #[test]
    fn n10_claims_are_a_plain_object() {
        let mut claims = identity(&json!({"name": "Alice", "email": "a@example.test"}));
        claims.auth_time = Timestamp::from_second(1_800_000_000).ok();
        let plain = serde_json::to_value(&claims).unwrap();
        assert_eq!(
            plain,
            json!({"iss": "i", "sub": "s", "name": "Alice", "email": "a@example.test", "roles": [],
                "auth_time": 1_800_000_000})
        );
        let again: IdentityClaims = serde_json::from_value(plain).unwrap();
        assert_eq!(again, claims);
        #[derive(serde::Deserialize)]
        struct Mine {
            name: String,
        }
        assert_eq!(claims.claims::<Mine>().unwrap().name, "Alice");
    }

    #[test]
    fn a_session_of_an_earlier_version_keeps_its_claims() {
        let old = json!({"iss": "i", "sub": "s", "sid": null, "auth_time": "2027-01-15T08:00:00Z", "acr": null, "amr": [],
            "roles": ["user"], "other": {"name": "Alice"}});
        let mut claims: IdentityClaims = serde_json::from_value(old).unwrap();
        claims.unnest();
        assert_eq!((claims.name(), claims.sid.as_deref()), ("Alice", None));
        assert_eq!(claims.auth_time, Timestamp::from_second(1_800_000_000).ok());
        assert_eq!(claims.other.len(), 1);
    }
}
