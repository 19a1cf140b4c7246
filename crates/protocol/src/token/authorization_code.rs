//! The redemption of a code: RFC 6749 §4.1.3, RFC 7636 §4.6, D9.

use jiff::{SignedDuration, Timestamp};

use crate::{
    error::OAuthError,
    explain::{Check, Shown, Trail, Values},
    model::{Client, ClientId, CodeBinding, GrantType},
    request::AuthorizationCodeRequest,
};

/// Proof that the right client presented the right redirect URI and verifier. Only [`check`] makes one.
#[derive(Debug)]
pub struct ProvedRedemption(());

/// Checks what does not depend on time, for unused and used codes alike. A request that fails here does not come from
/// the holder of the code, so nothing is consumed or revoked.
pub fn check(
    client: &Client,
    owner: &ClientId,
    binding: &CodeBinding,
    request: &AuthorizationCodeRequest,
) -> Result<ProvedRedemption, OAuthError> {
    let mut trail = Trail::default();
    super::check_grant_type(&mut trail, client, GrantType::AuthorizationCode)?;
    trail.check(OWNER, check_owner(client, owner), || {
        Values::compared(client.id().as_str(), owner.as_str())
    })?;
    trail.check(REDIRECT_URI, check_redirect_uri(binding, request), || {
        Values::nearest(
            request.redirect_uri.as_deref(),
            [binding.redirect_uri.as_str()],
        )
    })?;
    trail.check(CODE_VERIFIER, check_verifier(binding, request), || {
        let sent = request.verifier.as_ref().map(|_| Shown::of("(masked)"));
        Values::sent(sent)
    })?;
    Ok(ProvedRedemption(()))
}

const OWNER: Check = Check {
    name: "code_client",
    section: "RFC 6749 §4.1.3",
};
const REDIRECT_URI: Check = Check {
    name: "redirect_uri",
    section: "RFC 6749 §4.1.3",
};
const CODE_VERIFIER: Check = Check {
    name: "code_verifier",
    section: "RFC 7636 §4.6",
};

/// RFC 6749 §4.1.3: the code was issued to the authenticated client.
fn check_owner(client: &Client, owner: &ClientId) -> Result<(), OAuthError> {
    if client.id() == owner {
        return Ok(());
    }
    Err(OAuthError::invalid_grant(
        "the code belongs to another client",
    ))
}

/// RFC 6749 §4.1.3: present and identical, if the authorization request had it.
fn check_redirect_uri(
    binding: &CodeBinding,
    request: &AuthorizationCodeRequest,
) -> Result<(), OAuthError> {
    match &request.redirect_uri {
        Some(uri) if *uri != binding.redirect_uri => Err(OAuthError::invalid_grant(
            "redirect_uri is not the one of the authorization request",
        )),
        None if binding.redirect_uri_given => {
            Err(OAuthError::invalid_grant("redirect_uri is missing"))
        }
        _ => Ok(()),
    }
}

fn check_verifier(
    binding: &CodeBinding,
    request: &AuthorizationCodeRequest,
) -> Result<(), OAuthError> {
    match (&binding.challenge, &request.verifier) {
        // RFC 7636 §4.6
        (Some(challenge), Some(verifier)) if verifier.proves(challenge) => Ok(()),
        (Some(_), Some(_)) => Err(OAuthError::invalid_grant(
            "code_verifier does not match code_challenge",
        )),
        (Some(_), None) => Err(OAuthError::invalid_grant("code_verifier is missing")),
        // RFC 9700 §4.8.2: a verifier for a code without challenge is a downgrade.
        (None, Some(_)) => Err(OAuthError::invalid_grant(
            "code_verifier for a code without code_challenge",
        )),
        (None, None) => Ok(()),
    }
}

/// The lifetimes that begin with a code.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// An access token, from now.
    pub access_token: SignedDuration,
    /// The refresh tokens of one grant, from the login.
    pub refresh_absolute: SignedDuration,
    /// A session, from the login.
    pub session_absolute: SignedDuration,
}

