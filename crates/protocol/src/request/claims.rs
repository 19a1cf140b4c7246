//! The `claims` parameter: OpenID Core §5.5.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::OAuthError;

const MAX_BYTES: usize = 2048;
const MAX_CLAIMS: usize = 32;

/// The claims that a client requested by name, and where it wants them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// To be returned by userinfo.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub userinfo: BTreeMap<String, ClaimRequest>,
    /// To be put in the ID token.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub id_token: BTreeMap<String, ClaimRequest>,
}

/// The request for one claim (OpenID Core §5.5.1).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// Whether the claim is essential.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub essential: bool,
    /// The acceptable values, from `value` and `values`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

impl ClaimsRequest {
    /// Parses the parameter.
    pub fn parse(json: &str) -> Result<Self, OAuthError> {
        let bad = |what: &str| OAuthError::invalid_request(format!("the parameter claims {what}"));
        if json.len() > MAX_BYTES {
            return Err(bad("is longer than 2048 bytes"));
        }
        let Ok(Value::Object(top)) = serde_json::from_str::<Value>(json) else {
            return Err(bad("is not a JSON object"));
        };
        let part = |name: &str| match top.get(name) {
            None | Some(Value::Null) => Ok(BTreeMap::new()),
            Some(Value::Object(claims)) if claims.len() <= MAX_CLAIMS => claims
                .iter()
                .map(|(claim, spec)| {
                    Ok((claim.clone(), one(spec).ok_or_else(|| bad("is malformed"))?))
                })
                .collect(),
            Some(Value::Object(_)) => Err(bad("asks for more than 32 claims")),
            Some(_) => Err(bad("is malformed")),
        };
        Ok(Self {
            userinfo: part("userinfo")?,
            id_token: part("id_token")?,
        })
    }

    /// The parameter again. It is not longer than the one that was parsed (except for numbers with an exponent), so the bound
    /// holds again.
    pub(crate) fn to_param(&self) -> String {
        let parts = [("userinfo", &self.userinfo), ("id_token", &self.id_token)];
        let parts = parts.into_iter().filter(|(_, claims)| !claims.is_empty());
        let top: Map<_, _> = parts
            .map(|(name, claims)| {
                let specs = claims.iter().map(|(claim, one)| (claim.clone(), spec(one)));
                (name.to_owned(), Value::Object(specs.collect()))
            })
            .collect();
        Value::Object(top).to_string()
    }

    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }
}

fn one(spec: &Value) -> Option<ClaimRequest> {
    let spec = match spec {
        Value::Null => return Some(ClaimRequest::default()),
        Value::Object(spec) => spec,
        _ => return None,
    };
    let essential = match spec.get("essential") {
        None => false,
        Some(value) => value.as_bool()?,
    };
    let mut values = match spec.get("values") {
        None => Vec::new(),
        Some(values) => values.as_array()?.clone(),
    };
    values.extend(spec.get("value").cloned());
    Some(ClaimRequest { essential, values })
}

