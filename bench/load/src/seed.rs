//! A store full of users, sessions, grants and codes, made by the verbs of the store with the server's own keys.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use cardea_protocol::{
    model::{
        AccountState, Actor, AuthenticationContext, Cause, Client, ClientId, Code, CodeBinding,
        CodeHash, Grant, GrantId, GrantState, LastSeen, LoginFailures, Origin, RefreshState,
        RefreshTokenId, Session, SessionId, Sid, Subject, User, UserStatus, Username,
    },
    pkce::CodeVerifier,
    request::{AuthorizationCodeRequest, ClaimsRequest},
    scope::Scope,
    token::{
        AuthorizationCode, authorization_code,
        refresh_token::{RefreshToken, TokenKey},
    },
};
use cardea_seal::{Entropy, MacKey, MasterKey, Sealer};
use cardea_store::{
    AddUser, ConsentChange, IssueCode, OpenSession, RedeemCode, Redeemed, Store,
    sqlite::{Options as StoreOptions, SqliteStore},
};
use cardea_web::clock::{Clock as _, SystemClock};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// As in `crates/server/src/app.rs`. If they differed, the server would refuse the tokens, and the bench would fail.
const EPOCH: u8 = 1;
const ROW_SECRET: &str = "refresh row secret";
const REFRESH_MAC: &str = "refresh token";

/// The verifier of all codes.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// Grants of one session: fewer than [`Grant::MOST_LIVING`], or the oldest would be superseded.
const PER_USER: u32 = 50;
/// A few less than the queue of the store holds.
const WORKERS: u32 = 224;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The file of the store.
    #[arg(long)]
    database: PathBuf,
    /// The file of the master key.
    #[arg(long)]
    master_key: PathBuf,
    /// The issuer that the store belongs to.
    #[arg(long)]
    issuer: String,
    /// The client of the grants, which is in the store.
    #[arg(long)]
    client: String,
    /// The granted scope.
    #[arg(long)]
    scope: String,
    /// The number of grants with a refresh token.
    #[arg(long, default_value_t = 0)]
    grants: u32,
    /// The number of unredeemed codes.
    #[arg(long, default_value_t = 0)]
    codes: u32,
    /// The file for the refresh tokens or codes, one per line.
    #[arg(long)]
    out: PathBuf,
}

/// A code or a refresh token, and the time when it was made.
type Line = (Timestamp, String);

/// The values that all grants share.
struct Seeder {
    store: SqliteStore,
    entropy: Entropy,
    client: Client,
    scope: Scope,
    sealer: Sealer,
    mac: MacKey,
    now: Timestamp,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<Value> {
    let seeder = Arc::new(Seeder::open(&options).await?);
    let wanted = options.grants.max(options.codes);
    let workers: Vec<_> = (0..WORKERS.min(wanted))
        .map(|worker| {
            let share = (wanted - worker).div_ceil(WORKERS.min(wanted));
            tokio::spawn(Arc::clone(&seeder).share(share, options.grants > 0))
        })
        .collect();
    let mut made = Vec::new();
    for worker in workers {
        made.extend(worker.await??);
    }
    // As a server gets them: codes in the order in which they were made.
    made.sort_by_key(|(at, _)| *at);
    let mut out = String::new();
    for (_, line) in &made {
        out.push_str(line);
        out.push('\n');
    }
    std::fs::write(&options.out, &out)?;
    Ok(json!({ "seeded": made.len() }))
}

impl Seeder {
    async fn open(options: &Options) -> anyhow::Result<Self> {
        if options.grants > 0 && options.codes > 0 {
            bail!("grants and codes need separate files: run it twice");
        }
        let master = read_master_key(&options.master_key)?;
        let store = SqliteStore::open(StoreOptions {
            path: options.database.clone(),
            migrate: false,
        })?;
        let id = ClientId::parse(&options.client)?;
        let client = dynamic(&store).client(&id).await?;
        Ok(Self {
            client: client.context("the store has no such client")?,
            scope: Scope::parse(&options.scope)?,
            sealer: Sealer::new(&master, ROW_SECRET, &options.issuer, u32::from(EPOCH)),
            mac: MacKey::new(&master, REFRESH_MAC, &options.issuer, u32::from(EPOCH)),
            entropy: Entropy::system(),
            now: SystemClock.now(),
            store,
        })
    }

    fn cause(&self) -> Cause {
        Cause {
            now: self.now,
            request_id: "seed".to_owned(),
            address: None,
            user_agent: None,
            actor: Actor::System,
        }
    }

    fn context(&self) -> AuthenticationContext {
        AuthenticationContext {
            auth_time: self.now,
            acr: "1".to_owned(),
            amr: vec!["pwd".to_owned()],
        }
    }

    /// One worker's share, for its own users.
    async fn share(self: Arc<Self>, share: u32, redeem: bool) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let mut left = share;
        while left > 0 {
            let count = PER_USER.min(left);
            let subject = self.user().await?;
            lines.extend(self.some(count, &subject, redeem).await?);
            left -= count;
        }
        Ok(lines)
    }