/// The latest end of a new grant.
#[must_use]
pub fn end_of_grant(
    client: &Client,
    lifetimes: &Lifetimes,
    auth_time: Timestamp,
    now: Timestamp,
) -> Timestamp {
    let after = |since: Timestamp, span| since.saturating_add(span).unwrap_or(now);
    let last = if client.may_use(GrantType::RefreshToken) {
        // D11: the absolute end counts from the login.
        after(auth_time, lifetimes.refresh_absolute)
    } else if client.metadata().backchannel_logout_uri.is_some() {
        // D17: logout tokens are sent by grant, so this one is kept as long as the session can last.
        after(auth_time, lifetimes.session_absolute)
    } else {
        now
    };
    last.max(after(now, lifetimes.access_token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::ErrorCode,
        model::ClientMetadata,
        pkce::{CodeChallenge, CodeVerifier},
        samples::{self, REDIRECT_URI},
    };

    #[test]
    fn a_grant_ends_with_its_refresh_tokens_its_session_or_its_access_token() {
        let hours = SignedDuration::from_hours;
        let lifetimes = Lifetimes {
            access_token: hours(1),
            refresh_absolute: hours(90),
            session_absolute: hours(8),
        };
        let (now, code) = (samples::now(), vec![GrantType::AuthorizationCode]);
        let end = |ago, change: &dyn Fn(&mut ClientMetadata)| {
            let client = samples::client(|metadata| change(metadata));
            end_of_grant(&client, &lifetimes, now - hours(ago), now).duration_since(now)
        };
        let refreshed = |m: &mut ClientMetadata| m.grant_types.push(GrantType::RefreshToken);
        let bare = |m: &mut ClientMetadata| m.grant_types.clone_from(&code);
        let told = |m: &mut ClientMetadata| {
            bare(m);
            m.backchannel_logout_uri = Some("https://app.example/logout".to_owned());
        };
        assert_eq!(end(2, &refreshed), hours(88));
        assert_eq!(end(2, &told), hours(6));
        assert_eq!(end(2, &bare), hours(1));
        assert_eq!(end(7, &told), hours(1));
        assert_eq!(end(100, &told), hours(1), "never before its access token");
    }

    // RFC 7636 appendix B
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn bound_to(challenge: Option<&str>, given: bool) -> CodeBinding {
        CodeBinding {
            redirect_uri: REDIRECT_URI.to_owned(),
            redirect_uri_given: given,
            challenge: challenge.map(|c| CodeChallenge::parse(c).unwrap()),
        }
    }

    fn redeem(
        binding: &CodeBinding,
        uri: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<(), String> {
        of(&samples::client(|_| {}), "app", binding, uri, verifier)
    }

    /// The cause of the refusal, which is only logged.
    fn of(
        client: &Client,
        owner: &str,
        binding: &CodeBinding,
        uri: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<(), String> {
        let request = AuthorizationCodeRequest {
            code: None,
            redirect_uri: uri.map(str::to_owned),
            verifier: verifier.map(|v| CodeVerifier::parse(v).ok().unwrap()),
            resource: None,
        };
        let answer = check(client, &ClientId::parse(owner).unwrap(), binding, &request);
        answer
            .map(|ProvedRedemption(())| ())
            .map_err(|e| match e.code() {
                ErrorCode::InvalidGrant => e.cause().unwrap().to_owned(),
                code => code.to_string(),
            })
    }

    #[test]
    fn the_right_client_uri_and_verifier_are_a_proof() {
        let binding = bound_to(Some(CHALLENGE), true);
        assert_eq!(redeem(&binding, Some(REDIRECT_URI), Some(VERIFIER)), Ok(()));
    }

    #[test]
    fn a_stolen_code_is_worth_nothing_to_another_client() {
        let binding = bound_to(Some(CHALLENGE), true);
        let thief = of(
            &samples::client(|_| {}),
            "victim",
            &binding,
            Some(REDIRECT_URI),
            Some(VERIFIER),
        );
        assert_eq!(thief, Err("the code belongs to another client".to_owned()));
    }

    #[test]
    fn a_client_without_the_grant_type_redeems_nothing() {
        let script = |m: &mut ClientMetadata| {
            m.token_endpoint_auth_method = crate::model::AuthMethod::ClientSecretPost;
            m.client_secret = Some(cardea_seal::Secret::new("s".repeat(32)));
            m.grant_types = vec![GrantType::ClientCredentials];
        };
        let binding = bound_to(None, true);
        let answer = of(
            &samples::client(script),
            "app",
            &binding,
            Some(REDIRECT_URI),
            None,
        );
        assert_eq!(answer, Err("unauthorized_client".to_owned()));
    }

    #[test]
    fn n3_a_refused_redemption_says_where_the_redirect_uri_differs_and_never_shows_a_secret() {
        let binding = bound_to(Some(CHALLENGE), true);
        let request = |uri: &str, verifier: &str| AuthorizationCodeRequest {
            code: None,
            redirect_uri: Some(uri.to_owned()),
            verifier: CodeVerifier::parse(verifier).ok(),
            resource: None,
        };
        let client = samples::client(|_| {});
        let slash = request(&format!("{REDIRECT_URI}/"), VERIFIER);
        let error = check(&client, client.id(), &binding, &slash).unwrap_err();
        let trail = error.trail().unwrap();
        assert_eq!(
            trail.to_string(),
            "grant_type passed, code_client passed, redirect_uri failed"
        );
        assert_eq!(
            trail.values().differs.as_deref(),
            Some("the path differs by a trailing slash")
        );
        let other = "b".repeat(43);
        let wrong = check(
            &client,
            client.id(),
            &binding,
            &request(REDIRECT_URI, &other),
        );
        let shown = format!("{:?}", wrong.unwrap_err().trail().unwrap());
        assert!(
            shown.contains("code_verifier") && !shown.contains(&other),
            "{shown}"
        );
    }

    #[test]
    fn the_redirect_uri_is_identical_if_the_request_had_it() {
        let given = bound_to(None, true);
        let wrong = Err("redirect_uri is not the one of the authorization request".to_owned());
        assert_eq!(redeem(&given, Some("https://app.example/cb/"), None), wrong);
        assert_eq!(
            redeem(&given, None, None),
            Err("redirect_uri is missing".to_owned())
        );
        // Left out at /authorize it may be left out here, or be the registered one.
        let left_out = bound_to(None, false);
        assert_eq!(redeem(&left_out, None, None), Ok(()));
        assert_eq!(redeem(&left_out, Some(REDIRECT_URI), None), Ok(()));
        assert_eq!(redeem(&left_out, Some("https://evil.example"), None), wrong);
    }

    #[test]
    fn pkce_can_neither_be_skipped_nor_made_up() {
        let bound = bound_to(Some(CHALLENGE), true);
        let uri = Some(REDIRECT_URI);
        assert_eq!(
            redeem(&bound, uri, None),
            Err("code_verifier is missing".to_owned())
        );
        let wrong = redeem(&bound, uri, Some(&"a".repeat(43)));
        assert_eq!(
            wrong,
            Err("code_verifier does not match code_challenge".to_owned())
        );
        // The challenge itself, as with the method plain.
        assert!(redeem(&bound, uri, Some(CHALLENGE)).is_err());
        let downgrade = redeem(&bound_to(None, true), uri, Some(VERIFIER));
        assert_eq!(
            downgrade,
            Err("code_verifier for a code without code_challenge".to_owned())
        );
        assert_eq!(redeem(&bound_to(None, true), uri, None), Ok(()));
    }
}
