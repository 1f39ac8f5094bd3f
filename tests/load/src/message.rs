//! Messages made from one real ciphertext: each with its own id, number and time of sending.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holm_protocol::RoomUri;
use holm_protocol::aad::ClientMsgId;
use holm_system_tests::{Member, random};

/// Makes messages of one room.
pub(crate) struct Press {
    room: RoomUri,
    template: Vec<u8>,
    id_at: usize,
    id: [u8; 16],
}

/// What a message of a [`Press`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Number of the message at its sender, from 0.
    pub(crate) number: u64,
    /// When it was sent, in microseconds of the run.
    pub(crate) sent_us: u64,
}

impl Press {
    /// From a real message of `member` with `size` bytes of text.
    pub(crate) fn new(member: &mut Member, room: &RoomUri, size: usize) -> Self {
        let id = random();
        let template = member.encrypt(ClientMsgId(id), &"x".repeat(size));
        let id_at = template.windows(16).position(|window| window == id);
        Self {
            room: room.clone(),
            template,
            id_at: id_at.expect("the id stands readable in the authenticated data"),
            id,
        }
    }

    /// The frame that sends a message.
    pub(crate) fn frame(&mut self, stamp: Stamp) -> String {
        // Unique within the run; the first half makes it so between runs.
        self.id[8..].copy_from_slice(&stamp.number.to_be_bytes());
        self.template[self.id_at..self.id_at + 16].copy_from_slice(&self.id);
        let end = self.template.len();
        self.template[end - 16..end - 8].copy_from_slice(&stamp.number.to_be_bytes());
        self.template[end - 8..].copy_from_slice(&stamp.sent_us.to_be_bytes());
        let message = URL_SAFE_NO_PAD.encode(&self.template);
        format!(
            r#"{{"type":"send","room":"{}","message":"{message}"}}"#,
            self.room
        )
    }

    /// Bytes of a message.
    pub(crate) fn len(&self) -> usize {
        self.template.len()
    }
}

/// An event of a room, as far as a reader looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Its number in the log.
    pub(crate) seq: u64,
    /// What its message says.
    pub(crate) stamp: Stamp,
}

/// Reads the event in a frame of the room; `None` where it is another frame.
pub(crate) fn heard(frame: &str, room: &RoomUri) -> Option<Heard> {
    let rest = frame.strip_prefix(r#"{"type":"event","room":""#)?;
    let rest = rest
        .strip_prefix(room.as_str())?
        .strip_prefix(r#"","event":""#)?;
    let event = URL_SAFE_NO_PAD.decode(rest.split('"').next()?).ok()?;
    // The header begins with the room: its length in one or two bytes, then the text.
    let prefix = if room.as_str().len() < 64 { 1 } else { 2 };
    let seq_at = prefix + room.as_str().len();
    let number = |at: usize| Some(u64::from_be_bytes(event.get(at..at + 8)?.try_into().ok()?));
    Some(Heard {
        seq: number(seq_at)?,
        stamp: Stamp {
            number: number(event.len().checked_sub(16)?)?,
            sent_us: number(event.len() - 8)?,
        },
    })
}
