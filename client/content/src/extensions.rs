//! Extension fields: what the draft's fixed fields have no place for (draft-ietf-mimi-content,
//! Extension Fields; MSG-5).
//!
//! Values that nobody here knows are kept as the bytes they came in, checked for their form.

use std::collections::BTreeMap;

use holm_protocol::limits::{EXTENSION_DEPTH_MAX, EXTENSIONS_MAX};
use minicbor::Encoder;
use minicbor::data::Int;

use crate::content::Malformed;
use crate::decode::value;
use crate::encode::to_vec;

/// Whole numbers that a key may be lie within plus and minus this (2^53 - 1).
const KEY_MAX: i64 = 9_007_199_254_740_991;
/// Bytes of a key that is text at most.
const KEY_LEN_MAX: usize = 255;

/// What an extension is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A number: registered where it is above 0, of private use below.
    Number(i64),
    /// A text of 1 to 255 bytes, of private use.
    Text(String),
}

impl Key {
    /// The sender as a participant (a text).
    pub const SENDER_URI: Self = Self::Number(1);
    /// The room (a text).
    pub const ROOM_URI: Self = Self::Number(2);

    /// What holds of a key's value.
    pub(crate) fn check(&self) -> Result<(), Malformed> {
        match self {
            Self::Number(n) if (-KEY_MAX..=KEY_MAX).contains(n) => Ok(()),
            Self::Text(text) if (1..=KEY_LEN_MAX).contains(&text.len()) => Ok(()),
            Self::Number(_) => Err(Malformed("an extension's number is beyond 2^53")),
            Self::Text(_) => Err(Malformed("an extension's name has 1 to 255 bytes")),
        }
    }

    /// Its encoding, by which keys are sorted.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        to_vec(|e| match self {
            Self::Number(n) => e.int(Int::from(*n)).map(drop),
            Self::Text(text) => e.str(text).map(drop),
        })
    }
}

/// Extensions by their keys, in the order they are encoded in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions(BTreeMap<Vec<u8>, (Key, Vec<u8>)>);

impl Extensions {
    /// Sets a text.
    ///
    /// # Errors
    /// A key that is none, or too many extensions.
    pub fn set_text(&mut self, key: Key, text: &str) -> Result<(), Malformed> {
        self.set(key, to_vec(|e| e.str(text).map(drop)))
    }

    /// The text under a key, where there is one.
    pub fn text(&self, key: &Key) -> Option<&str> {
        let bytes = self.get(key)?;
        minicbor::Decoder::new(bytes).str().ok()
    }

    /// The bytes of the value under a key.
    pub fn get(&self, key: &Key) -> Option<&[u8]> {
        let (_, bytes) = self.0.get(&key.encoded())?;
        Some(bytes)
    }

    /// Sets a value, encoded.
    ///
    /// # Errors
    /// A key or value that is none, or too many extensions.
    pub fn set(&mut self, key: Key, bytes: Vec<u8>) -> Result<(), Malformed> {
        key.check()?;
        let mut decoder = minicbor::Decoder::new(&bytes);
        value(&mut decoder, EXTENSION_DEPTH_MAX - 1)?;
        if decoder.position() != bytes.len() {
            return Err(Malformed("an extension's value is one value"));
        }
        self.0.insert(key.encoded(), (key, bytes));
        match self.0.len() > EXTENSIONS_MAX {
            true => Err(Malformed("more extensions than a message may have")),
            false => Ok(()),
        }
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &[u8])> {
        self.0.values().map(|(key, bytes)| (key, bytes.as_slice()))
    }

    pub(crate) fn encode(&self, e: &mut Encoder<&mut Vec<u8>>) {
        let len = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        // Writing to a vector cannot fail.
        let _ = e.map(len);
        for (key, (_, bytes)) in &self.0 {
            e.writer_mut().extend_from_slice(key);
            e.writer_mut().extend_from_slice(bytes);
        }
    }
}
