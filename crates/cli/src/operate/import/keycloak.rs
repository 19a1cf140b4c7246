//! The export of a realm of Keycloak.

use std::{collections::BTreeMap, fmt};

use cardea_server::admin::types::{PortableUser, UserStatus, is_text, may_be_given};
use cardea_web::config::SecretText;
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer as _,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::source::{Reader, Row, Sink};

/// Roles that Keycloak gives everybody.
const EVERYONES: [&str; 2] = ["offline_access", "uma_authorization"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct User {
    id: Option<String>,
    username: String,
    email: Option<String>,
    email_verified: bool,
    enabled: bool,
    first_name: Option<String>,
    last_name: Option<String>,
    created_timestamp: Option<i64>,
    attributes: BTreeMap<String, Value>,
    credentials: Vec<Map<String, Value>>,
    realm_roles: Vec<String>,
    client_roles: BTreeMap<String, Value>,
    groups: Vec<String>,
    required_actions: Vec<String>,
    federated_identities: Vec<Value>,
    service_account_client_id: Option<String>,
}

impl Default for User {
    fn default() -> Self {
        Self {
            id: None,
            username: String::new(),
            email: None,
            email_verified: false,
            enabled: true,
            first_name: None,
            last_name: None,
            created_timestamp: None,
            attributes: BTreeMap::new(),
            credentials: Vec::new(),
            realm_roles: Vec::new(),
            client_roles: BTreeMap::new(),
            groups: Vec::new(),
            required_actions: Vec::new(),
            federated_identities: Vec::new(),
            service_account_client_id: None,
        }
    }
}

/// The users are read one by one: an export can be larger than the memory.
pub(super) fn read(reader: Reader, sink: &mut Sink<'_>) -> anyhow::Result<()> {
    let mut stopped = None;
    let mut json = serde_json::Deserializer::from_reader(reader);
    let outcome = json.deserialize_map(Realm(Users {
        sink,
        stopped: &mut stopped,
    }));
    match (stopped, outcome) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(true)) => Ok(()),
        (None, Ok(false)) => {
            anyhow::bail!("there is no member users: export the realm with its users")
        }
    }
}

struct Users<'a, 'b> {
    sink: &'a mut Sink<'b>,
    /// Why no further row is taken.
    stopped: &'a mut Option<anyhow::Error>,
}

struct Realm<'a, 'b>(Users<'a, 'b>);

impl<'de> Visitor<'de> for Realm<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a realm of Keycloak")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut users = Some(self.0);
        while let Some(name) = map.next_key::<String>()? {
            match (name.as_str(), users.take()) {
                ("users", Some(users)) => map.next_value_seed(users)?,
                (_, rest) => {
                    map.next_value::<IgnoredAny>()?;
                    users = rest;
                }
            }
        }
        Ok(users.is_none())
    }
}

