//! Users, clients, sessions, codes and grants to test with.

use std::{future::Future, sync::Arc};

use cardea_protocol::{
    model::*,
    pkce::CodeVerifier,
    request::AuthorizationCodeRequest,
    scope::Scope,
    token::{
        Inactive,
        authorization_code::{self, ProvedRedemption},
        refresh_token::{Policy, Presented, Sender, Verdict},
    },
};
use cardea_seal::{Digest, Secret};
use jiff::{SignedDuration, Timestamp};

use crate::*;

pub type AnyStore = Arc<dyn Store>;

/// Scopes with and without offline access.
pub const ONLINE: &str = "openid orders:read";
pub const OFFLINE: &str = "openid orders:read offline_access";

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;
/// When a case begins: 2030-03-17T17:46:40Z.
pub const START: Timestamp = Timestamp::constant(1_900_000_000, 0);

/// So many seconds after [`START`].
pub fn at(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

pub fn cause(seconds: i64) -> Cause {
    Cause {
        now: at(seconds),
        request_id: "ABCDEFGHJKMN".to_owned(),
        address: Some([192, 0, 2, 1].into()),
        user_agent: Some("test".to_owned()),
        actor: Actor::Stranger,
    }
}

pub fn conflict(constraint: Constraint) -> StoreError {
    StoreError::Conflict { constraint }
}

pub fn page<P>() -> Page<P> {
    Page::first(100)
}

pub fn user(name: &str) -> User {
    User {
        subject: subject(name),
        username: Username::parse(name).unwrap(),
        email: Some(format!("{name}@example.test")),
        email_verified: true,
        roles: vec!["user".to_owned()],
        claims: [("name".to_owned(), serde_json::json!("Alice A"))].into(),
        status: UserStatus::Enabled,
        failures: LoginFailures::default(),
        devices_since: None,
        account: AccountState::default(),
        created_at: at(0),
        updated_at: at(0),
    }
}

pub fn password() -> Option<Secret<String>> {
    Some(Secret::new("$argon2id$old".to_owned()))
}

pub fn subject(name: &str) -> Subject {
    Subject::parse(&Digest::of(name.to_lowercase().as_bytes()).to_text()).unwrap()
}

pub fn client(id: &str) -> Client {
    client_of(id, Owner::Store)
}

pub fn client_of(id: &str, owner: Owner) -> Client {
    Client::register(metadata(id), owner, at(0)).unwrap()
}

pub fn metadata(id: &str) -> ClientMetadata {
    ClientMetadata {
        client_id: id.to_owned(),
        client_name: Some("Orders".to_owned()),
        redirect_uris: vec!["https://app.example/callback".to_owned()],
        token_endpoint_auth_method: AuthMethod::None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scope: OFFLINE.to_owned(),
        ..ClientMetadata::default()
    }
}

pub fn session(name: &str, user: &User, seconds: i64) -> Session {
    Session {
        id: SessionId(Digest::of(name.as_bytes())),
        sid: Sid::parse(&format!("sid-{name}")).unwrap(),
        subject: user.subject.clone(),
        context: AuthenticationContext {
            auth_time: at(seconds),
            acr: "urn:cardea:password".to_owned(),
            amr: vec!["pwd".to_owned()],
        },
        created_at: at(seconds),
        last_seen_at: at(seconds),
        idle_expires_at: at(seconds + 30 * MINUTE),
        expires_at: at(seconds + 8 * HOUR),
        remembered: false,
        address: Some([192, 0, 2, 1].into()),
        user_agent: Some("browser".to_owned()),
        ended: None,
    }
}

pub fn code(name: &str, session: &Session, client: &Client, scope: &str, seconds: i64) -> Code {
    Code {
        hash: CodeHash(Digest::of(name.as_bytes())),
        client_id: client.id().clone(),
        binding: CodeBinding {
            redirect_uri: "https://app.example/callback".to_owned(),
            redirect_uri_given: true,
            challenge: Some(verifier().challenge()),
        },
        sender: None,
        session: session.id,
        subject: session.subject.clone(),
        scope: Scope::parse(scope).unwrap(),
        resources: vec![Audience::parse("api://orders").unwrap()],
        organization: None,
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        claims: cardea_protocol::request::ClaimsRequest::parse(
            r#"{"userinfo":{"email":{"essential":true}}}"#,
        )
        .unwrap(),
        context: session.context.clone(),
        issued_at: at(seconds),
        expires_at: at(seconds + MINUTE),
    }
}

fn verifier() -> CodeVerifier {
    CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap()
}

/// A grant that lives 90 days, with a refresh token that lives 30.
pub fn grant(code: &Code, seconds: i64) -> Grant {
    let id = GrantId::of_code(code.hash);
    Grant {
        id,
        client_id: code.client_id.clone(),
        subject: code.subject.clone(),
        session: Some(code.session),
        origin: Origin::Code {
            binding: code.binding.clone(),
        },
        sender: code.sender,
        scope: code.scope.clone(),
        resources: code.resources.clone(),
        organization: code.organization.clone(),
        claims: code.claims.clone(),
        nonce: code.nonce.clone(),
        context: code.context.clone(),
        refresh: Some(RefreshState {
            token_id: RefreshTokenId::of_grant(id),
            sealed_secret: vec![7; 60],
            generation: 0,
            rotated_at: at(seconds),
            current_seen: false,
            late_retry_at: None,
            retries: 0,
            anomaly_at: None,
            last_seen: seen(1),
            idle_expires_at: at(seconds + 30 * DAY),
        }),
        created_at: at(seconds),
        expires_at: at(seconds + 90 * DAY),
        state: GrantState::Live,
    }
}

/// Seen from the network of this number.
pub fn seen(network: u8) -> LastSeen {
    LastSeen {
        address: Some([192, 0, network, 1].into()),
        user_agent: Some("app".to_owned()),
    }
}

pub fn proof(client: &Client, binding: &CodeBinding) -> ProvedRedemption {
    let request = AuthorizationCodeRequest {
        code: None,
        redirect_uri: Some(binding.redirect_uri.clone()),
        verifier: Some(verifier()),
        resource: None,
    };
    authorization_code::check(client, client.id(), binding, &request).unwrap()
}

pub fn put(client: Client, change: ClientChange, seconds: i64) -> PutClient {
    PutClient {
        client,
        change,
        cause: cause(seconds),
    }
}

/// A store with Alice, logged in, and the client `spa`.
pub struct World {
    pub store: AnyStore,
    pub alice: User,
    pub spa: Client,
    pub session: Session,
}

impl World {
    pub async fn new(store: AnyStore) -> Self {
        let (alice, spa) = (user("alice"), client("spa"));
        let session = session("one", &alice, 0);
        store
            .add_user(AddUser {
                user: alice.clone(),
                password_hash: password(),
                cause: cause(0),
            })
            .await
            .unwrap();
        assert!(
            store
                .put_client(put(spa.clone(), ClientChange::Add, 0))
                .await
                .unwrap()
        );
        let world = Self {
            store,
            alice,
            spa,
            session,
        };
        world.open(&world.session, None, 0).await;
        world
    }

    pub async fn open(&self, session: &Session, previous: Option<SessionId>, seconds: i64) {
        let command = OpenSession {
            session: session.clone(),
            previous,
            passkey: None,
            password_set_at: None,
            upstream: None,
            notice: None,
            cause: cause(seconds),
        };
        assert!(self.store.open_session(command).await.unwrap().is_some());
    }

    /// A code of Alice's session.
    pub async fn code(&self, name: &str, scope: &str, seconds: i64) -> Code {
        let code = code(name, &self.session, &self.spa, scope, seconds);
        assert!(self.issue(&code, seconds).await);
        code
    }

    pub async fn issue(&self, code: &Code, seconds: i64) -> bool {
        let command = IssueCode {
            code: code.clone(),
            consent: ConsentChange::None,
            cause: cause(seconds),
        };
        self.store.issue_code(command).await.unwrap()
    }

    pub async fn redeem(&self, code: &Code, seconds: i64) -> Redeemed {
        self.store
            .redeem_code(self.redemption(code, seconds))
            .await
            .unwrap()
    }

    pub fn redemption(&self, code: &Code, seconds: i64) -> RedeemCode {
        let proof = proof(&self.spa, &code.binding);
        RedeemCode {
            code: code.hash,
            grant: grant(code, seconds),
            proof,
            cause: cause(seconds),
        }
    }

    /// A grant of Alice's session.
    pub async fn grant(&self, name: &str, scope: &str, seconds: i64) -> Grant {
        let code = self.code(name, scope, seconds).await;
        assert!(matches!(self.redeem(&code, seconds).await, Redeemed::Done));
        grant(&code, seconds)
    }

    /// Why no token of the grant is active, if none is.
    pub async fn dead(&self, grant: &Grant, seconds: i64) -> Option<&'static str> {
        let (id, any, now) = (grant.id, jti("any"), at(seconds));
        let state = self.store.token_state(id, &any, now).await.unwrap();
        let life = self.store.token_life(id, &any, now).await.unwrap();
        let Some(state) = state else {
            assert_eq!(life, None);
            return Some("the grant is gone");
        };
        let why = state.standing.judge(&state.grant, now).err();
        let life = life.unwrap();
        assert_eq!(life.standing.judge(life.life, now).err(), why);
        assert_eq!(life.username, state.user.username.as_str());
        why.map(Inactive::as_str)
    }

    pub async fn stored(&self, grant: &Grant) -> Grant {
        self.store
            .token_state(grant.id, &jti("any"), at(0))
            .await
            .unwrap()
            .unwrap()
            .grant
    }

    pub async fn rotate(&self, command: RotateRefresh) -> Verdict {
        let rotated = self.store.rotate_refresh(command).await;
        rotated.unwrap().unwrap().verdict
    }

    pub async fn end(&self, which: EndWhich, why: SessionEnd, seconds: i64) -> u64 {
        self.store
            .end_sessions(EndSessions {
                which,
                why,
                applications: Applications::Keep,
                cause: cause(seconds),
            })
            .await
            .unwrap()
    }

    /// The events of the audit, the oldest first.
    pub async fn events(&self) -> Vec<AuditEvent> {
        events(&self.store).await
    }

    pub async fn count(&self, event: AuditEvent) -> usize {
        self.events()
            .await
            .into_iter()
            .filter(|e| *e == event)
            .count()
    }
}

pub async fn events(store: &AnyStore) -> Vec<AuditEvent> {
    let all = Page::first(MAX_PAGE);
    let rows = store.audit(AuditFilter::default(), all).await.unwrap();
    let rows = rows.items.iter().rev();
    rows.map(|row| row.event.known().unwrap()).collect()
}

/// A rotation by `spa`, a public client, from the usual network.
pub fn rotation(grant: &Grant, generation: u32, seconds: i64) -> RotateRefresh {
    RotateRefresh {
        grant: Box::new(grant.clone()),
        presented: Presented {
            can_be_met: true,
            generation,
            client: grant.client_id.clone(),
            sender: Sender::Public,
            seen: seen(1),
        },
        policy: Policy {
            rotation: RefreshRotation::Idempotent,
            idle_ttl: SignedDuration::from_hours(24 * 30),
            second_factor: false,
        },
        session_due: true,
        session_idle: SignedDuration::from_mins(30),
        cause: cause(seconds),
    }
}

pub fn jti(text: &str) -> Jti {
    Jti::parse(text).unwrap()
}

/// Runs twenty of them at once, on several threads.
pub async fn race<T, F>(one: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: tokio::task::JoinSet<T> = (0..20).map(one).collect();
    tasks.join_all().await
}
