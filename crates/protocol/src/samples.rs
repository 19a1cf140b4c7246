//! Values for tests: a user with a session, a client, and a grant between them, all active at [`now`].

use cardea_seal::Digest;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    authorize::{Access, AuthorizationRequest, ReturnPath},
    model::{
        AccountState, Audience, AuthenticationContext, Client, ClientId, ClientMetadata,
        CodeBinding, CodeHash, Grant, GrantId, GrantState, GrantType, LastSeen, LoginFailures,
        Origin, Owner, RefreshState, RefreshTokenId, Session, SessionId, Sid, Subject, User,
        UserStatus, Username,
    },
    request::{ClaimsRequest, Prompts, ResponseMode},
    resources::{ResourceConfig, Resources},
    scope::Scope,
};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const REDIRECT_URI: &str = "https://app.example/cb";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

pub(crate) fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub(crate) fn subject(text: &str) -> Subject {
    Subject::parse(text).unwrap()
}

pub(crate) fn sid(text: &str) -> Sid {
    Sid::parse(text).unwrap()
}

pub(crate) fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

pub(crate) fn audience(text: &str) -> Audience {
    Audience::parse(text).unwrap()
}

/// A public web client that may refresh.
pub(crate) fn metadata() -> ClientMetadata {
    ClientMetadata {
        client_id: "app".to_owned(),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        token_endpoint_auth_method: crate::model::AuthMethod::None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scope: "openid profile email offline_access orders:read".to_owned(),
        ..Default::default()
    }
}

pub(crate) fn client(change: impl FnOnce(&mut ClientMetadata)) -> Client {
    let mut metadata = metadata();
    change(&mut metadata);
    Client::register(metadata, Owner::Store, now()).unwrap()
}

/// Two APIs: the client above is registered for the first only.
pub(crate) fn resources() -> Resources {
    let api = |audience: &str, scopes: &[&str]| ResourceConfig {
        audience: audience.to_owned(),
        scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
        ..Default::default()
    };
    let orders = api("api://orders", &["orders:read", "orders:write"]);
    Resources::new(&[orders, api("api://mail", &["mail:send"])]).unwrap()
}

pub(crate) fn user() -> User {
    let claims = json!({"name": "Alice A", "phone_number": "+1 555 0100", "secret": 1});
    User {
        subject: subject("alice"),
        username: Username::parse("alice@home").unwrap(),
        email: Some("alice@example.test".to_owned()),
        email_verified: true,
        roles: vec!["editor".to_owned()],
        claims: serde_json::from_value(claims).unwrap(),
        status: UserStatus::Enabled,
        failures: LoginFailures::default(),
        devices_since: None,
        account: AccountState::default(),
        created_at: now(),
        updated_at: now(),
    }
}

fn context() -> AuthenticationContext {
    AuthenticationContext {
        auth_time: now() - seconds(600),
        acr: crate::mfa::Acr::Password.as_str().to_owned(),
        amr: vec!["pwd".to_owned()],
    }
}

/// Alice logged in ten minutes ago.
pub(crate) fn session() -> Session {
    Session {
        id: SessionId(Digest::of(b"cookie")),
        sid: sid("s1"),
        subject: subject("alice"),
        context: context(),
        created_at: now() - seconds(600),
        last_seen_at: now(),
        idle_expires_at: now() + seconds(1800),
        expires_at: now() + seconds(28_800),
        remembered: false,
        address: None,
        user_agent: None,
        ended: None,
    }
}

/// A grant of Alice to the client: the refresh token was rotated five times, the last time a minute ago.
pub(crate) fn grant() -> Grant {
    Grant {
        id: GrantId::of_code(CodeHash(Digest::of(b"code"))),
        client_id: ClientId::parse("app").unwrap(),
        subject: subject("alice"),
        session: Some(SessionId(Digest::of(b"cookie"))),
        origin: Origin::Code {
            binding: CodeBinding {
                redirect_uri: REDIRECT_URI.to_owned(),
                redirect_uri_given: true,
                challenge: None,
            },
        },
        sender: None,
        scope: scope("openid email orders:read"),
        resources: Vec::new(),
        organization: None,
        claims: ClaimsRequest::default(),
        nonce: Some("n-0".to_owned()),
        context: context(),
        refresh: Some(RefreshState {
            token_id: RefreshTokenId([7; 16]),
            sealed_secret: vec![9; 60],
            generation: 5,
            rotated_at: now() - seconds(60),
            current_seen: false,
            late_retry_at: None,
            retries: 0,
            anomaly_at: None,
            last_seen: LastSeen {
                address: Some("203.0.113.7".parse().unwrap()),
                user_agent: Some("Firefox".to_owned()),
            },
            idle_expires_at: now() + seconds(2_592_000),
        }),
        created_at: now() - seconds(3600),
        expires_at: now() + seconds(7_776_000),
        state: GrantState::Live,
    }
}

/// A checked request of the client above.
pub(crate) fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        access: Access {
            client_id: ClientId::parse("app").unwrap(),
            scope: scope("openid email"),
            resources: Vec::new(),
            claims: ClaimsRequest::default(),
            max_age: None,
            acr_values: Vec::new(),
            login_hint: None,
            subject: None,
            organization: None,
        },
        return_path: ReturnPath {
            redirect_uri: REDIRECT_URI.to_owned(),
            redirect_uri_given: true,
            response_mode: ResponseMode::Query,
            state: Some("s & t".to_owned()),
            nonce: None,
            challenge: None,
        },
        prompt: Prompts::default(),
        language: None,
    }
}

/// Pairs as a decoded query or body has them.
pub(crate) fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
