//! Bytes to values: whatever stands in a message is hostile until it has passed through here.
//!
//! One value has one encoding (MSG-2): what was read is encoded anew, and other bytes are refused.

use holm_protocol::limits::{
    CONTENT_DEPTH_MAX, CONTENT_LEN_MAX, CONTENT_PARTS_MAX, EXTENSION_DEPTH_MAX, EXTENSIONS_MAX,
    TOPIC_LEN_MAX,
};
use minicbor::Decoder;
use minicbor::data::Type;
use minicbor::decode::Error;

use crate::content::{Content, Expiry, Malformed, Salt};
use crate::encode::to_vec;
use crate::extensions::{Extensions, Key};
use crate::message_id::MessageId;
use crate::part::{Body, Disposition, External, Part, Secret, Semantics};

const NOT_CBOR: Malformed = Malformed("not the CBOR of a MIMI content");
const NOT_DETERMINISTIC: Malformed = Malformed("not in the deterministic encoding");

impl From<Error> for Malformed {
    fn from(_: Error) -> Self {
        NOT_CBOR
    }
}

impl Content {
    /// Reads a content.
    ///
    /// # Errors
    /// Anything that is not one content in its one encoding, within its limits (MSG-2, MSG-4,
    /// MSG-5).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > CONTENT_LEN_MAX {
            return Err(Malformed("the message is too large"));
        }
        let mut d = Decoder::new(bytes);
        let content = content(&mut d)?;
        match to_vec(|e| content.encode(e)) == bytes {
            true => Ok(content),
            false => Err(NOT_DETERMINISTIC),
        }
    }
}

fn content(d: &mut Decoder<'_>) -> Result<Content, Malformed> {
    array_of(d, 7)?;
    let salt = <[u8; 16]>::try_from(d.bytes()?);
    Ok(Content {
        salt: Salt(salt.map_err(|_length| Malformed("a salt has 16 bytes"))?),
        replaces: message_id(d)?,
        topic: topic(d)?,
        expires: expiry(d)?,
        in_reply_to: message_id(d)?,
        extensions: extensions(d)?,
        body: {
            let mut left = CONTENT_PARTS_MAX;
            part(d, CONTENT_DEPTH_MAX, &mut left)?
        },
    })
}

fn array_of(d: &mut Decoder<'_>, len: u64) -> Result<(), Malformed> {
    match d.array()? {
        Some(found) if found == len => Ok(()),
        _ => Err(NOT_CBOR),
    }
}

/// Whether there is nothing.
fn is_null(d: &mut Decoder<'_>) -> Result<bool, Malformed> {
    let null = d.datatype()? == Type::Null;
    if null {
        d.null()?;
    }
    Ok(null)
}

fn message_id(d: &mut Decoder<'_>) -> Result<Option<MessageId>, Malformed> {
    match is_null(d)? {
        true => Ok(None),
        false => MessageId::from_bytes(d.bytes()?).map(Some),
    }
}

fn topic(d: &mut Decoder<'_>) -> Result<Vec<u8>, Malformed> {
    match d.bytes()? {
        topic if topic.len() <= TOPIC_LEN_MAX => Ok(topic.into()),
        _ => Err(Malformed("a topic has at most 4,096 bytes")),
    }
}

fn expiry(d: &mut Decoder<'_>) -> Result<Option<Expiry>, Malformed> {
    if is_null(d)? {
        return Ok(None);
    }
    array_of(d, 2)?;
    let relative = d.bool()?;
    let time = d.u32()?;
    Ok(Some(match relative {
        true => Expiry::AfterRead(time),
        false => Expiry::At(time),
    }))
}

fn extensions(d: &mut Decoder<'_>) -> Result<Extensions, Malformed> {
    let len = d.map()?.ok_or(NOT_DETERMINISTIC)?;
    if usize::try_from(len).map_or(true, |len| len > EXTENSIONS_MAX) {
        return Err(Malformed("more extensions than a message may have"));
    }
    let mut extensions = Extensions::default();
    for _ in 0..len {
        let key = match d.datatype()? {
            Type::String => Key::Text(d.str()?.into()),
            _ => Key::Number(d.i64()?),
        };
        let from = d.position();
        value(d, EXTENSION_DEPTH_MAX - 1)?;
        let bytes = d.input().get(from..d.position()).unwrap_or_default();
        extensions.set(key, bytes.into())?;
    }
    Ok(extensions)
}

