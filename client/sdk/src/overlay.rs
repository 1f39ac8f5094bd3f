//! What versions, ends and reactions make of the message they are about: pure (MSG-9).
//!
//! Nothing is overwritten. Only the author of a message or reaction replaces or ends it.

use std::collections::{BTreeMap, BTreeSet};

use holm_content::MessageId;
use holm_protocol::UserUri;

use crate::content::{BETWEEN, Kind};

/// What lies over a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Laid {
    /// Its later versions, oldest first; the newest is the one to show.
    pub versions: Vec<Version>,
    /// Its author took it back.
    pub deleted: bool,
    /// Reactions to any version of it, in order.
    pub reactions: Vec<Reaction>,
}

/// A version of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// By what an answer to this version refers to it.
    pub id: MessageId,
    /// The text.
    pub text: String,
    /// The hub's time, milliseconds since 1970.
    pub time: u64,
}

/// A reaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// By what its author takes it back.
    pub id: MessageId,
    /// Whose.
    pub user: UserUri,
    /// Most often one character.
    pub text: String,
}

/// A message that is about another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) kind: Kind,
    pub(crate) id: MessageId,
    /// What it is about.
    pub(crate) of: MessageId,
    pub(crate) user: UserUri,
    pub(crate) text: String,
    pub(crate) time: u64,
}

/// Lays `all`, in the log's order, over the message `id` of `author`. Each is looked at once: a
/// member may send as many as the hub takes.
pub(crate) fn lay(id: MessageId, author: &UserUri, all: &[About]) -> Laid {
    let by = |kind: Kind| {
        let of_kind = all.iter().filter(move |one| one.kind == kind);
        of_kind.map(|one| ((one.of, &one.user), one))
    };
    let ended: BTreeMap<_, _> = by(Kind::Delete).collect();
    // Of several the newest stays.
    let edited: BTreeMap<_, _> = by(Kind::Edit).collect();
    let versions = all
        .iter()
        .filter(|one| one.kind == Kind::Edit && one.of == id && one.user == *author);
    let versions: Vec<Version> = versions.map(About::version).collect();
    let mut shown: BTreeSet<MessageId> = versions.iter().map(|version| version.id).collect();
    shown.insert(id);
    let (mut reactions, mut seen) = (Vec::new(), BTreeSet::new());
    for (_, one) in by(Kind::Reaction).filter(|(_, one)| shown.contains(&one.of)) {
        let place = (one.id, &one.user);
        if ended.contains_key(&place) {
            continue;
        }
        let newest = edited.get(&place).copied().unwrap_or(one);
        for text in newest.text.split(BETWEEN) {
            if seen.insert((&one.user, text)) {
                reactions.push(Reaction {
                    id: one.id,
                    user: one.user.clone(),
                    text: text.into(),
                });
            }
        }
    }
    Laid {
        deleted: ended.contains_key(&(id, author)),
        versions,
        reactions,
    }
}

impl About {
    fn version(&self) -> Version {
        Version {
            id: self.id,
            text: self.text.clone(),
            time: self.time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> MessageId {
        let mut bytes = [n; 32];
        bytes[0] = 1;
        MessageId::from_bytes(&bytes).unwrap()
    }

    fn user(name: &str) -> UserUri {
        UserUri::parse(&format!("mimi://islet.test/u/{name}")).unwrap()
    }

    fn one(n: u8, kind: Kind, by: &str, about: u8, text: &str) -> About {
        About {
            kind,
            id: id(n),
            of: id(about),
            user: user(by),
            text: text.into(),
            time: u64::from(n),
        }
    }

    fn texts(laid: &Laid) -> Vec<&str> {
        laid.versions.iter().map(|v| v.text.as_str()).collect()
    }

    // MSG-9
    #[test]
    fn only_the_author_changes_or_ends_a_message() {
        let all = [
            one(2, Kind::Edit, "bob", 1, "forged"),
            one(3, Kind::Edit, "alice", 1, "better"),
            one(4, Kind::Delete, "bob", 1, ""),
            one(5, Kind::Edit, "alice", 3, "of no first version"),
        ];
        let laid = lay(id(1), &user("alice"), &all);
        assert_eq!((texts(&laid), laid.deleted), (vec!["better"], false));
        let ended = [&all[..], &[one(6, Kind::Delete, "alice", 1, "")]].concat();
        assert!(lay(id(1), &user("alice"), &ended).deleted);
    }

    // MSG-9
    #[test]
    fn reactions_are_counted_once_a_user_and_taken_back_by_them_alone() {
        let all = [
            one(2, Kind::Edit, "alice", 1, "better"),
            one(3, Kind::Reaction, "bob", 1, "+1"),
            one(4, Kind::Reaction, "bob", 2, "+1"),
            one(5, Kind::Reaction, "carol", 2, "a\nb"),
            one(6, Kind::Delete, "carol", 3, ""),
            one(7, Kind::Reaction, "dan", 9, "elsewhere"),
        ];
        let shown = |all: &[About]| {
            let laid = lay(id(1), &user("alice"), all).reactions;
            let told = laid
                .iter()
                .map(|r| format!("{} {}", r.user.local_name(), r.text));
            told.collect::<Vec<_>>()
        };
        assert_eq!(shown(&all), ["bob +1", "carol a", "carol b"]);
        let back = [
            one(8, Kind::Delete, "bob", 3, ""),
            one(9, Kind::Edit, "carol", 5, "c"),
        ];
        let all = [&all[..], &back].concat();
        assert_eq!(
            shown(&all),
            ["bob +1", "carol c"],
            "the second one of Bob stays"
        );
    }
}
