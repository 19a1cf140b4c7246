//! The store of Cardea, in whole security steps.
//!
//! A verb is one transaction. It takes one plain struct with a [`Cause`](cardea_protocol::model::Cause), from which it
//! writes its audit rows itself, and proves single use by a conditional write, never by read-then-write. A verb that must
//! decide calls the one rule in `cardea-protocol` on the locked row. [`Store`] is the sum of the traits and is held as
//! `Arc<dyn Store>`.
//!
//! What every store must keep is a test suite in the module `contract`, behind the feature of that name. The tests of a
//! store in another crate can run it too.

mod accounts;
mod audit;
mod clients;
mod consents;
#[cfg(feature = "contract")]
pub mod contract;
mod error;
pub mod events;
mod factor_resets;
mod factors;
mod first_account;
mod grants;
mod imports;
mod invitations;
mod jobs;
mod keys;
mod links;
mod organizations;
mod outbox;
mod page;
mod passkeys;
pub mod postgres;
mod roles;
mod sessions;
pub mod sqlite;
mod tokens;
mod upstreams;
mod user_search;
mod users;

pub use accounts::{
    Accounts, ChangeOwnPassword, ChangePasswordAtLogin, EndDueAccounts, RequestDeletion,
};
pub use audit::{Audit, AuditFilter};
pub use clients::{ApplyFileClients, ClientChange, Clients, PutClient, UseAssertion};
pub use consents::{Consents, GiveConsent, RevokeApplication};
pub use error::{Constraint, NotDone, StoreError};
pub use factor_resets::{
    FactorResetLink, FactorResets, NewResetLink, PendingReset, RequestFactorReset, ResetFactors,
    ResetWhen, UseFactorReset,
};
pub use factors::{
    AttemptFactor, EnrolTotp, FactorAttempt, FactorUse, FactorUsed, FactorView, Factors,
    ForgetDevice, RemoveFactors, ReplaceBackupCodes, TotpCredential, TotpView, TrustDevice,
    UseFactor, WhichFactors,
};
pub use first_account::{FirstAccount, MakeFirstAccount};
pub use grants::{
    CodeContext, CodeLookup, ConsentChange, DeadCode, GrantView, Grants, IssueCode, RedeemCode,
    Redeemed, RefreshContext, RevokeGrant, RotateRefresh, Rotated,
};
pub use imports::{ImportUsers, Imported, Imports, PortableUser};
pub use invitations::{
    AcceptInvitation, AddInvitation, Invitations, Invitee, LivingInvitation, RevokeInvitation,
};
pub use jobs::{Jobs, Lease, Marks, Node, Swept};
pub use keys::{Keys, RingChange};
pub use links::{
    LinkEffect, Links, LivingLink, MAX_LIVING_LINKS, MAX_NOT_ME_LINKS, MAX_UNDO_LINKS, MakeLink,
    NewLink, Notice, TakeLink, Taken,
};
pub use organizations::{
    DomainOffer, JoinByDomain, MAX_MEMBERSHIPS, Member, Organizations, PutMember, PutOrganization,
};
pub use outbox::{
    ClaimMessages, ClaimedMessage, Message, MessageId, MessageKind, Outbox, PutMail, SettleMessage,
    StrangerLimits,
};
pub use page::{
    AuditPosition, GrantPosition, InvitationPosition, MAX_PAGE, Page, Rows, SearchPosition,
    SessionPosition, UserPosition,
};
pub use passkeys::{
    AddPasskey, MAX_PASSKEYS, PasskeyAdded, PasskeyCredential, PasskeyRemoved, PasskeyView,
    Passkeys, RemovePasskey, RenamePasskey, UsePasskey,
};
pub use roles::{ApplyFileRoles, PutGroup, PutRole, Roles, SetGroupMember};
pub use sessions::{Applications, EndSessions, EndWhich, OpenSession, Sessions, StepUpSession};
pub use tokens::{RevokeToken, TokenLife, TokenState, Tokens};
pub use upstreams::{
    AddLink, AddLinkedUser, EndUpstreamSessions, LinkView, Linked, MAX_LINKS, RemoveLink, Unlinked,
    UpstreamLink, UpstreamSession, Upstreams, UseLink,
};
pub use user_search::{InvalidUserSearch, UserSearch};
pub use users::{
    AddUser, LoginUser, PasswordCredential, Seeded, SignUp, UserChange, UserUpdate, UserView, Users,
};

/// Everything that is kept.
pub trait Store:
    Accounts
    + Clients
    + Users
    + Imports
    + Factors
    + FactorResets
    + Passkeys
    + FirstAccount
    + Invitations
    + Links
    + Upstreams
    + Sessions
    + Consents
    + Grants
    + Tokens
    + Keys
    + Outbox
    + Jobs
    + Audit
    + Roles
    + Organizations
{
}

impl<T> Store for T where
    T: Accounts
        + Clients
        + Users
        + Imports
        + FirstAccount
        + Invitations
        + Links
        + Upstreams
        + Factors
        + FactorResets
        + Passkeys
        + Sessions
        + Consents
        + Grants
        + Tokens
        + Keys
        + Outbox
        + Jobs
        + Audit
        + Roles
        + Organizations
{
}

/// The result of a verb.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
