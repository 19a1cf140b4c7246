//! `WWW-Authenticate`: RFC 6750 §3, RFC 9728 §5.1.

use std::fmt::Write as _;

use cardea_protocol::ErrorCode;
use http::HeaderValue;

/// What all challenges of one API have in common.
#[derive(Debug)]
pub(crate) struct Challenge {
    realm: String,
    resource_metadata: Option<String>,
}

/// What is wrong, in the words of RFC 6750 §3.1.
pub(crate) struct Fault<'a> {
    pub(crate) code: ErrorCode,
    pub(crate) description: &'a str,
    pub(crate) scope: Option<&'a str>,
    /// What is asked of the user's authentication (RFC 9470 §3).
    pub(crate) authentication: Option<&'a Authentication>,
}

/// What is asked of the user's authentication (RFC 9470 §3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Authentication {
    /// One of these classes; any, if there are none.
    pub(crate) acr_values: Vec<String>,
    /// The greatest age, in seconds.
    pub(crate) max_age: Option<u64>,
}

impl Challenge {
    pub(crate) fn new(realm: &str, resource_metadata: Option<String>) -> Self {
        Self {
            realm: realm.to_owned(),
            resource_metadata,
        }
    }

    /// The header's value; without a fault it only says what is asked for.
    pub(crate) fn header(&self, fault: Option<&Fault<'_>>) -> HeaderValue {
        let mut text = String::from("Bearer realm=");
        quote(&mut text, &self.realm);
        let mut member = |name: &str, value: &str| {
            // Writing to a text never fails.
            let _ = write!(text, ", {name}=");
            quote(&mut text, value);
        };
        if let Some(fault) = fault {
            member("error", fault.code.as_str());
            member("error_description", fault.description);
            if let Some(scope) = fault.scope {
                member("scope", scope);
            }
            if let Some(asked) = fault.authentication {
                if !asked.acr_values.is_empty() {
                    member("acr_values", &asked.acr_values.join(" "));
                }
                if let Some(max_age) = asked.max_age {
                    member("max_age", &max_age.to_string());
                }
            }
        }
        if let Some(url) = &self.resource_metadata {
            member("resource_metadata", url);
        }
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

/// RFC 6750 §3: the values have neither quotes nor backslashes nor anything beyond ASCII.
fn quote(text: &mut String, value: &str) {
    text.push('"');
    text.extend(
        value
            .chars()
            .filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')),
    );
    text.push('"');
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_has_the_members_of_the_rfcs() {
        let metadata = "https://api.example.com/.well-known/oauth-protected-resource";
        let challenge = Challenge::new("api://orders", Some(metadata.to_owned()));
        assert_eq!(
            challenge.header(None).to_str().unwrap(),
            format!("Bearer realm=\"api://orders\", resource_metadata=\"{metadata}\"")
        );
        let fault = Fault {
            code: ErrorCode::InsufficientScope,
            description: "more is needed",
            scope: Some("orders:read"),
            authentication: None,
        };
        let alone = Challenge::new("api", None).header(Some(&fault));
        assert_eq!(
            alone.to_str().unwrap(),
            "Bearer realm=\"api\", error=\"insufficient_scope\", error_description=\"more is needed\", scope=\"orders:read\""
        );
    }

    #[test]
    fn rfc_9470_a_challenge_says_which_authentication_is_needed() {
        let asked = Authentication {
            acr_values: vec!["urn:a".to_owned(), "urn:b".to_owned()],
            max_age: Some(60),
        };
        let fault = Fault {
            code: ErrorCode::InsufficientUserAuthentication,
            description: "another authentication is needed",
            scope: None,
            authentication: Some(&asked),
        };
        let header = Challenge::new("api", None).header(Some(&fault));
        assert_eq!(
            header.to_str().unwrap(),
            "Bearer realm=\"api\", error=\"insufficient_user_authentication\", \
             error_description=\"another authentication is needed\", acr_values=\"urn:a urn:b\", max_age=\"60\""
        );
    }

    #[test]
    fn no_value_breaks_out_of_its_quotes() {
        let value = Challenge::new("a\", error=\"x\\\r\nb\u{e4}", None).header(None);
        assert_eq!(value.to_str().unwrap(), "Bearer realm=\"a, error=xb\"");
    }
}
