//! What stands inside an MLS message: text and the sender's display name, as JSON.
//!
//! The one place that knows the form of content; draft-ietf-mimi-content takes its place later.
//! Content of a form not known is shown as such, never dropped (MSG-1).

use serde::{Deserialize, Serialize};

use crate::error::SdkError;

/// Bytes of a text at most, so that its ciphertext stays below the message limit.
pub(crate) const TEXT_LEN_MAX: usize = 40 * 1_024;
/// Bytes of encoded content at most; beside it the limit holds padding, tags and authenticated data.
const ENCODED_LEN_MAX: usize = 60 * 1_024;
/// Bytes of a display name at most.
pub(crate) const NAME_LEN_MAX: usize = 256;

/// What one message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The text.
    pub(crate) text: String,
    /// What the sender calls themselves.
    pub(crate) name: String,
}

#[derive(Serialize, Deserialize)]
struct Form<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    text: std::borrow::Cow<'a, str>,
    #[serde(default)]
    name: std::borrow::Cow<'a, str>,
}

impl Content {
    /// The bytes to be encrypted.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, SdkError> {
        if self.text.len() > TEXT_LEN_MAX {
            let why = format!("a message has at most {TEXT_LEN_MAX} bytes of text");
            return Err(SdkError::Invalid(why));
        }
        let form = Form {
            kind: "text",
            text: self.text.as_str().into(),
            name: self.name.as_str().into(),
        };
        let bytes = serde_json::to_vec(&form).map_err(|e| SdkError::Invalid(e.to_string()))?;
        match bytes.len() > ENCODED_LEN_MAX {
            true => Err(SdkError::Invalid("the message would be too large".into())),
            false => Ok(bytes),
        }
    }

    /// Reads what was decrypted.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        match serde_json::from_slice::<Form<'_>>(bytes) {
            Ok(form) if form.kind == "text" => Self {
                text: form.text.into_owned(),
                name: form.name.chars().take(NAME_LEN_MAX).collect(),
            },
            _ => Self {
                text: "[content of a kind this version does not know]".into(),
                name: String::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_name_come_back_whatever_they_hold() {
        // MSG-1
        let content = Content {
            text: "\"hi\"\n\u{1F30A} * action".into(),
            name: "[nick\\]".into(),
        };
        assert_eq!(Content::from_bytes(&content.to_bytes().unwrap()), content);
    }

    #[test]
    fn content_of_an_unknown_kind_is_shown_as_such() {
        // MSG-1
        for bytes in [&b"{\"type\":\"poll\",\"text\":\"x\"}"[..], b"\xFF", b""] {
            assert!(Content::from_bytes(bytes).text.starts_with('['));
        }
    }

    #[test]
    fn a_text_one_byte_over_the_limit_is_refused() {
        let content = |len| Content {
            text: "a".repeat(len),
            name: String::new(),
        };
        assert!(content(TEXT_LEN_MAX).to_bytes().is_ok());
        assert!(content(TEXT_LEN_MAX + 1).to_bytes().is_err());
    }
}
