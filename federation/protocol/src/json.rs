//! JSON bodies: bytes as base64url, duplicate members refused (ENC-3 to ENC-6).
//!
//! An unknown member is ignored, so that versions can differ; a member that stands twice is
//! refused, since two readers could each believe another one, and so is a number that some
//! languages would round (spec 02 §2).

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::JSON_NUMBER_MAX;

/// Bytes that stand in JSON as base64url without padding (ENC-3).
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Base64Url(pub Bytes);

impl Base64Url {
    /// Decodes the text form; padding and other alphabets are refused.
    pub fn parse(text: &str) -> Result<Self, base64::DecodeError> {
        URL_SAFE_NO_PAD.decode(text).map(Self::from)
    }

    /// The text form.
    pub fn to_text(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as an array, if the length fits.
    pub fn to_array<const N: usize>(&self) -> Option<[u8; N]> {
        self.0.as_ref().try_into().ok()
    }
}

impl From<Vec<u8>> for Base64Url {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<Bytes> for Base64Url {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Base64Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Self::to_text(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Base64Text)
    }
}

/// Decodes the text where it stands, without a copy of it.
struct Base64Text;

impl Visitor<'_> for Base64Text {
    type Value = Base64Url;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64url text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Base64Url, E> {
        Base64Url::parse(text).map_err(E::custom)
    }
}

/// Serde form of a fixed number of bytes; for `#[serde(with = "json::array")]`.
pub mod array {
    use super::{Base64Url, Deserialize, Deserializer, Serialize, Serializer};
    use serde::de::Error as _;

    /// Writes base64url.
    pub fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Base64Url::to_text(bytes).serialize(serializer)
    }

    /// Reads base64url of exactly `N` bytes.
    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let bytes = Base64Url::deserialize(deserializer)?;
        bytes
            .to_array()
            .ok_or_else(|| D::Error::custom(format!("{N} bytes are expected")))
    }
}

/// Parses a JSON body strictly: one object (ENC-5), no duplicate members (ENC-4), no number that
/// is not exact everywhere (ENC-6), known members typed.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    from_slice_borrowed(bytes)
}

/// The same into a type that borrows from the text, which text with escapes does not allow.
pub fn from_slice_borrowed<'de, T: Deserialize<'de>>(
    bytes: &'de [u8],
) -> Result<T, serde_json::Error> {
    scan(bytes)?;
    serde_json::from_slice(bytes)
}

fn scan(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    (&mut deserializer).deserialize_map(StrictScan)?;
    deserializer.end()
}

/// Walks a JSON object and fails at the first member that stands twice or number too large.
struct StrictScan;

impl StrictScan {
    fn number<E: serde::de::Error>(fits: bool) -> Result<(), E> {
        if fits {
            Ok(())
        } else {
            Err(E::custom("a number beyond 2^53 - 1"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for StrictScan {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictScan {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(StrictScan)?;
            if !seen.insert(key) {
                return Err(A::Error::custom("an object has the same member twice"));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(StrictScan)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        Self::number(number.unsigned_abs() <= JSON_NUMBER_MAX)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        Self::number(number <= JSON_NUMBER_MAX)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        Self::number(number.abs() < 9_007_199_254_740_992.0)
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
