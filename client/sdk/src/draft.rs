//! What is to be said, before it has a place (spec 12).

use holm_content::{
    Content, Disposition, Expiry, Extensions, MARKDOWN, MessageId, PLAIN, Part, Salt,
};

use crate::error::SdkError;

/// Bytes of a text at most, so that its ciphertext stays below the message limit.
pub(crate) const TEXT_LEN_MAX: usize = 40 * 1_024;
/// Bytes of a reaction at most.
const REACTION_LEN_MAX: usize = 64;

/// A message to be sent with [`Device::say`](crate::Device::say).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    body: Part,
    in_reply_to: Option<MessageId>,
    replaces: Option<MessageId>,
    expires: Option<Expiry>,
}

impl Draft {
    /// Plain text.
    pub fn text(text: &str) -> Self {
        Self::of(Part::single(Disposition::RENDER, PLAIN, text.as_bytes()))
    }

    /// Text in the Markdown of the draft: a link to a user's URI is a mention (MSG-8).
    pub fn markdown(source: &str) -> Self {
        Self::of(Part::single(
            Disposition::RENDER,
            MARKDOWN,
            source.as_bytes(),
        ))
    }

    /// As an answer to that version of a message.
    #[must_use]
    pub fn reply_to(mut self, message: MessageId) -> Self {
        self.in_reply_to = Some(message);
        self
    }

    /// To be forgotten by all who have it (MSG-10).
    #[must_use]
    pub fn expires(mut self, when: Expiry) -> Self {
        self.expires = Some(when);
        self
    }

    /// The same, forgotten when what it replaces is, where it does not say when itself.
    pub(crate) fn expires_as(mut self, first: Option<Expiry>) -> Self {
        self.expires = self.expires.or(first);
        self
    }

    pub(crate) fn edit(self, of: MessageId) -> Self {
        Self {
            replaces: Some(of),
            ..self
        }
    }

    pub(crate) fn delete(of: MessageId) -> Self {
        Self::of(Part::null()).edit(of)
    }

    pub(crate) fn reaction(to: MessageId, text: &str) -> Self {
        let part = Part::single(Disposition::REACTION, PLAIN, text.as_bytes());
        Self::of(part).reply_to(to)
    }

    fn of(body: Part) -> Self {
        Self {
            body,
            in_reply_to: None,
            replaces: None,
            expires: None,
        }
    }

    /// Whether it is within what a message may hold.
    pub(crate) fn check(&self) -> Result<(), SdkError> {
        let holm_content::Body::Single { content, .. } = &self.body.body else {
            return Ok(());
        };
        let (most, what) = match self.body.disposition {
            Disposition::REACTION => (REACTION_LEN_MAX, "a reaction"),
            _ => (TEXT_LEN_MAX, "a message"),
        };
        match content.len() > most {
            true => Err(SdkError::Invalid(format!(
                "{what} has at most {most} bytes of text"
            ))),
            false => Ok(()),
        }
    }

    pub(crate) fn content(self, salt: Salt) -> Content {
        Content {
            salt,
            replaces: self.replaces,
            topic: Vec::new(),
            expires: self.expires,
            in_reply_to: self.in_reply_to,
            extensions: Extensions::default(),
            body: self.body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_one_byte_over_the_limit_is_refused() {
        let fits = |len| Draft::text(&"a".repeat(len)).check().is_ok();
        assert!(fits(TEXT_LEN_MAX));
        assert!(!fits(TEXT_LEN_MAX + 1));
        let bytes = [1; 32];
        let to = MessageId::from_bytes(&bytes).unwrap();
        let reacts = |len| Draft::reaction(to, &"a".repeat(len)).check().is_ok();
        assert!(reacts(REACTION_LEN_MAX));
        assert!(!reacts(REACTION_LEN_MAX + 1));
    }
}
