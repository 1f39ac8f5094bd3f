//! The container: what a message does, and its body (MSG-1, MSG-2).

use thiserror::Error;

use crate::extensions::Extensions;
use crate::message_id::MessageId;
use crate::part::Part;

/// Random bytes that make every message's id its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// What one message says and does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Sixteen random bytes.
    pub salt: Salt,
    /// The first version of the message that this one replaces.
    pub replaces: Option<MessageId>,
    /// What groups messages of one topic; empty where there is none.
    pub topic: Vec<u8>,
    /// When it is to be forgotten.
    pub expires: Option<Expiry>,
    /// The message it answers, that version of it.
    pub in_reply_to: Option<MessageId>,
    /// What is not in the draft's fixed fields.
    pub extensions: Extensions,
    /// What is shown.
    pub body: Part,
}

/// When a message is to be forgotten by those who have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// At this time, seconds since 1970.
    At(u32),
    /// So many seconds after it was read.
    AfterRead(u32),
}

/// Why bytes are no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);
