//! What of a body is shown, piece by piece: choices made, what is not known told as such (MSG-4,
//! MSG-7).

use crate::part::{Body, Disposition, External, Part, Semantics};
use crate::text::Text;

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A text.
    Text(Text),
    /// Something that lies elsewhere.
    External(Disposition, &'a External),
    /// Bytes of another media type, to be shown by whoever knows it.
    Other {
        /// What they are meant for.
        disposition: Disposition,
        /// The media type.
        content_type: &'a str,
        /// The bytes.
        content: &'a [u8],
    },
}

impl Piece<'_> {
    /// Whether everybody can show it.
    fn is_known(&self) -> bool {
        !matches!(self, Self::Other { .. })
    }
}

/// What of `body` is shown, in order. Nothing is left out because it is not known: it is a
/// [`Piece::Other`].
pub fn pieces(body: &Part) -> Vec<Piece<'_>> {
    match &body.body {
        Body::Null => Vec::new(),
        Body::Single {
            content_type,
            content,
        } => vec![single(body.disposition, content_type, content)],
        Body::External(at) => vec![Piece::External(body.disposition, at)],
        Body::Multi { semantics, parts } => match semantics {
            Semantics::ChooseOne => choose(parts),
            Semantics::SingleUnit | Semantics::ProcessAll => {
                parts.iter().flat_map(pieces).collect()
            }
        },
    }
}

/// The first of the parts that is known whole; the first of all where none is.
fn choose(parts: &[Part]) -> Vec<Piece<'_>> {
    let mut all = parts.iter().map(pieces);
    let first = all.next().unwrap_or_default();
    let known = |pieces: &Vec<Piece<'_>>| pieces.iter().all(Piece::is_known);
    match known(&first) {
        true => first,
        false => all.find(known).unwrap_or(first),
    }
}

fn single<'a>(disposition: Disposition, content_type: &'a str, content: &'a [u8]) -> Piece<'a> {
    let other = Piece::Other {
        disposition,
        content_type,
        content,
    };
    Text::read(content_type, content).map_or(other, Piece::Text)
}
