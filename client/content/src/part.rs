//! The body: a part, or parts inside it (draft-ietf-mimi-content, Message Bodies; MSG-4).

/// A part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is meant for.
    pub disposition: Disposition,
    /// Language tags of RFC 5646, with commas between; empty where not said.
    pub language: String,
    /// What it holds.
    pub body: Body,
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing: what takes a message back.
    Null,
    /// Something of a media type.
    Single {
        /// The media type, with its parameters.
        content_type: String,
        /// Its bytes.
        content: Vec<u8>,
    },
    /// Something that lies elsewhere.
    External(Box<External>),
    /// Two parts or more.
    Multi {
        /// What they are to each other.
        semantics: Semantics,
        /// The parts.
        parts: Vec<Part>,
    },
}

/// Something that lies elsewhere, encrypted where it is private.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct External {
    /// The media type of what lies there, decrypted.
    pub content_type: String,
    /// Where it can be fetched.
    pub url: String,
    /// Until when, seconds since 1970; 0 where it does not end.
    pub expires: u32,
    /// Bytes of what lies there; 0 where not said.
    pub size: u64,
    /// IANA's number of the AEAD; 0 where it is not encrypted.
    pub enc_alg: u16,
    /// The AEAD's key.
    pub key: Secret,
    /// The AEAD's nonce.
    pub nonce: Vec<u8>,
    /// The AEAD's additional data.
    pub aad: Vec<u8>,
    /// IANA's number of the hash function; 0 where there is no hash.
    pub hash_alg: u8,
    /// The hash of what lies there.
    pub content_hash: Vec<u8>,
    /// A description for people.
    pub description: String,
    /// A name for the file.
    pub filename: String,
}

/// Key bytes, which no message for people shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What parts are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semantics {
    /// One of them is to be taken.
    ChooseOne,
    /// All of them, or none.
    SingleUnit,
    /// As many as can be.
    ProcessAll,
}

impl Semantics {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::ChooseOne => 0,
            Self::SingleUnit => 1,
            Self::ProcessAll => 2,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::ChooseOne, Self::SingleUnit, Self::ProcessAll]
            .into_iter()
            .find(|semantics| semantics.number() == number)
    }
}

/// What a part is meant for: a number of the draft's registry. One that is not known counts as
/// `RENDER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disposition(pub u8);

impl Disposition {
    /// Nothing is said.
    pub const UNSPECIFIED: Self = Self(0);
    /// To be shown.
    pub const RENDER: Self = Self(1);
    /// A single reaction to another message.
    pub const REACTION: Self = Self(2);
    /// A profile of a participant or a room.
    pub const PROFILE: Self = Self(3);
    /// To be shown within the conversation.
    pub const INLINE: Self = Self(4);
    /// A picture for somebody or something.
    pub const ICON: Self = Self(5);
    /// To be fetched when wanted.
    pub const ATTACHMENT: Self = Self(6);
    /// A call that can be joined.
    pub const SESSION: Self = Self(7);
    /// What the sender made for a first look.
    pub const PREVIEW: Self = Self(8);
}

impl Part {
    /// A part that holds nothing.
    pub fn null() -> Self {
        Self::new(Disposition::UNSPECIFIED, Body::Null)
    }

    /// A part in no language in particular.
    pub fn new(disposition: Disposition, body: Body) -> Self {
        Self {
            disposition,
            language: String::new(),
            body,
        }
    }

    /// A part of a media type.
    pub fn single(disposition: Disposition, content_type: &str, content: &[u8]) -> Self {
        let body = Body::Single {
            content_type: content_type.into(),
            content: content.into(),
        };
        Self::new(disposition, body)
    }
}
