//! The content of a message: what another member of a group puts into it (MSG-2, MSG-4, MSG-5).

use holm_content::{Content, Piece, mentions, pieces};

/// Reads it, and what is shown of it. What is read has one encoding.
///
/// # Panics
/// Where what was read encodes to other bytes.
pub fn content(bytes: &[u8]) {
    let Ok(content) = Content::from_bytes(bytes) else {
        return;
    };
    assert_eq!(content.to_bytes().as_deref(), Ok(bytes), "one encoding");
    let _meaning = content.meaning();
    for piece in pieces(&content.body) {
        if let Piece::Text(text) = piece {
            let _shown = (text.plain(), mentions(&text));
        }
    }
}
