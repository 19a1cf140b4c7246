//! A change of a client's metadata.

use cardea_protocol::model::ClientMetadata;
use serde_json::{Map, Value};

use super::{
    refusal::{Answer, Refusal},
    request::unreadable,
};

/// RFC 7396: a merge patch.
pub(super) fn patched(
    before: &ClientMetadata,
    patch: &Map<String, Value>,
) -> Answer<ClientMetadata> {
    for (member, instead) in [
        ("client_id", "it cannot change; add another client"),
        (
            "client_secret",
            "it is not set here; a new one is made at /secret",
        ),
        (
            "client_secret_hash",
            "it is not set here; a new one is made at /secret",
        ),
        (
            "client_secret_file",
            "it is only known in the configuration file",
        ),
    ] {
        if patch.contains_key(member) {
            return Err(Refusal::bad_request(format!("{member}: {instead}")));
        }
    }
    let mut metadata = match serde_json::to_value(before) {
        Ok(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    for (member, value) in patch {
        match value {
            Value::Null => metadata.remove(member),
            value => metadata.insert(member.clone(), value.clone()),
        };
    }
    serde_path_to_error::deserialize(Value::Object(metadata)).map_err(|e| unreadable(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(json: Value) -> Option<ClientMetadata> {
        let before = ClientMetadata {
            client_id: "spa".to_owned(),
            client_name: Some("Orders".to_owned()),
            require_nonce: true,
            ..ClientMetadata::default()
        };
        let Value::Object(patch) = json else {
            panic!("not an object")
        };
        patched(&before, &patch).ok()
    }

    #[test]
    fn a_patch_replaces_what_it_names_and_null_takes_it_away() {
        let after = patch(serde_json::json!({ "scope": "openid email", "client_name": null }));
        let after = after.unwrap();
        assert_eq!(
            (after.scope.as_str(), after.client_name, after.require_nonce),
            ("openid email", None, true)
        );
    }

    #[test]
    fn a_patch_changes_neither_id_nor_secret_and_knows_its_members() {
        for bad in [
            serde_json::json!({ "client_id": "other" }),
            serde_json::json!({ "client_secret": "x" }),
            serde_json::json!({ "scopes": "openid" }),
            serde_json::json!({ "redirect_uris": "https://one.example" }),
        ] {
            assert!(patch(bad.clone()).is_none(), "{bad}");
        }
    }
}
