//! Between the content of a message and what the replica keeps of it (spec 12).
//!
//! Content of a form not known, or that names another sender or room than MLS proves, is kept and
//! shown as such (MSG-1, MSG-5).

use holm_content::{Content, Expiry, Key, Meaning, MessageId, Part, Piece, pieces};
use holm_protocol::{RoomUri, UserUri};

/// Characters of a display name at most.
pub(crate) const NAME_LEN_MAX: usize = 256;
/// The extension that holds what the sender calls themselves.
const NAME: &str = "holm:name";
/// Between the texts of several reactions; none holds a line break.
pub(crate) const BETWEEN: char = '\n';

/// What a message does, as a number in the replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is a line of the timeline.
    Message,
    /// It is another version of a message or reaction.
    Edit,
    /// It takes a message or reaction back.
    Delete,
    /// It reacts to a message.
    Reaction,
    /// It shows nothing.
    Nothing,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Message,
        Self::Edit,
        Self::Delete,
        Self::Reaction,
        Self::Nothing,
    ];

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Message => 0,
            Self::Edit => 1,
            Self::Delete => 2,
            Self::Reaction => 3,
            Self::Nothing => 4,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// What the replica keeps of a message's content, beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// What it does.
    pub(crate) kind: Kind,
    /// By what others refer to it; none where it could not be read.
    pub(crate) id: Option<MessageId>,
    /// The message it answers, replaces, ends or reacts to.
    pub(crate) about: Option<MessageId>,
    /// Its text, without marks.
    pub(crate) text: String,
    /// What the sender calls themselves.
    pub(crate) name: String,
    /// When it is to be forgotten.
    pub(crate) expires: Option<Expiry>,
}

impl Reading {
    /// Reads what was decrypted.
    pub(crate) fn of(bytes: &[u8], sender: &UserUri, room: &RoomUri) -> Self {
        match Content::from_bytes(bytes) {
            Err(why) => {
                tracing::debug!(%why, "content that is not read");
                Self::unknown("[content of a form this version does not know]")
            }
            Ok(content) if names_others(&content, sender, room) => {
                Self::unknown("[a message that names another sender or room than its own]")
            }
            Ok(content) => Self {
                id: Some(MessageId::of(bytes, content.salt, sender, room)),
                ..Self::known(&content)
            },
        }
    }

    fn known(content: &Content) -> Self {
        let shown = || shown(&content.body);
        let (kind, about, text) = match content.meaning() {
            Meaning::Message => (Kind::Message, content.in_reply_to, shown()),
            Meaning::Edit(of) => (Kind::Edit, Some(of), shown()),
            Meaning::Delete(of) => (Kind::Delete, Some(of), String::new()),
            Meaning::Reaction { to, texts } => (Kind::Reaction, Some(to), joined(&texts)),
            Meaning::Nothing => (Kind::Nothing, None, String::new()),
        };
        let name = content.extensions.text(&Key::Text(NAME.into()));
        Self {
            kind,
            id: None,
            about,
            text,
            name: name
                .unwrap_or_default()
                .chars()
                .take(NAME_LEN_MAX)
                .collect(),
            expires: content.expires,
        }
    }

    fn unknown(text: &str) -> Self {
        Self {
            kind: Kind::Message,
            id: None,
            about: None,
            text: text.into(),
            name: String::new(),
            expires: None,
        }
    }

    /// What is left of what came too late: its message is forgotten (MSG-10).
    pub(crate) fn forgotten() -> Self {
        Self {
            kind: Kind::Nothing,
            about: None,
            expires: None,
            ..Self::unknown("")
        }
    }
}

/// Writes who says it, where, and what they call themselves.
pub(crate) fn sign(content: &mut Content, sender: &UserUri, room: &RoomUri, name: &str) {
    let name: String = name.chars().take(NAME_LEN_MAX).collect();
    let texts = [
        (Key::SENDER_URI, sender.as_str()),
        (Key::ROOM_URI, room.as_str()),
        (Key::Text(NAME.into()), &name),
    ];
    for (key, text) in texts {
        // Three keys that are sound, of 64.
        let set = content.extensions.set_text(key, text);
        debug_assert!(set.is_ok());
    }
}

fn names_others(content: &Content, sender: &UserUri, room: &RoomUri) -> bool {
    let differs = |key: &Key, own: &str| {
        let named = content.extensions.get(key).is_some();
        named && content.extensions.text(key) != Some(own)
    };
    differs(&Key::SENDER_URI, sender.as_str()) || differs(&Key::ROOM_URI, room.as_str())
}

fn joined(texts: &[String]) -> String {
    let lines = texts.iter().map(|text| text.replace(BETWEEN, " "));
    lines.collect::<Vec<_>>().join(&BETWEEN.to_string())
}

/// A body as one text; what is no text is named.
fn shown(body: &Part) -> String {
    let told = pieces(body).into_iter().map(|piece| match piece {
        Piece::Text(text) => text.plain(),
        Piece::External(_, at) => format!("[{}: {}]", at.content_type, at.filename),
        Piece::Other { content_type, .. } => format!("[content of the type {content_type}]"),
    });
    told.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::Draft;
    use holm_content::Salt;

    fn alice() -> UserUri {
        UserUri::parse("mimi://islet.test/u/alice").unwrap()
    }

    fn room() -> RoomUri {
        RoomUri::parse("mimi://islet.test/r/aaaaaaaaaaaaaaaa").unwrap()
    }

    fn said(draft: Draft) -> Vec<u8> {
        let mut content = draft.content(Salt([1; 16]));
        sign(&mut content, &alice(), &room(), "[nick\\]");
        content.to_bytes().unwrap()
    }

    // MSG-3
    #[test]
    fn text_and_name_come_back_whatever_they_hold() {
        let bytes = said(Draft::text("\"hi\"\n\u{1F30A} * action"));
        let reading = Reading::of(&bytes, &alice(), &room());
        assert_eq!(reading.text, "\"hi\"\n\u{1F30A} * action");
        assert_eq!(reading.name, "[nick\\]");
        let id = MessageId::of(&bytes, Salt([1; 16]), &alice(), &room());
        assert_eq!((reading.kind, reading.id), (Kind::Message, Some(id)));
    }

    // MSG-1
    #[test]
    fn content_of_an_unknown_form_is_shown_as_such() {
        for bytes in [&b"{\"type\":\"text\",\"text\":\"x\"}"[..], b"\xFF", b""] {
            let reading = Reading::of(bytes, &alice(), &room());
            assert!(reading.text.starts_with('['), "{reading:?}");
            assert_eq!((reading.kind, reading.id), (Kind::Message, None));
        }
    }

    // MSG-5
    #[test]
    fn a_message_that_names_another_sender_or_room_does_not_hold() {
        let bytes = said(Draft::text("I am Alice"));
        let bob = UserUri::parse("mimi://islet.test/u/bob").unwrap();
        let elsewhere = RoomUri::parse("mimi://islet.test/r/bbbbbbbbbbbbbbbb").unwrap();
        for (sender, room) in [(bob, room()), (alice(), elsewhere)] {
            let reading = Reading::of(&bytes, &sender, &room);
            assert_eq!(reading.id, None);
            assert!(reading.text.contains("another sender"));
        }
    }
}
