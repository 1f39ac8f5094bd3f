//! A WebSocket frame as bytes (RFC 6455 §5.2), with every bit in the case's hand.

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opcode(pub(crate) u8);

impl Opcode {
    /// The next part of a message.
    pub(crate) const CONTINUATION: Self = Self(0x0);
    /// Text.
    pub(crate) const TEXT: Self = Self(0x1);
    /// The end.
    pub(crate) const CLOSE: Self = Self(0x8);
    /// A question for a sign of life.
    pub(crate) const PING: Self = Self(0x9);
    /// The answer to it.
    pub(crate) const PONG: Self = Self(0xA);
}

/// A frame from a device.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The first byte: the final bit, three reserved bits, the opcode.
    first: u8,
    masked: bool,
    payload: Vec<u8>,
}

const FINAL: u8 = 0x80;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

impl Frame {
    /// A whole message, or a control frame.
    pub(crate) fn new(opcode: Opcode, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            first: FINAL | opcode.0,
            masked: true,
            payload: payload.into(),
        }
    }

    /// A text message.
    pub(crate) fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::TEXT, text)
    }

    /// A close frame with a code.
    pub(crate) fn close(code: u16) -> Self {
        Self::new(Opcode::CLOSE, code.to_be_bytes())
    }

    /// The same as a part that others follow.
    pub(crate) fn unfinished(mut self) -> Self {
        self.first &= !FINAL;
        self
    }

    /// The same with reserved bits set, of 0x70.
    pub(crate) fn reserved(mut self, bits: u8) -> Self {
        self.first |= bits & 0x70;
        self
    }

    /// The same without a mask, as only servers may write.
    pub(crate) fn unmasked(mut self) -> Self {
        self.masked = false;
        self
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = self.head(self.payload.len());
        match self.masked {
            true => out.extend(
                self.payload
                    .iter()
                    .zip(MASK.iter().cycle())
                    .map(|(b, m)| b ^ m),
            ),
            false => out.extend_from_slice(&self.payload),
        }
        out
    }

    /// The head of a frame that says it has `len` bytes, whatever follows.
    pub(crate) fn head(&self, len: usize) -> Vec<u8> {
        let mask_bit = if self.masked { 0x80 } else { 0 };
        let mut out = vec![self.first];
        match (u8::try_from(len), u16::try_from(len)) {
            (Ok(short @ ..=125), _) => out.push(mask_bit | short),
            (_, Ok(medium)) => {
                out.push(mask_bit | 0x7e);
                out.extend_from_slice(&medium.to_be_bytes());
            }
            _ => {
                out.push(mask_bit | 0x7f);
                out.extend_from_slice(&u64::try_from(len).unwrap_or(u64::MAX).to_be_bytes());
            }
        }
        if self.masked {
            out.extend_from_slice(&MASK);
        }
        out
    }
}
