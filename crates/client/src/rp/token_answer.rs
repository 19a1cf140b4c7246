//! What a token endpoint answers: RFC 6749 §5.1, read as providers write it.
//!
//! What can be read is read, what can't be is left out; only what would make the login unsafe refuses it: no access token, or
//! one of another type than Bearer.

use std::time::Duration;

use cardea_protocol::scope::Scope;
use cardea_seal::Secret;
use serde_json::{Map, Value};

use super::error::RpError;

/// A longer token is not kept.
const MAX_TOKEN_BYTES: usize = 32 * 1024;
/// Longer lifetimes are cut to this one.
const MAX_LIFE_SECONDS: u64 = 10 * 365 * 86_400;

/// Tokens as they were granted.
pub(super) struct Granted {
    pub(super) access_token: Secret<String>,
    /// `None` when the answer says nothing usable.
    pub(super) expires_in: Option<u64>,
    pub(super) refresh_token: Option<Secret<String>>,
    pub(super) id_token: Option<Secret<String>>,
    /// `None` when the answer names none.
    pub(super) scope: Option<Scope>,
}

/// Why there are no tokens (RFC 6749 §5.2).
pub(super) struct Refused {
    pub(super) error: String,
    pub(super) error_description: Option<String>,
}

/// The error in an answer, if it has one. GitHub sends it with status 200.
pub(super) fn refused(body: &[u8]) -> Option<Refused> {
    let answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let text = |name: &str| answer.get(name)?.as_str().filter(|text| !text.is_empty());
    Some(Refused {
        error: text("error")?.to_owned(),
        error_description: text("error_description").map(str::to_owned),
    })
}

/// The tokens in an answer. `separators` are the characters between scopes.
pub(super) fn granted(body: &[u8], separators: &[char]) -> Result<Granted, RpError> {
    let mut answer: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| RpError::Answer("it is no token answer"))?;
    // RFC 6749 §7.1, OpenID Core §3.1.3.3: a client uses no token of a type that it doesn't know.
    match answer.get("token_type") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if kind.trim().is_empty() => {}
        Some(Value::String(kind)) if kind.trim().eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Err(RpError::Answer("the token type is not Bearer")),
    }
    let mut token = |name: &str| match answer.remove(name) {
        Some(Value::String(text)) => Some(Secret::new(text)).filter(|one| !one.expose().is_empty()),
        _ => None,
    };
    let sized = |token: &Secret<String>| token.expose().len() <= MAX_TOKEN_BYTES;
    let access_token = token("access_token").ok_or(RpError::Answer("it has no access token"))?;
    let id_token = token("id_token");
    let refresh_token = token("refresh_token").filter(sized);
    if !sized(&access_token) || id_token.as_ref().is_some_and(|token| !sized(token)) {
        return Err(RpError::Answer("a token is too long"));
    }
    Ok(Granted {
        access_token,
        expires_in: answer.get("expires_in").and_then(seconds),
        refresh_token,
        id_token,
        scope: answer
            .get("scope")
            .and_then(|scope| read_scope(scope, separators)),
    })
}

/// A lifetime as a number, with a fraction perhaps, or as a text. Zero, less and what is no number say nothing.
fn seconds(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    if number.is_nan() || number < 1.0 {
        return None;
    }
    // Whole seconds; more than the longest lifetime is the longest lifetime.
    let life = Duration::try_from_secs_f64(number).map_or(MAX_LIFE_SECONDS, |life| life.as_secs());
    Some(life.min(MAX_LIFE_SECONDS))
}

