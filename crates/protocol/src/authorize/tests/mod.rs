mod explained;
mod logged;
mod order;
mod parameters;
mod pkce;
mod ticket;
mod user;

use super::*;
use crate::{
    error::ErrorCode,
    model::{AuthMethod, ClientId, ClientMetadata, ClientStatus, GrantType, Owner},
    pkce::CodeChallenge,
    redirect_uri::ApplicationType,
    request::{ClaimsRequest, Prompt, ResponseMode},
    samples::{self, ISSUER, REDIRECT_URI, now, subject},
};

/// RFC 7636 appendix B
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A request to be changed by a test, and what it is checked against.
struct Asked {
    pairs: Vec<(String, String)>,
    /// The names of the parameters that could not be decoded.
    undecodable: Vec<String>,
    /// Some registered client identifiers.
    clients: Vec<String>,
    client: Option<Client>,
    hint: Result<VerifiedHint, OAuthError>,
}

fn confidential(m: &mut ClientMetadata) {
    m.token_endpoint_auth_method = AuthMethod::ClientSecretBasic;
    m.client_secret = Some(cardea_seal::Secret::new("s".repeat(32)));
}

/// A client that gets tokens only for itself (RFC 6749 §4.4).
fn script(m: &mut ClientMetadata) {
    confidential(m);
    m.grant_types = vec![GrantType::ClientCredentials];
}

