//! The binary form: TLS presentation language as RFC 9420 uses it (ENC-1, ENC-2).
//!
//! Structures that are signed, hashed or stored are length-prefixed binary, never JSON: the bytes
//! received are the bytes stored, hashed and relayed. Decoding is exact: trailing bytes and
//! lengths that are not minimal are refused (spec 02 §1). Whatever the bytes are, decoding ends in
//! a value or an error (SEC-1).

use thiserror::Error;
use tls_codec::{DeserializeBytes, Serialize, Size, VLBytes};

use crate::name::NameError;
use crate::uri::{Kind, Uri};

/// The bytes are not of the expected structure.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("malformed binary structure: {0}")]
pub struct Malformed(pub String);

/// Encodes a structure.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Writing to a Vec fails only past 2^30 bytes, far above every limit.
    value
        .tls_serialize_detached()
        .unwrap_or_else(|e| unreachable!("bounded by limits: {e}"))
}

/// Decodes exactly one structure; trailing bytes are refused (ENC-2).
pub fn decode<T: DeserializeBytes>(bytes: &[u8]) -> Result<T, Malformed> {
    T::tls_deserialize_exact_bytes(bytes).map_err(|e| Malformed(e.to_string()))
}

impl<K> Size for Uri<K> {
    fn tls_serialized_len(&self) -> usize {
        VLBytes::new(text(self).to_vec()).tls_serialized_len()
    }
}

impl<K> Serialize for Uri<K> {
    fn tls_serialize<W: std::io::Write>(&self, writer: &mut W) -> Result<usize, tls_codec::Error> {
        VLBytes::new(text(self).to_vec()).tls_serialize(writer)
    }
}

impl<K: Kind> DeserializeBytes for Uri<K> {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), tls_codec::Error> {
        let (value, rest) = VLBytes::tls_deserialize_bytes(bytes)?;
        let text = std::str::from_utf8(value.as_slice()).map_err(|e| invalid(&e))?;
        let uri = Uri::parse(text).map_err(|e: NameError| invalid(&e))?;
        Ok((uri, rest))
    }
}

fn text<K>(uri: &Uri<K>) -> &[u8] {
    uri.raw().as_bytes()
}

fn invalid(error: &dyn std::error::Error) -> tls_codec::Error {
    tls_codec::Error::DecodingError(error.to_string())
}
