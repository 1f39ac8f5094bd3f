//! What a content does to a timeline: something new, or something about what is there (MSG-6).
//!
//! Only the author of a message replaces it; that is judged by whoever knows who said what.

use crate::content::Content;
use crate::message_id::MessageId;
use crate::part::{Body, Disposition, Part};
use crate::piece::{Piece, pieces};

/// What a content does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A message of its own, or an answer.
    Message,
    /// Another version of a message, or of a reaction.
    Edit(MessageId),
    /// A message, or a reaction, is taken back.
    Delete(MessageId),
    /// Reactions to a message.
    Reaction {
        /// The message.
        to: MessageId,
        /// The text of each, most often one character.
        texts: Vec<String>,
    },
    /// Nothing that can be shown: its body holds nothing and it takes nothing back.
    Nothing,
}

impl Content {
    /// What it does.
    pub fn meaning(&self) -> Meaning {
        match (self.replaces, self.in_reply_to) {
            (Some(of), _) if self.body.body == Body::Null => Meaning::Delete(of),
            (Some(of), _) => Meaning::Edit(of),
            (None, Some(to)) => match reaction(&self.body) {
                Some(texts) => Meaning::Reaction { to, texts },
                None => self.message(),
            },
            (None, None) => self.message(),
        }
    }

    fn message(&self) -> Meaning {
        match self.body.body == Body::Null {
            true => Meaning::Nothing,
            false => Meaning::Message,
        }
    }
}

/// The texts of reactions. What is a picture is shown as an answer, whole.
fn reaction(body: &Part) -> Option<Vec<String>> {
    if body.disposition != Disposition::REACTION {
        return None;
    }
    let text = |piece| match piece {
        Piece::Text(text) => Some(text.source),
        _ => None,
    };
    let texts: Option<Vec<String>> = pieces(body).into_iter().map(text).collect();
    texts.filter(|texts| !texts.is_empty())
}
