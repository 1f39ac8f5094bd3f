//! What stands inside an MLS message: the container of draft-ietf-mimi-content in deterministic
//! CBOR (spec/12, MSG-1 to MSG-9).
//!
//! Pure: bytes in, values out. What is read is checked whole, by its limits and by being encoded
//! anew to the same bytes; what a value means to people is told in [`Meaning`] and [`Piece`].

mod content;
mod decode;
mod encode;
mod extensions;
mod meaning;
mod message_id;
mod part;
mod piece;
mod text;

pub use content::{Content, Expiry, Malformed, Salt};
pub use extensions::{Extensions, Key};
pub use meaning::Meaning;
pub use message_id::MessageId;
pub use part::{Body, Disposition, External, Part, Secret, Semantics};
pub use piece::{Piece, pieces};
pub use text::{MARKDOWN, PLAIN, Text, mentions};
