//! The outbox (D28): what leaves the process because of a write. A message is written in the transaction of its cause, claimed by
//! one node for one try, and settled as the rule of its kind decides. Nothing is lost when a process dies: a claim ends by itself.

use async_trait::async_trait;
use cardea_protocol::{
    mail::Mail,
    model::{Cause, ClientId, Sid, Subject},
    outbox::Verdict,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Result;

/// Names a message in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId(pub i64);

/// The kinds of messages. Each has one deliverer, which claims only its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// [`Message::LogoutToken`].
    LogoutToken,
    /// [`Message::Mail`].
    Mail,
}

/// What is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A session has ended, and this client must be notified (OpenID Back-Channel Logout). Every verb that ends a session
    /// writes them.
    LogoutToken {
        /// The client to notify.
        client_id: ClientId,
        /// The user of the session, who may have been removed since.
        subject: Subject,
        /// The session's public name.
        sid: Sid,
    },
    /// A mail. Verbs that cause one have it in their command; [`Outbox::put_mail`] is for those that write nothing else.
    Mail(Box<Mail>),
}

/// A message, claimed for one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    /// Its name.
    pub id: MessageId,
    /// What is to be delivered.
    pub message: Message,
    /// The request that caused it.
    pub request_id: String,
    /// When it was written.
    pub made_at: Timestamp,
    /// Which try this is; the first is 1.
    pub attempt: u32,
}

/// Takes messages that are due, each for one try. They are due again when the lease is over.
pub struct ClaimMessages {
    /// Of this kind.
    pub kind: MessageKind,
    /// Only those about this session.
    pub sid: Option<Sid>,
    /// Not to these clients, which have enough tries in progress.
    pub busy: Vec<ClientId>,
    /// How many at most.
    pub limit: u32,
    /// How long a try may take.
    pub lease: SignedDuration,
    /// The time.
    pub now: Timestamp,
}

/// Records the outcome of a try. Nothing is written when another try has begun since.
pub struct SettleMessage {
    /// As it was claimed.
    pub claimed: ClaimedMessage,
    /// What its rule decided. Giving up is audited with the reason.
    pub verdict: Verdict,
    /// Who does it.
    pub cause: Cause,
}

/// Writes a mail that nothing else is written with.
pub struct PutMail {
    /// The mail.
    pub mail: Mail,
    /// The bounds of what strangers cause. `None` where an account or an operator is the cause.
    pub limits: Option<StrangerLimits>,
    /// The request.
    pub cause: Cause,
}

/// How many mails that strangers caused may be pending at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrangerLimits {
    /// In all. A further one takes the place of the one that was tried most often, if any was tried.
    pub pending: u32,
    /// To one address.
    pub to_one: u32,
    /// The network that the request came from.
    pub network: String,
    /// Caused by requests from this network.
    pub of_network: u32,
}

/// The outbox.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Writes a mail. `false` when a limit is reached, and nothing was written.
    async fn put_mail(&self, command: PutMail) -> Result<bool>;
    /// Claims what is due, the longest waiting first. Of two that claim at once one gets it.
    async fn claim_messages(&self, command: ClaimMessages) -> Result<Vec<ClaimedMessage>>;
    /// Settles a try. `false` when it is not the last one any more.
    async fn settle_message(&self, command: SettleMessage) -> Result<bool>;
}