fn part(d: &mut Decoder<'_>, depth: usize, left: &mut usize) -> Result<Part, Malformed> {
    *left = left.checked_sub(1).ok_or(Malformed("too many parts"))?;
    let len = d.array()?;
    let disposition = Disposition(d.u8()?);
    let language = d.str()?.to_owned();
    let body = match (d.u8()?, len) {
        (0, Some(3)) => Body::Null,
        (1, Some(5)) => Body::Single {
            content_type: d.str()?.into(),
            content: d.bytes()?.into(),
        },
        (2, Some(15)) => Body::External(Box::new(external(d)?)),
        (3, Some(5)) => multi(d, depth, left)?,
        _ => return Err(NOT_CBOR),
    };
    Ok(Part {
        disposition,
        language,
        body,
    })
}

fn multi(d: &mut Decoder<'_>, depth: usize, left: &mut usize) -> Result<Body, Malformed> {
    let deeper = depth.checked_sub(1).filter(|deeper| *deeper > 0);
    let deeper = deeper.ok_or(Malformed("parts inside each other more than four deep"))?;
    let semantics = Semantics::from_number(d.u8()?);
    let semantics = semantics.ok_or(Malformed("parts that are to each other what is not known"))?;
    let count = d.array()?.ok_or(NOT_DETERMINISTIC)?;
    if count < 2 {
        return Err(Malformed("a part of parts has two or more"));
    }
    let mut parts = Vec::new();
    for _ in 0..count {
        parts.push(part(d, deeper, left)?);
    }
    Ok(Body::Multi { semantics, parts })
}

fn external(d: &mut Decoder<'_>) -> Result<External, Malformed> {
    Ok(External {
        content_type: d.str()?.into(),
        url: d.str()?.into(),
        expires: d.u32()?,
        size: d.u64()?,
        enc_alg: d.u16()?,
        key: Secret(d.bytes()?.into()),
        nonce: d.bytes()?.into(),
        aad: d.bytes()?.into(),
        hash_alg: d.u8()?,
        content_hash: d.bytes()?.into(),
        description: d.str()?.into(),
        filename: d.str()?.into(),
    })
}

/// Passes over any value that holds at most `depth` tags, maps and arrays inside each other, in
/// its deterministic form.
pub(crate) fn value(d: &mut Decoder<'_>, depth: usize) -> Result<(), Malformed> {
    let from = d.position();
    let head = match d.datatype()? {
        // One size fits each of these, or its bytes are kept as they are.
        Type::Bool
        | Type::Null
        | Type::Undefined
        | Type::F16
        | Type::F32
        | Type::F64
        | Type::Simple => return Ok(d.skip()?),
        Type::Bytes => {
            let bytes = d.bytes()?;
            to_vec(|e| e.bytes(bytes).map(drop))
        }
        Type::String => {
            let text = d.str()?;
            to_vec(|e| e.str(text).map(drop))
        }
        Type::Array => return array(d, depth),
        Type::Map => return map(d, depth),
        Type::Tag => {
            let tag = d.tag()?;
            head_is(d, from, &to_vec(|e| e.tag(tag).map(drop)))?;
            return value(d, deeper(depth)?);
        }
        _ => {
            let number = d.int()?;
            to_vec(|e| e.int(number).map(drop))
        }
    };
    head_is(d, from, &head)
}

fn deeper(depth: usize) -> Result<usize, Malformed> {
    let deeper = depth.checked_sub(1);
    deeper.ok_or(Malformed("an extension more than four deep"))
}

/// What was read since `from` is what encoding it gives.
fn head_is(d: &Decoder<'_>, from: usize, encoded: &[u8]) -> Result<(), Malformed> {
    match d.input().get(from..d.position()) == Some(encoded) {
        true => Ok(()),
        false => Err(NOT_DETERMINISTIC),
    }
}

fn array(d: &mut Decoder<'_>, depth: usize) -> Result<(), Malformed> {
    let from = d.position();
    let len = d.array()?.ok_or(NOT_DETERMINISTIC)?;
    head_is(d, from, &to_vec(|e| e.array(len).map(drop)))?;
    let inner = deeper(depth)?;
    (0..len).try_for_each(|_| value(d, inner))
}

/// Keys ascend by their bytes, so that none stands twice.
fn map(d: &mut Decoder<'_>, depth: usize) -> Result<(), Malformed> {
    let from = d.position();
    let len = d.map()?.ok_or(NOT_DETERMINISTIC)?;
    head_is(d, from, &to_vec(|e| e.map(len).map(drop)))?;
    let inner = deeper(depth)?;
    let mut last: Option<&[u8]> = None;
    for _ in 0..len {
        let at = d.position();
        if matches!(d.datatype()?, Type::Array | Type::Map | Type::Tag) {
            return Err(Malformed("a key of a map is a number, a text or bytes"));
        }
        value(d, 0)?;
        let key = d.input().get(at..d.position());
        if last >= key {
            return Err(NOT_DETERMINISTIC);
        }
        last = key;
        value(d, inner)?;
    }
    Ok(())
}