/// A scope as a text or as a list of texts, of which what is no scope is left out. Without any it is as if it were absent.
fn read_scope(value: &Value, separators: &[char]) -> Option<Scope> {
    let texts: Vec<&str> = match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let is_between = |c: char| c.is_whitespace() || separators.contains(&c);
    let scopes = texts
        .into_iter()
        .flat_map(|text| text.split(is_between))
        .filter(|one| !one.is_empty())
        .filter_map(|one| Scope::parse(one).ok());
    let scope = scopes.fold(Scope::default(), |all, one| all.union(&one));
    (!scope.to_string().is_empty()).then_some(scope)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(more: &Value) -> Result<Granted, RpError> {
        let mut answer = json!({"access_token": "at", "token_type": "Bearer"});
        for (name, value) in more.as_object().unwrap() {
            answer[name] = value.clone();
        }
        granted(answer.to_string().as_bytes(), &[])
    }

    #[test]
    fn c6_a_lifetime_is_read_in_every_form_and_ignored_in_none() {
        for (written, meant) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(" 3600 "), Some(3600)),
            (json!(3600.0), Some(3600)),
            (json!(3599.9), Some(3599)),
            (json!("3600.0"), Some(3600)),
            (json!(1e30), Some(MAX_LIFE_SECONDS)),
            (json!("99999999999999999999999"), Some(MAX_LIFE_SECONDS)),
            (json!(u64::MAX), Some(MAX_LIFE_SECONDS)),
            (json!(-1), None),
            (json!("-1"), None),
            (json!(0), None),
            (json!(null), None),
            (json!(""), None),
            (json!("NaN"), None),
            (json!("soon"), None),
            (json!(true), None),
            (json!({}), None),
            (json!([3600]), None),
        ] {
            let granted = read(&json!({"expires_in": written})).unwrap();
            assert_eq!(granted.expires_in, meant, "{written}");
        }
        assert_eq!(read(&json!({})).unwrap().expires_in, None);
    }

    #[test]
    fn c6_an_empty_refresh_token_is_none() {
        for written in [
            json!(""),
            json!(null),
            json!(7),
            json!({}),
            json!("x".repeat(MAX_TOKEN_BYTES + 1)),
        ] {
            let granted = read(&json!({"refresh_token": written})).unwrap();
            assert!(granted.refresh_token.is_none(), "{written}");
        }
        let granted = read(&json!({"refresh_token": "rt"})).unwrap();
        assert_eq!(granted.refresh_token.unwrap().expose(), "rt");
    }

    #[test]
    fn c6_bearer_is_read_in_any_case_and_no_other_type_is_used() {
        for written in [
            json!("bearer"),
            json!("BEARER"),
            json!("Bearer "),
            json!(null),
            json!(""),
        ] {
            assert!(read(&json!({"token_type": written})).is_ok(), "{written}");
        }
        assert!(granted(br#"{"access_token":"at"}"#, &[]).is_ok());
        for written in [
            json!("DPoP"),
            json!("mac"),
            json!("N_A"),
            json!(["Bearer"]),
            json!(1),
        ] {
            assert!(read(&json!({"token_type": written})).is_err(), "{written}");
        }
    }

    #[test]
    fn c6_a_scope_is_read_as_text_and_as_list() {
        for (written, meant) in [
            (json!("openid  profile"), Some("openid profile")),
            (json!(" openid\tprofile\n"), Some("openid profile")),
            (json!(["openid", "profile"]), Some("openid profile")),
            (json!(["openid profile", 7, null]), Some("openid profile")),
            (json!("openid \"quoted\" profile"), Some("openid profile")),
            (json!(""), None),
            (json!([]), None),
            (json!(null), None),
            (json!({"openid": true}), None),
        ] {
            let granted = read(&json!({"scope": written})).unwrap();
            let read = granted.scope.map(|scope| scope.to_string());
            assert_eq!(read.as_deref(), meant, "{written}");
        }
        let github = granted(
            br#"{"access_token":"at","scope":"read:user,user:email"}"#,
            &[','],
        );
        assert_eq!(
            github.unwrap().scope.unwrap().to_string(),
            "read:user user:email"
        );
    }

    #[test]
    fn c6_without_an_access_token_there_is_no_login() {
        for written in [
            json!(""),
            json!(null),
            json!(7),
            json!("x".repeat(MAX_TOKEN_BYTES + 1)),
        ] {
            assert!(
                read(&json!({"access_token": written})).is_err(),
                "{written}"
            );
        }
        for body in ["", "null", "[]", "access_token=at&token_type=bearer", "{"] {
            assert!(granted(body.as_bytes(), &[]).is_err(), "{body}");
        }
        for written in [json!(""), json!(null), json!(7)] {
            assert!(
                read(&json!({"id_token": written}))
                    .unwrap()
                    .id_token
                    .is_none()
            );
        }
    }

    #[test]
    fn c6_an_empty_error_is_none() {
        for body in [
            r#"{"error":""}"#,
            r#"{"error":null}"#,
            r#"{"error":false}"#,
            "{}",
            "x",
        ] {
            assert!(refused(body.as_bytes()).is_none(), "{body}");
        }
        let refusal = refused(br#"{"error":"invalid_grant","error_description":7}"#).unwrap();
        assert_eq!(
            (refusal.error.as_str(), refusal.error_description),
            ("invalid_grant", None)
        );
    }
}
