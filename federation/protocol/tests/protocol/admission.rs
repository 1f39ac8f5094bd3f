//! Admission: what a commit may do, and what no commit may (ADM-1 to ADM-13, ORD-3 to ORD-7).

mod changes;
mod external;
mod limits;
mod members;
mod orders;
mod properties;

use holm_protocol::admission::{
    Admitted, CommitView, ContextExtension, GroupView, Refusal, admit_commit, admit_creation,
};
use holm_protocol::identity::IdentityError;
use holm_protocol::room_extension::{ROOM_EXTENSION_TYPE, RoomExtension};

use crate::fixtures::{NOW, VALIDITY, commit, device, group, islet, key, leaf, new_leaf, skerry};

/// Type of required_capabilities and the one content it may have.
const REQUIRED: (u16, [u8; 7]) = (3, [0x02, 0xF0, 0xA0, 0x00, 0x02, 0x00, 0x01]);

fn judge(commit: &CommitView) -> Result<Admitted, Refusal> {
    admit_commit(&group(), commit, NOW)
}

/// The two extensions of a context that holds `extension`.
pub(crate) fn context(extension: &RoomExtension) -> Vec<ContextExtension> {
    let of = |kind, data| ContextExtension { kind, data };
    vec![
        of(REQUIRED.0, REQUIRED.1.to_vec()),
        of(ROOM_EXTENSION_TYPE, extension.to_bytes()),
    ]
}

/// A group as a room begins with: alice alone.
pub(crate) fn first_group() -> GroupView {
    let mut first = group();
    first.epoch = 0;
    first.leaves.truncate(1);
    first.extension.roles.truncate(1);
    first
}

/// ADM-1
#[test]
fn a_proposal_by_reference_or_of_another_type_is_refused() {
    let other = CommitView {
        other_proposals: true,
        ..commit(0)
    };
    assert_eq!(judge(&other), Err(Refusal::Proposal));
}

/// ADM-3, ROOM-3
#[test]
fn a_leaf_that_its_user_did_not_certify_is_refused() {
    let mut add = new_leaf("dave@skerry.example/phone", 1);
    add.mls_key = key("a listener").public();
    let forged = CommitView {
        adds: vec![add],
        ..commit(0)
    };
    let refusal = Refusal::Identity(IdentityError::Signature);
    assert_eq!(judge(&forged), Err(refusal));
}

/// ADM-3, ROOM-3
#[test]
fn a_certificate_is_judged_at_the_time_of_the_event() {
    let add = CommitView {
        adds: vec![new_leaf("dave@skerry.example/phone", 1)],
        ..commit(0)
    };
    let at = |seconds: u64| admit_commit(&group(), &add, seconds * 1_000).map(drop);
    let refusal = Refusal::Identity(IdentityError::Time);
    assert_eq!(at(VALIDITY.0 - 301), Err(refusal));
    assert_eq!(at(VALIDITY.0 - 300), Ok(()));
    assert_eq!(at(VALIDITY.1 - 1), Ok(()));
    assert_eq!(at(VALIDITY.1), Err(refusal));
}

fn creation(change: impl FnOnce(&mut GroupView)) -> Result<(), Refusal> {
    let mut first = first_group();
    change(&mut first);
    let (hub, root) = (islet(), key("root of islet").public());
    let creator = device("alice@islet.example/phone");
    let context = context(&first.extension);
    admit_creation(&first, &context, &creator, (&hub, &root), NOW)
}

/// ADM-12
#[test]
fn a_room_begins_with_its_creator_alone_as_owner_under_this_hub() {
    let refused = Err(Refusal::Creation);
    assert_eq!(creation(|_| ()), Ok(()));
    let second = || leaf(1, "bob@skerry.example/laptop", 1);
    assert_eq!(creation(|g| g.leaves.push(second())), refused);
    assert_eq!(creation(|g| g.leaves.clear()), refused);
    assert_eq!(creation(|g| g.leaves[0] = second()), refused);
    assert_eq!(creation(|g| g.epoch = 1), refused);
    assert_eq!(creation(|g| g.generation = 1), refused);
    assert_eq!(creation(|g| g.extension.roles.clear()), refused);
    assert_eq!(creation(|g| g.extension.hub.term = 2), refused);
    let root = key("another root").public();
    assert_eq!(creation(|g| g.extension.hub.root = root), refused);
    let hub = holm_protocol::room_extension::Hub::new(&skerry(), key("root of islet").public());
    assert_eq!(creation(|g| g.extension.hub = hub), refused);
    let elsewhere = holm_protocol::RoomUri::new(&skerry(), "harbor").unwrap();
    assert_eq!(creation(|g| g.room = elsewhere), refused);
}

/// ADM-12, ADM-3, ROOM-2
#[test]
fn the_first_leaf_and_context_are_of_their_form() {
    let forged = creation(|g| g.leaves[0].mls_key = key("a listener").public());
    assert_eq!(forged, Err(Refusal::Identity(IdentityError::Signature)));
    assert_eq!(
        creation(|g| g.extension.version = 2),
        Err(Refusal::Extensions)
    );
}
