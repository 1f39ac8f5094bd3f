//! Names, keys and a small room that the tests share; everything is derived from fixed texts.

use holm_protocol::admission::{CommitView, Committer, GroupView, Leaf, NewLeaf};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::order::{Order, Reason, Subject};
use holm_protocol::room_extension::{Hub, Role, RoleEntry, RoomExtension};
use holm_protocol::{DeviceUri, Hash, PrivateKey, RoomUri, ServerName, UserUri};

/// The present of all tests, milliseconds since 1970.
pub(crate) const NOW: u64 = 1_760_000_000_000;
/// When the tests' certificates begin and end, seconds since 1970.
pub(crate) const VALIDITY: (u64, u64) = (1_750_000_000, 1_770_000_000);

/// The key whose seed is the SHA-256 of `text`.
pub(crate) fn key(text: &str) -> PrivateKey {
    PrivateKey::from_seed(&Hash::sha256(text.as_bytes()).0)
}

pub(crate) fn islet() -> ServerName {
    ServerName::parse("islet.example").unwrap()
}

pub(crate) fn skerry() -> ServerName {
    ServerName::parse("skerry.example").unwrap()
}

pub(crate) fn room() -> RoomUri {
    RoomUri::new(&islet(), "harbor").unwrap()
}

/// `alice@islet.example` by her address.
pub(crate) fn user(address: &str) -> UserUri {
    UserUri::from_address(address).unwrap()
}

/// The device `alice@islet.example/phone`.
pub(crate) fn device(text: &str) -> DeviceUri {
    let (address, id) = text.split_once('/').unwrap();
    DeviceUri::new(&user(address), id).unwrap()
}

/// The identity of a device, certified by its user's key, with removals counted to `generation`.
pub(crate) fn identity(text: &str, generation: u32) -> DeviceIdentity {
    let device = device(text);
    let identity = key(&format!("identity {}", device.user().address()));
    let mls_key = key(&format!("mls {text}")).public();
    DeviceIdentity::certify(device, &mls_key, &identity, generation, VALIDITY)
}

/// A leaf that a commit brings.
pub(crate) fn new_leaf(text: &str, generation: u32) -> NewLeaf {
    NewLeaf {
        identity: identity(text, generation),
        mls_key: key(&format!("mls {text}")).public(),
    }
}

/// A leaf of the tree.
pub(crate) fn leaf(index: u32, text: &str, generation: u32) -> Leaf {
    let NewLeaf { identity, mls_key } = new_leaf(text, generation);
    Leaf {
        index,
        identity,
        mls_key,
    }
}

pub(crate) fn hub() -> Hub {
    Hub::new(&islet(), key("root of islet").public())
}

/// A room of alice, its owner (leaf 0), bob, an admin (leaf 1), carol (leaf 2) and her second
/// device (leaf 4); leaf 3 is blank.
pub(crate) fn group() -> GroupView {
    let mut extension = RoomExtension::new(hub(), user("alice@islet.example"));
    extension.roles.push(RoleEntry {
        user: user("bob@skerry.example"),
        role: Role::Admin,
    });
    GroupView {
        room: room(),
        generation: 0,
        epoch: 7,
        extension,
        leaves: vec![
            leaf(0, "alice@islet.example/phone", 1),
            leaf(1, "bob@skerry.example/laptop", 1),
            leaf(2, "carol@skerry.example/phone", 2),
            leaf(4, "carol@skerry.example/tablet", 2),
        ],
    }
}

/// A commit that only renews the committer's leaf keys.
pub(crate) fn commit(committer: u32) -> CommitView {
    CommitView {
        committer: Committer::Member(committer),
        adds: Vec::new(),
        removes: Vec::new(),
        path_leaf: None,
        extensions: None,
        other_proposals: false,
        orders: Vec::new(),
        successions: Vec::new(),
    }
}

/// An external commit by which a device enters.
pub(crate) fn external(entering: NewLeaf) -> CommitView {
    CommitView {
        committer: Committer::External,
        path_leaf: Some(entering),
        ..commit(0)
    }
}

/// An order to leave for the tests' room.
pub(crate) fn order(subject: Subject) -> Order {
    Order {
        room: room(),
        generation: 0,
        subject,
        reason: Reason::LEAVE,
        time: NOW - 1_000,
    }
}
