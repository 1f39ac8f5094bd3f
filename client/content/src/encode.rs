//! Values to bytes: CBOR in its deterministic form (RFC 8949 section 4.2.1; MSG-2).

use core::convert::Infallible;

use holm_protocol::limits::CONTENT_LEN_MAX;
use minicbor::Encoder;
use minicbor::encode::Error;

use crate::content::{Content, Expiry, Malformed};
use crate::message_id::MessageId;
use crate::part::{Body, External, Part};

type Out<'a> = Encoder<&'a mut Vec<u8>>;
type Done = Result<(), Error<Infallible>>;

/// What `write` encodes.
pub(crate) fn to_vec(write: impl FnOnce(&mut Out<'_>) -> Done) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes);
    // Writing to a vector cannot fail.
    let _ = write(&mut encoder);
    bytes
}

impl Content {
    /// The bytes that are encrypted.
    ///
    /// # Errors
    /// More than [`CONTENT_LEN_MAX`] bytes, or a body that breaks the rules of MSG-4.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Malformed> {
        let bytes = to_vec(|e| self.encode(e));
        if bytes.len() > CONTENT_LEN_MAX {
            return Err(Malformed("the message is too large"));
        }
        // What a sender may not say is what nobody reads.
        Self::from_bytes(&bytes).map(|_| bytes)
    }

    pub(crate) fn encode(&self, e: &mut Out<'_>) -> Done {
        e.array(7)?.bytes(&self.salt.0)?;
        message_id(e, self.replaces.as_ref())?;
        e.bytes(&self.topic)?;
        match self.expires {
            None => e.null()?,
            Some(Expiry::At(time)) => e.array(2)?.bool(false)?.u32(time)?,
            Some(Expiry::AfterRead(time)) => e.array(2)?.bool(true)?.u32(time)?,
        };
        message_id(e, self.in_reply_to.as_ref())?;
        self.extensions.encode(e);
        part(e, &self.body)
    }
}

fn message_id(e: &mut Out<'_>, id: Option<&MessageId>) -> Done {
    match id {
        Some(id) => e.bytes(id.as_bytes())?,
        None => e.null()?,
    };
    Ok(())
}

fn part(e: &mut Out<'_>, part: &Part) -> Done {
    let len = match &part.body {
        Body::Null => 3,
        Body::Single { .. } | Body::Multi { .. } => 5,
        Body::External(_) => 15,
    };
    e.array(len)?.u8(part.disposition.0)?.str(&part.language)?;
    match &part.body {
        Body::Null => e.u8(0)?,
        Body::Single {
            content_type,
            content,
        } => e.u8(1)?.str(content_type)?.bytes(content)?,
        Body::External(at) => return external(e, at),
        Body::Multi { semantics, parts } => {
            let count = u64::try_from(parts.len()).unwrap_or(u64::MAX);
            e.u8(3)?.u8(semantics.number())?.array(count)?;
            return parts.iter().try_for_each(|inner| self::part(e, inner));
        }
    };
    Ok(())
}

fn external(e: &mut Out<'_>, at: &External) -> Done {
    e.u8(2)?.str(&at.content_type)?.str(&at.url)?;
    e.u32(at.expires)?.u64(at.size)?.u16(at.enc_alg)?;
    e.bytes(&at.key.0)?.bytes(&at.nonce)?.bytes(&at.aad)?;
    e.u8(at.hash_alg)?.bytes(&at.content_hash)?;
    e.str(&at.description)?.str(&at.filename)?;
    Ok(())
}