/// The shortest spelling of the request for one claim.
fn spec(claim: &ClaimRequest) -> Value {
    let mut spec = Map::new();
    if claim.essential {
        spec.insert("essential".to_owned(), true.into());
    }
    match claim.values.as_slice() {
        [] => None,
        [value] => spec.insert("value".to_owned(), value.clone()),
        values => spec.insert("values".to_owned(), values.into()),
    };
    Value::Object(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_openid_core_is_read() {
        let json = r#"{"userinfo":{"given_name":{"essential":true},"nickname":null,"email":{"essential":true},
            "http://example.info/claims/groups":null},"id_token":{"auth_time":{"essential":true},
            "acr":{"values":["urn:mace:incommon:iap:silver"]}}}"#;
        let claims = ClaimsRequest::parse(json).unwrap();
        assert_eq!(claims.userinfo.len(), 4);
        assert!(claims.userinfo["given_name"].essential);
        assert_eq!(claims.id_token["acr"].values.len(), 1);
        let back: ClaimsRequest =
            serde_json::from_str(&serde_json::to_string(&claims).unwrap()).unwrap();
        assert_eq!(back, claims);
    }

    #[test]
    fn malformed_claims_are_refused() {
        for bad in [
            "",
            "[]",
            "{\"userinfo\":1}",
            "{\"userinfo\":{\"a\":1}}",
            "{\"userinfo\":{\"a\":{\"essential\":1}}}",
            "{",
        ] {
            assert!(ClaimsRequest::parse(bad).is_err(), "{bad}");
        }
        assert!(ClaimsRequest::parse(&format!("{{\"x\":\"{}\"}}", "a".repeat(2048))).is_err());
    }

    #[test]
    fn value_and_values_are_one_list() {
        let claims = ClaimsRequest::parse(
            r#"{"id_token":{"acr":{"value":"a","values":["b"]}},"userinfo":null}"#,
        )
        .unwrap();
        assert_eq!(claims.id_token["acr"].values, ["b", "a"]);
        assert!(!claims.is_empty() && ClaimsRequest::parse("{}").unwrap().is_empty());
    }

    #[test]
    fn a_parameter_written_again_is_read_the_same_and_not_longer() {
        for (json, again) in [
            ("{}", "{}"),
            (r#"{"userinfo":{}}"#, "{}"),
            (r#"{"userinfo":{"a":null}}"#, r#"{"userinfo":{"a":{}}}"#),
            (r#"{"userinfo":{"a":{}}}"#, r#"{"userinfo":{"a":{}}}"#),
            (
                r#"{"id_token":{"a":{"essential":false,"values":[]}}}"#,
                r#"{"id_token":{"a":{}}}"#,
            ),
            (
                r#"{"id_token":{"a":{"value":"x"}}}"#,
                r#"{"id_token":{"a":{"value":"x"}}}"#,
            ),
            (
                r#"{"id_token":{"a":{"values":["x"]}}}"#,
                r#"{"id_token":{"a":{"value":"x"}}}"#,
            ),
            (
                r#"{"id_token":{"a":{"values":[["x"]]}}}"#,
                r#"{"id_token":{"a":{"value":["x"]}}}"#,
            ),
            (
                r#"{"id_token":{"a":{"value":1,"values":[2]}}}"#,
                r#"{"id_token":{"a":{"values":[2,1]}}}"#,
            ),
            (
                r#"{"id_token":{"a":{"essential":true,"value":null}}}"#,
                r#"{"id_token":{"a":{"essential":true,"value":null}}}"#,
            ),
        ] {
            let claims = ClaimsRequest::parse(json).unwrap();
            assert_eq!(claims.to_param(), again);
            assert_eq!(ClaimsRequest::parse(again).unwrap(), claims);
            assert!(again.len() <= json.len(), "{json}");
        }
    }

    #[test]
    fn claims_are_bounded_in_number() {
        let ask = |count: usize| {
            let names: Vec<_> = (0..count).map(|i| format!("\"c{i}\":null")).collect();
            ClaimsRequest::parse(&format!("{{\"userinfo\":{{{}}}}}", names.join(",")))
        };
        assert_eq!(ask(32).unwrap().userinfo.len(), 32);
        assert!(ask(33).is_err());
        assert!(ClaimsRequest::parse(&"[".repeat(2048)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC*", spec in "[\\[\\]{}:,\"a-z0-9]{0,40}") {
            let _ = ClaimsRequest::parse(&text);
            for json in [format!("{{\"id_token\":{spec}}}"), format!("{{\"userinfo\":{{\"a\":{spec}}}}}")] {
                if let Ok(claims) = ClaimsRequest::parse(&json) {
                    let back: ClaimsRequest = serde_json::from_str(&serde_json::to_string(&claims).unwrap()).unwrap();
                    proptest::prop_assert_eq!(&back, &claims);
                    proptest::prop_assert_eq!(ClaimsRequest::parse(&claims.to_param()).unwrap(), claims);
                }
            }
        }
    }
}