impl<'de> DeserializeSeed<'de> for Users<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Users<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut number = 0_u64;
        while let Some(value) = seq.next_element::<Value>()? {
            number += 1;
            let row = row(format!("user {number}"), value);
            if let Err(error) = (self.sink)(row) {
                *self.stopped = Some(error);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

fn row(place: String, value: Value) -> Row {
    let user: User = match serde_json::from_value(value) {
        Ok(user) => user,
        Err(error) => return Row::refused(place, error.to_string()),
    };
    if user.service_account_client_id.is_some() {
        return Row::refused(place, "It is the account of a client, not a user.");
    }
    let mut notes = Vec::new();
    let portable = portable(user, &mut notes);
    Row {
        place,
        user: Ok(portable),
        notes,
    }
}

fn portable(user: User, notes: &mut Vec<String>) -> PortableUser {
    let mut left_out = |what: String| notes.push(format!("{what} was left out."));
    let mut must_change_password = false;
    for action in &user.required_actions {
        match action.as_str() {
            // The address stays unverified.
            "VERIFY_EMAIL" => {}
            "UPDATE_PASSWORD" => must_change_password = true,
            _ => left_out(format!("The required action {action}")),
        }
    }
    for client in user.client_roles.keys() {
        left_out(format!("The roles of the client {client}"));
    }
    if !user.federated_identities.is_empty() {
        left_out("The link to an account of another provider".to_owned());
    }
    let mut password_hash = None;
    for credential in user.credentials {
        let kind = credential.get("type").and_then(Value::as_str);
        match kind {
            Some("password") if password_hash.is_none() => {
                let text = Value::Object(credential).to_string();
                password_hash = Some(SecretText::new(text));
            }
            kind => left_out(format!("A credential {}", kind.unwrap_or_default())),
        }
    }
    let mut claims = BTreeMap::new();
    for (name, value) in user.attributes {
        match attribute(&name, value) {
            Some(value) => {
                claims.insert(name, value);
            }
            None => left_out(format!("The attribute {name}")),
        }
    }
    let names = [&user.first_name, &user.last_name];
    let full: Vec<&str> = names.iter().filter_map(|n| n.as_deref()).collect();
    let full = Some(full.join(" "));
    for (claim, value) in [
        ("given_name", &user.first_name),
        ("family_name", &user.last_name),
        ("name", &full),
    ] {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            claims.insert(claim.to_owned(), Value::String(value.clone()));
        }
    }
    if !user.groups.is_empty() {
        let groups = user
            .groups
            .iter()
            .map(|group| group.trim_start_matches('/'));
        claims.insert("groups".to_owned(), groups.collect());
    }
    let given =
        |role: &String| !EVERYONES.contains(&role.as_str()) && !role.starts_with("default-roles-");
    let created_at = user.created_timestamp;
    PortableUser {
        sub: user.id,
        username: user.username,
        email: user.email,
        email_verified: user.email_verified,
        roles: user.realm_roles.into_iter().filter(given).collect(),
        claims,
        status: match user.enabled {
            true => UserStatus::Enabled,
            false => UserStatus::Disabled,
        },
        password_hash,
        must_change_password,
        expires_at: None,
        created_at: created_at.and_then(|at| Timestamp::from_millisecond(at).ok()),
    }
}

/// An attribute is a list of texts. One text is a text.
fn attribute(name: &str, value: Value) -> Option<Value> {
    may_be_given(name).then_some(())?;
    match value {
        Value::Array(mut values) if values.len() == 1 => values.pop(),
        Value::Array(_) if is_text(name) => None,
        value => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, source::rows_of};

    const REALM: &str = r#"{
      "id": "r", "realm": "shop", "clients": [{"clientId": "app"}],
      "users": [
        {"id": "5f0c", "username": "alice", "email": "alice@example.com", "emailVerified": true, "enabled": true,
         "firstName": "Alice", "lastName": "A", "createdTimestamp": 1700000000000,
         "attributes": {"department": ["x"], "locale": ["de"], "teams": ["a", "b"], "sub": ["evil"]},
         "credentials": [
           {"id": "c", "type": "password", "createdDate": 1, "secretData": "{\"value\":\"AA==\",\"salt\":\"AA==\"}",
            "credentialData": "{\"hashIterations\":5,\"algorithm\":\"pbkdf2-sha256\"}"},
           {"type": "otp", "secretData": "{}", "credentialData": "{}"}],
         "realmRoles": ["default-roles-shop", "offline_access", "admin"], "clientRoles": {"app": ["x"]},
         "groups": ["/staff/dev"], "requiredActions": ["VERIFY_EMAIL", "UPDATE_PASSWORD", "CONFIGURE_TOTP"], "notBefore": 0, "totp": true},
        {"username": "bob", "enabled": false},
        {"username": "service-account-app", "serviceAccountClientId": "app"},
        {"username": 7},
        {"username": "carol"}
      ],
      "roles": {}
    }"#;

    #[test]
    fn a_realm_is_read_user_by_user() {
        let (rows, outcome) = rows_of(Format::Keycloak, REALM);
        outcome.unwrap();
        let read: Vec<_> = rows
            .iter()
            .map(|row| row.user.as_ref().ok().map(|user| user.username.as_str()))
            .collect();
        assert_eq!(
            read,
            [Some("alice"), Some("bob"), None, None, Some("carol")]
        );
        assert_eq!(rows[3].place, "user 4");
        let alice = rows[0].user.as_ref().unwrap();
        assert_eq!(alice.sub.as_deref(), Some("5f0c"));
        assert_eq!(alice.roles, ["admin"]);
        assert_eq!(
            serde_json::to_value(&alice.claims).unwrap(),
            serde_json::json!({
                "name": "Alice A", "given_name": "Alice", "family_name": "A", "groups": ["staff/dev"],
                "department": "x", "locale": "de", "teams": ["a", "b"]
            })
        );
        let hash = alice.password_hash.as_ref().unwrap().expose();
        assert!(hash.contains("credentialData") && hash.contains("pbkdf2-sha256"));
        assert_eq!(alice.created_at.unwrap().as_second(), 1_700_000_000);
        let notes = rows[0].notes.join("\n");
        for left in ["CONFIGURE_TOTP", "client app", "otp", "attribute sub"] {
            assert!(notes.contains(left), "{left}: {notes}");
        }
        assert!(!notes.contains("VERIFY_EMAIL") && !notes.contains("UPDATE_PASSWORD"));
        assert!(alice.must_change_password);
        let bob = rows[1].user.as_ref().unwrap();
        assert!(!bob.must_change_password);
        assert_eq!(
            bob.status,
            cardea_server::admin::types::UserStatus::Disabled
        );
    }

    #[test]
    fn a_truncated_export_keeps_what_was_read_and_fails() {
        let (rows, outcome) = rows_of(Format::Keycloak, &REALM[..REALM.len() - 60]);
        assert_eq!(rows.len(), 4);
        assert!(outcome.is_err());
        let (rows, outcome) = rows_of(Format::Keycloak, r#"{"realm": "shop"}"#);
        assert!(rows.is_empty());
        assert!(outcome.unwrap_err().to_string().contains("users"));
    }
}
