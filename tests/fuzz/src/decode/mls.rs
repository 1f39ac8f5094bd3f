//! What MLS structures a server reads from outside: refused or understood, never more.

use holm_mls::{PublicRoom, external_pub, read_key_package, welcome_references};
use holm_protocol::bundle::{Bundle, CommitBody};
use holm_protocol::{Hash, Signature};

use crate::group::{room, story};
use crate::input::Input;
use crate::runtime::begun_ms;

/// A KeyPackage, as a device uploads it or a server hands it out (ROOM-11).
pub fn key_package(bytes: &[u8]) {
    if let Ok(view) = read_key_package(bytes, begun_ms()) {
        assert!(view.expires_s > begun_ms() / 1_000);
        assert!(view.identity.check(&view.mls_key, begun_ms()).is_ok());
        assert!(read_key_package(&[bytes, b"x"].concat(), begun_ms()).is_err());
    }
}

/// A Welcome, of which a server reads whom it lets in (ROOM-8).
pub fn welcome(bytes: &[u8]) {
    if let Ok(references) = welcome_references(bytes) {
        assert!(references.len() * 32 <= bytes.len());
        assert!(welcome_references(&[bytes, b"x"].concat()).is_err());
    }
}

/// A GroupInfo: the start of a room with the story's tree, and the key for external commits.
pub fn group_info(bytes: &[u8]) {
    let _ = external_pub(bytes);
    let (info, tree) = &story().creation;
    if let Ok(started) = PublicRoom::start(&room(), bytes, tree) {
        assert_eq!(
            bytes, info,
            "a GroupInfo is signed; another one is not this member's"
        );
        assert_eq!(started.epoch(), 0);
    }
}

/// The blob a server keeps of a group. It is the server's own, yet a damaged one ends in an error.
pub fn group_snapshot(bytes: &[u8]) {
    if let Ok(group) = PublicRoom::load(bytes) {
        let again = PublicRoom::load(&group.snapshot()).expect("what is written can be read");
        assert_eq!(again.view(), group.view());
        assert_eq!(again.interim_hash(), group.interim_hash());
        let _ = (group.tree(), group.context_extensions());
    }
}

/// A commit of the story with some of its bytes replaced: nothing but itself is ever staged
/// (ROOM-8, ADM-1). The first byte says which, the second which part; then come places and bytes.
pub fn staged_commit(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let commits = &story().commits;
    let chosen = &commits[input.below(commits.len())];
    let Bundle {
        mut commit,
        mut group_info,
        welcome,
        signature,
    } = chosen.bundle.clone();
    let mut hash = Hash::sha256(welcome.as_deref().unwrap_or_default())
        .0
        .to_vec();
    let mut signature = signature.0.to_vec();
    while !input.is_empty() {
        let part = match input.below(8) {
            0 => &mut hash,
            1 => &mut signature,
            2 | 3 => &mut group_info,
            _ => &mut commit,
        };
        spoil(part, &mut input);
    }
    let body = CommitBody {
        commit: commit.into(),
        group_info: group_info.into(),
        welcome_hash: Hash(hash.try_into().unwrap_or_default()),
        signature: Signature(signature.try_into().unwrap_or([0; 64])),
    };
    let before = crate::group::before(chosen.epoch);
    let staged = before.stage(&body, Vec::new(), begun_ms());
    assert_eq!(staged.is_ok(), body == chosen.bundle.body());
}

/// Changes one byte, cuts the end off, or puts bytes in.
fn spoil(part: &mut Vec<u8>, input: &mut Input<'_>) {
    let place = usize::from(input.byte()) << 8 | usize::from(input.byte());
    let place = place % (part.len() + 1);
    match input.below(8) {
        0 => part.truncate(place),
        1 => drop(part.splice(place..place, input.run().iter().copied())),
        _ => {
            if let Some(byte) = part.get_mut(place) {
                *byte = input.byte();
            }
        }
    }
}
