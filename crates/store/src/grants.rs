//! Codes and grants: the steps from a login to tokens and back.

use async_trait::async_trait;
use cardea_protocol::{
    model::{
        Cause, ClientId, Code, CodeHash, Grant, GrantId, RefreshTokenId, RevocationReason, Sid,
        Subject, User,
    },
    roles::Assigned,
    scope::Scope,
    token::{
        Standing,
        authorization_code::ProvedRedemption,
        refresh_token::{Policy, Presented, Verdict},
    },
};
use jiff::{SignedDuration, Timestamp};

use crate::{GrantPosition, Page, Result, Rows};

/// Issues a code, and records the consent that led to it.
pub struct IssueCode {
    /// The code.
    pub code: Code,
    /// What the user has just consented to.
    pub consent: ConsentChange,
    /// Who does it.
    pub cause: Cause,
}

/// How the consent on record changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentChange {
    /// None is needed: the operator has allowed the client for all users.
    None,
    /// It is unchanged, and must still be on record: one that was revoked meanwhile allows no code.
    Keep,
    /// It grows by these scopes, audited as `consent_given` when it grew. They are more than the code's where single claims
    /// were asked for.
    Grow(Scope),
}

/// What `/token` needs to check a code, in one read.
pub struct CodeContext {
    /// The code.
    pub code: Code,
    /// The user.
    pub user: User,
    /// The user's groups, and the membership in the organization.
    pub assigned: Assigned,
    /// The public name of the session, while it is alive.
    pub sid: Option<Sid>,
}

/// A code looked up by its hash.
pub enum CodeLookup {
    /// It was not redeemed.
    Unused(Box<CodeContext>),
    /// It was redeemed, and its grant still exists.
    Used(Box<Grant>),
}

/// Redeems a code. The caller has proved client, redirect URI and verifier.
pub struct RedeemCode {
    /// The code.
    pub code: CodeHash,
    /// The grant to make, with the id of [`GrantId::of_code`]. `subject` and `client_id` name what must match the code's row, and
    /// so does `sender` if the code is bound to a key. The session is the code's.
    pub grant: Grant,
    /// The proof.
    pub proof: ProvedRedemption,
    /// Who does it.
    pub cause: Cause,
}

/// The result of a redemption.
#[derive(Debug)]
pub enum Redeemed {
    /// The grant was made.
    Done,
    /// The code was used already: its grant is revoked now, audited as `code_reused`.
    Reused,
    /// There is nothing to redeem.
    Dead(DeadCode),
}

/// Why a code can't be redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeadCode {
    /// It is unknown to this client.
    #[error("the code does not exist")]
    Missing,
    /// It was not redeemed in time.
    #[error("the code has expired")]
    Expired,
    /// What it hangs on is not active.
    #[error("the session has ended, or the user or the client is disabled")]
    Inactive,
    /// It is bound to a key, and the redemption proved none or another.
    #[error("the code is bound to another key")]
    Sender,
}

/// What `/token` needs to check a refresh token, in one read.
pub struct RefreshContext {
    /// The grant.
    pub grant: Box<Grant>,
    /// The user.
    pub user: User,
    /// The user's groups, and the membership in the organization.
    pub assigned: Assigned,
    /// The public name of the session, while it is alive.
    pub sid: Option<Sid>,
    /// Whether a rotation must move the session's idle end.
    pub session_due: bool,
}

/// Rotates a refresh token by `refresh_token::judge`: on the grant as it was read, written only if that is unchanged, or
/// else on the locked row.
pub struct RotateRefresh {
    /// The grant as it was read; it is returned with the verdict.
    pub grant: Box<Grant>,
    /// The authentic token.
    pub presented: Presented,
    /// The client's and the server's policy.
    pub policy: Policy,
    /// Whether a rotation moves the session's idle end (as a visit does, at most once a minute).
    pub session_due: bool,
    /// The idle time of a session.
    pub session_idle: SignedDuration,
    /// Who does it.
    pub cause: Cause,
}

/// The result of a rotation.
pub struct Rotated {
    /// The grant of the command.
    pub grant: Box<Grant>,
    /// The verdict of the rule, as it was written.
    pub verdict: Verdict,
}

/// Revokes a grant.
pub struct RevokeGrant {
    /// Which.
    pub id: GrantId,
    /// Only if it belongs to this user.
    pub subject: Option<Subject>,
    /// Only if it belongs to this client.
    pub client_id: Option<ClientId>,
    /// Why.
    pub reason: RevocationReason,
    /// Who does it.
    pub cause: Cause,
}

/// A grant with what a list shows about it.
pub struct GrantView {
    /// The grant.
    pub grant: Grant,
    /// Whether it is alive.
    pub standing: Standing,
    /// The public name of its session, if that still exists.
    pub sid: Option<String>,
}

/// Codes and grants.
#[async_trait]
pub trait Grants: Send + Sync {
    /// Issues a code. `false` when the session has ended, user or client are disabled, or the consent was revoked: nothing was written.
    async fn issue_code(&self, command: IssueCode) -> Result<bool>;
    /// Looks a code up.
    async fn code(&self, hash: CodeHash, now: Timestamp) -> Result<Option<CodeLookup>>;
    /// Redeems a code, by one conditional write.
    async fn redeem_code(&self, command: RedeemCode) -> Result<Redeemed>;
    /// The grant, user and session of a refresh token.
    async fn refresh_context(
        &self,
        id: RefreshTokenId,
        now: Timestamp,
    ) -> Result<Option<RefreshContext>>;
    /// Rotates a refresh token. `None` when the grant does not exist.
    async fn rotate_refresh(&self, command: RotateRefresh) -> Result<Option<Rotated>>;
    /// Revokes a grant. `false` when no live grant matches.
    async fn revoke_grant(&self, command: RevokeGrant) -> Result<bool>;
    /// Records that the current refresh token was presented elsewhere than at a rotation.
    async fn note_refresh_seen(&self, id: GrantId, generation: u32) -> Result<()>;
    /// A page of the live grants of a user, the newest first.
    async fn grants_of(
        &self,
        subject: &Subject,
        page: Page<GrantPosition>,
        now: Timestamp,
    ) -> Result<Rows<GrantView, GrantPosition>>;
    /// A page of live grants, the newest first.
    async fn grants(
        &self,
        page: Page<GrantPosition>,
        now: Timestamp,
    ) -> Result<Rows<GrantView, GrantPosition>>;
}
