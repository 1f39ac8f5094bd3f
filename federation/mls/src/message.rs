//! MLSMessages read exactly: one message of the expected form, and no byte after it (ENC-2).

use holm_protocol::encoding::{Malformed, decode, encode};
use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn, MlsMessageOut};
use thiserror::Error;

/// The bytes are not an MLSMessage of the expected form.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotThisMessage {
    /// No MLSMessage, or bytes after it.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An MLSMessage of another form.
    #[error("an MLSMessage of another form than {0}")]
    Form(&'static str),
}

/// The body of exactly one MLSMessage.
pub(crate) fn read_body(bytes: &[u8]) -> Result<MlsMessageBodyIn, Malformed> {
    decode::<MlsMessageIn>(bytes).map(MlsMessageIn::extract)
}

/// The bytes of an MLSMessage that OpenMLS made, as they go on the wire.
pub fn wire_bytes(message: &MlsMessageOut) -> Vec<u8> {
    encode(message)
}