/// An OpenID request of a public client in which everything is right.
fn asked() -> Asked {
    let pairs = [
        ("client_id", "app"),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("scope", "openid email orders:read"),
        ("state", "the state"),
        ("nonce", "n-0"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    Asked {
        pairs: samples::pairs(&pairs),
        undecodable: Vec::new(),
        clients: vec!["app".to_owned(), "other".to_owned()],
        client: Some(samples::client(|_| {})),
        hint: Err(OAuthError::invalid_request("no hint was expected")),
    }
}

impl Asked {
    fn with(self, name: &str, value: &str) -> Self {
        self.without(name).also(name, value)
    }

    /// Adds a parameter beside those of the same name.
    fn also(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a parameter whose value can't be decoded.
    fn also_undecodable(mut self, name: &str) -> Self {
        self.undecodable.push(name.to_owned());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(n, _)| n != name);
        self
    }

    fn of(mut self, change: impl FnOnce(&mut ClientMetadata)) -> Self {
        self.client = Some(samples::client(change));
        self
    }

    fn hinting_at(mut self, text: &str) -> Self {
        self.hint = Ok(VerifiedHint {
            subject: subject(text),
            client_id: ClientId::parse("app").unwrap(),
            sid: None,
        });
        self.with("id_token_hint", "a.b.c")
    }

    fn check(&self) -> Result<AuthorizationRequest, Refusal> {
        let resources = samples::resources();
        let context = Context {
            client: self.client.as_ref(),
            similar_client: None,
            some_clients: &self.clients,
            resources: &resources,
            sign_up: false,
            acr: &[Acr::Password, Acr::Mfa],
            hint: &|_| self.hint.clone(),
        };
        let params = match self.undecodable.is_empty() {
            true => AuthorizationParams::new(&self.pairs),
            false => AuthorizationParams::flawed(&self.pairs, &self.undecodable, "not decodable"),
        };
        check(&params, context)
    }

    #[track_caller]
    fn accepted(&self) -> AuthorizationRequest {
        self.check().unwrap_or_else(|r| panic!("{r:?}"))
    }

    /// The error that goes back to the client; state and issuer go with it, the description is as RFC 6749 wants it.
    #[track_caller]
    fn refused(&self) -> OAuthError {
        let Err(Refusal::Return(back, error)) = self.check() else {
            panic!("not sent back to the client")
        };
        // RFC 6749 §4.1.2.1
        let allowed = |b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(error.description().bytes().all(allowed), "{error}");
        let answer = back.error(&error, ISSUER);
        let value = |name| answer.pairs().iter().find(|(n, _)| *n == name);
        assert_eq!(value("error").unwrap().1, error.code().as_str());
        assert_eq!(value("error_description").unwrap().1, error.description());
        assert_eq!(value("iss").unwrap().1, ISSUER);
        let mut states = self.pairs.iter().filter(|(n, _)| n == "state");
        if let (Some((_, state)), None) = (states.next(), states.next())
            && !state.is_empty()
        {
            assert_eq!(value("state").unwrap().1, *state);
        }
        let trail = error.trail().expect("a trail");
        assert!(trail.failure().is_some(), "{trail}");
        error
    }

    #[track_caller]
    fn code(&self) -> ErrorCode {
        self.refused().code()
    }

    /// The error that the user is shown.
    #[track_caller]
    fn page(&self) -> OAuthError {
        self.page_for().1
    }

    #[track_caller]
    fn page_for(&self) -> (PageReason, OAuthError) {
        let Err(Refusal::Page(reason, error)) = self.check() else {
            panic!("not shown to the user")
        };
        (reason, error)
    }
}

#[test]
fn a_valid_request_is_accepted_with_all_its_parameters() {
    let request = asked()
        .with("response_mode", "form_post")
        .with("resource", "api://orders")
        .with("prompt", "login consent")
        .with("max_age", "600")
        .with("login_hint", "alice@example.test")
        .with("claims", r#"{"userinfo":{"name":null}}"#)
        .with("acr_values", "urn:other")
        .with("ui_locales", "nl de-AT en")
        .with("display", "popup")
        .with("unknown", "dropped")
        .accepted();
    let expected = AuthorizationRequest {
        access: Access {
            scope: samples::scope("openid email orders:read"),
            resources: vec![samples::audience("api://orders")],
            max_age: Some(600),
            claims: ClaimsRequest::parse(r#"{"userinfo":{"name":null}}"#).unwrap(),
            acr_values: vec!["urn:other".to_owned()],
            login_hint: Some("alice@example.test".to_owned()),
            organization: None,
            ..samples::request().access
        },
        return_path: ReturnPath {
            response_mode: ResponseMode::FormPost,
            state: Some("the state".to_owned()),
            nonce: Some("n-0".to_owned()),
            challenge: Some(CodeChallenge::parse(CHALLENGE).unwrap()),
            ..samples::request().return_path
        },
        prompt: Prompts::parse("login consent").unwrap(),
        language: Some(Lang::De),
    };
    assert_eq!(request, expected);
}

#[test]
fn an_unknown_or_disabled_client_is_reported_only_to_the_user() {
    let mut nobody = asked();
    nobody.client = None;
    assert_eq!(nobody.page().code(), ErrorCode::InvalidClient);

    let mut disabled = asked();
    let status = ClientStatus::Disabled;
    let client = Client::restore(samples::metadata(), None, status, Owner::Store, now());
    disabled.client = Some(client.unwrap());
    assert_eq!(disabled.page().cause(), Some("the client is disabled"));
    assert_eq!(disabled.page().description(), nobody.page().description());
}

#[test]
fn an_unregistered_redirect_uri_is_never_redirected_to() {
    for uri in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/cb?x",
        "https://app.example/cb#f",
        "https://app.example.evil.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example:8443/cb",
        "http://app.example/cb",
        "HTTPS://app.example/cb",
        "javascript:alert(1)",
        "//app.example/cb",
        &format!("{REDIRECT_URI}{}", "x".repeat(1024)),
    ] {
        let bad = asked()
            .with("redirect_uri", uri)
            .with("response_type", "token")
            .with("scope", "nothing")
            .with("state", "\u{1}")
            .with("prompt", "none login")
            .without("code_challenge");
        assert_eq!(bad.page().code(), ErrorCode::InvalidRequest, "{uri}");
    }
}

#[test]
fn the_redirect_uri_may_be_left_out_only_without_openid_and_with_one_registered() {
    let oauth = || asked().without("redirect_uri").with("scope", "orders:read");
    let request = oauth().accepted();
    assert_eq!(request.return_path.redirect_uri, REDIRECT_URI);
    assert!(!request.return_path.redirect_uri_given);
    assert!(
        !oauth()
            .with("redirect_uri", "")
            .accepted()
            .return_path
            .redirect_uri_given
    );

    let openid = asked().without("redirect_uri");
    // OpenID Core §3.1.2.1; and a URI that the request did not name is not used.
    assert_eq!(
        openid.page().description(),
        "the parameter redirect_uri is missing"
    );

    let two = oauth().of(|m| m.redirect_uris.push("https://app.example/2".to_owned()));
    assert_eq!(
        two.page().description(),
        "the parameter redirect_uri is missing"
    );
}

#[test]
fn a_native_app_may_use_any_port() {
    let native = |m: &mut ClientMetadata| {
        m.application_type = ApplicationType::Native;
        m.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
    };
    let request = asked()
        .of(native)
        .with("redirect_uri", "http://127.0.0.1:51004/cb")
        .accepted();
    assert_eq!(
        request.return_path.redirect_uri,
        "http://127.0.0.1:51004/cb"
    );
}

#[test]
fn a_repeated_client_or_redirect_uri_is_reported_only_to_the_user() {
    for name in ["client_id", "redirect_uri"] {
        for other in ["x", "app", REDIRECT_URI, ""] {
            let (reason, error) = asked().also(name, other).page_for();
            assert_eq!(error.code(), ErrorCode::InvalidRequest, "{name}");
            assert_eq!(reason, PageReason::Unreadable, "{name}");
        }
    }
}

#[test]
fn any_other_repeated_parameter_goes_back_to_the_client() {
    for name in ["scope", "code_challenge", "nonce", "unknown"] {
        let asked = asked().also("unknown", "y").also(name, "x");
        assert_eq!(asked.code(), ErrorCode::InvalidRequest, "{name}");
    }
}

#[test]
fn a_repeated_state_is_not_echoed() {
    let asked = asked().also("state", "another");
    let Err(Refusal::Return(back, error)) = asked.check() else {
        panic!("not sent back")
    };
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
    let answer = back.error(&error, ISSUER);
    assert!(answer.pairs().iter().all(|(name, _)| *name != "state"));
}

#[test]
fn b4_a_request_up_to_16_kib_is_accepted_and_a_larger_one_goes_back_to_the_client() {
    let fits = asked().with("unknown", &"x".repeat(15_900));
    fits.accepted();
    let over = asked().with("unknown", &"x".repeat(16_384));
    assert_eq!(over.code(), ErrorCode::InvalidRequest);
    let nowhere = over.with("redirect_uri", "https://evil.example/");
    nowhere.page();
}

#[test]
fn a_requested_claim_does_not_bypass_the_scopes_of_the_client() {
    let claims =
        r#"{"userinfo":{"email":null,"phone_number":null},"id_token":{"name":null,"acr":null}}"#;
    let narrow = |m: &mut ClientMetadata| m.scope = "openid email orders:read".to_owned();
    let request = asked().of(narrow).with("claims", claims).accepted();
    let names: Vec<_> = request
        .access
        .claims
        .userinfo
        .keys()
        .chain(request.access.claims.id_token.keys())
        .collect();
    assert_eq!(names, ["email", "acr"]);
}

#[test]
fn a_requested_claim_needs_consent_to_its_scope() {
    let claims = r#"{"userinfo":{"phone_number":null}}"#;
    let all = |m: &mut ClientMetadata| m.scope = "openid phone".to_owned();
    let request = asked()
        .of(all)
        .with("scope", "openid")
        .with("claims", claims)
        .accepted();
    assert_eq!(request.access.scope.to_string(), "openid");
    assert_eq!(request.access.consent_scope().to_string(), "openid phone");
}
