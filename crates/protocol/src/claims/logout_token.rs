//! Logout tokens: OpenID Back-Channel Logout §2.4.

use serde::Serialize;
use serde_json::{Value, json};

use super::Issue;
use crate::{
    model::{ClientId, Jti, Sid, Subject},
    verify::BACKCHANNEL_LOGOUT_EVENT,
};

/// The claims of a logout token. A `nonce` is not among them, so that it can't pass for an ID token.
#[derive(Debug, Clone, Serialize)]
pub struct LogoutTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    events: Value,
    sid: String,
}

/// The claims of a new logout token: the session of this user at this client has ended.
#[must_use]
pub fn logout_token(
    issue: Issue<'_>,
    client: &ClientId,
    (subject, sid): (&Subject, &Sid),
    jti: &Jti,
) -> LogoutTokenClaims {
    LogoutTokenClaims {
        iss: issue.issuer.to_owned(),
        sub: subject.to_string(),
        aud: client.to_string(),
        iat: issue.now.as_second(),
        exp: issue.exp(),
        jti: jti.as_str().to_owned(),
        // OpenID Back-Channel Logout §2.4: the member's value is an empty object.
        events: json!({ BACKCHANNEL_LOGOUT_EVENT: {} }),
        sid: sid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::samples::{ISSUER, now};

    #[test]
    fn the_claims_name_user_session_and_event_and_nothing_else() {
        let issue = Issue {
            issuer: ISSUER,
            now: now(),
            ttl: SignedDuration::from_mins(2),
        };
        let client = ClientId::parse("app").unwrap();
        let (subject, sid) = (
            Subject::parse("alice-1").unwrap(),
            Sid::parse("the-sid").unwrap(),
        );
        let jti = Jti::parse("the-jti").unwrap();
        let claims = logout_token(issue, &client, (&subject, &sid), &jti);
        let expected = json!({
            "iss": ISSUER, "sub": "alice-1", "aud": "app", "jti": "the-jti", "sid": "the-sid",
            "iat": now().as_second(), "exp": now().as_second() + 120,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(serde_json::to_value(claims).unwrap(), expected);
    }
}