    /// A new user.
    async fn user(&self) -> anyhow::Result<Subject> {
        let name = self.entropy.text(9);
        let subject = Subject::parse(&self.entropy.text(16))?;
        let user = User {
            subject: subject.clone(),
            username: Username::parse(&format!("seed-{name}"))?,
            email: None,
            email_verified: false,
            roles: vec!["user".to_owned()],
            claims: std::collections::BTreeMap::new(),
            status: UserStatus::Enabled,
            failures: LoginFailures::default(),
            devices_since: None,
            account: AccountState::default(),
            created_at: self.now,
            updated_at: self.now,
        };
        let command = AddUser {
            user,
            password_hash: None,
            cause: self.cause(),
        };
        dynamic(&self.store).add_user(command).await?;
        Ok(subject)
    }

    /// A new session of a user.
    async fn session(&self, subject: &Subject) -> anyhow::Result<SessionId> {
        let end = self.now.checked_add(LIFE)?;
        let session = Session {
            id: SessionId(self.entropy.token().hash()),
            sid: Sid::parse(&self.entropy.text(16))?,
            subject: subject.clone(),
            context: self.context(),
            created_at: self.now,
            last_seen_at: self.now,
            idle_expires_at: end,
            expires_at: end,
            remembered: false,
            address: None,
            user_agent: None,
            ended: None,
        };
        let id = session.id;
        let command = OpenSession {
            passkey: None,
            session,
            previous: None,
            password_set_at: None,
            upstream: None,
            notice: None,
            cause: self.cause(),
        };
        match dynamic(&self.store).open_session(command).await? {
            Some(_) => Ok(id),
            None => bail!("the store opened no session"),
        }
    }

    /// This number of codes, redeemed or not, each of its own login; one line each.
    async fn some(&self, count: u32, subject: &Subject, redeem: bool) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::new();
        for _ in 0..count {
            let session = self.session(subject).await?;
            let at = SystemClock.now();
            let text = AuthorizationCode::new(at, self.entropy.token());
            let code = self.code(text.hash(), subject, session)?;
            let command = IssueCode {
                code: code.clone(),
                consent: ConsentChange::None,
                cause: self.cause(),
            };
            if !dynamic(&self.store).issue_code(command).await? {
                bail!("the store issued no code");
            }
            let line = if redeem {
                self.redeem(code).await?
            } else {
                text.to_text().expose().clone()
            };
            lines.push((at, line));
        }
        Ok(lines)
    }

    fn code(&self, hash: CodeHash, subject: &Subject, session: SessionId) -> anyhow::Result<Code> {
        let redirect_uri = self.client.metadata().redirect_uris.first();
        let verifier = CodeVerifier::parse(VERIFIER).ok().context("the verifier")?;
        Ok(Code {
            hash,
            client_id: self.client.id().clone(),
            binding: CodeBinding {
                redirect_uri: redirect_uri.context("no redirect URI")?.clone(),
                redirect_uri_given: true,
                challenge: Some(verifier.challenge()),
            },
            sender: None,
            session,
            subject: subject.clone(),
            scope: self.scope.clone(),
            resources: Vec::new(),
            organization: None,
            nonce: Some("nonce".to_owned()),
            claims: ClaimsRequest::default(),
            context: self.context(),
            issued_at: self.now,
            expires_at: self.now.checked_add(LIFE)?,
        })
    }

    /// The grant of a code, and the refresh token of its first generation.
    async fn redeem(&self, code: Code) -> anyhow::Result<String> {
        let proof = authorization_code::check(
            &self.client,
            &code.client_id,
            &code.binding,
            &AuthorizationCodeRequest {
                code: None,
                redirect_uri: Some(code.binding.redirect_uri.clone()),
                verifier: CodeVerifier::parse(VERIFIER).ok(),
                resource: None,
            },
        )?;
        let id = GrantId::of_code(code.hash);
        let token_id = RefreshTokenId::of_grant(id);
        let secret: [u8; 32] = self.entropy.bytes();
        let end = self.now.checked_add(LIFE)?;
        let grant = Grant {
            id,
            client_id: code.client_id,
            subject: code.subject,
            session: Some(code.session),
            origin: Origin::Code {
                binding: code.binding,
            },
            sender: code.sender,
            scope: code.scope,
            resources: code.resources,
            organization: code.organization,
            claims: code.claims,
            nonce: code.nonce,
            context: code.context,
            refresh: Some(RefreshState {
                sealed_secret: self.sealer.seal(&secret, &token_id.0),
                token_id,
                generation: 0,
                rotated_at: self.now,
                current_seen: false,
                late_retry_at: None,
                retries: 0,
                anomaly_at: None,
                // The address of the load, so that no rotation is an anomaly.
                last_seen: LastSeen {
                    address: Some(Ipv4Addr::LOCALHOST.into()),
                    user_agent: None,
                },
                idle_expires_at: end,
            }),
            created_at: self.now,
            expires_at: end,
            state: GrantState::Live,
        };
        let command = RedeemCode {
            code: code.hash,
            grant,
            proof,
            cause: self.cause(),
        };
        match dynamic(&self.store).redeem_code(command).await? {
            Redeemed::Done => {}
            other => bail!("the store redeemed nothing: {other:?}"),
        }
        let token = RefreshToken::derive(
            TokenKey {
                id: EPOCH,
                mac: &self.mac,
            },
            &secret,
            token_id,
            0,
            self.client.id(),
        );
        Ok(token.to_text())
    }
}

fn dynamic(store: &SqliteStore) -> &dyn Store {
    store
}

fn read_master_key(path: &Path) -> anyhow::Result<MasterKey> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the master key {}", path.display()))?;
    Ok(MasterKey::parse(text.trim())?)
}
