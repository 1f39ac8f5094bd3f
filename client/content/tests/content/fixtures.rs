//! Contents and parts for tests.

use holm_content::{Body, Content, Disposition, Extensions, MARKDOWN, PLAIN, Part, Salt};

/// A content that says one thing.
pub(crate) fn says(body: Part) -> Content {
    Content {
        salt: Salt([7; 16]),
        replaces: None,
        topic: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions: Extensions::default(),
        body,
    }
}

pub(crate) fn plain(text: &str) -> Part {
    Part::single(Disposition::RENDER, PLAIN, text.as_bytes())
}

pub(crate) fn markdown(text: &str) -> Part {
    Part::single(Disposition::RENDER, MARKDOWN, text.as_bytes())
}

pub(crate) fn reaction(text: &str) -> Part {
    Part::single(Disposition::REACTION, PLAIN, text.as_bytes())
}

pub(crate) fn multi(semantics: holm_content::Semantics, parts: Vec<Part>) -> Part {
    Part::new(Disposition::RENDER, Body::Multi { semantics, parts })
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16).unwrap()).collect();
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).unwrap();
    digits.chunks(2).map(byte).collect()
}
