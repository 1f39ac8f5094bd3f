//! Bytes from outside never do more than be refused.

use holm_mls::{PublicRoom, external_pub, read_key_package, welcome_references};
use holm_protocol::bundle::CommitBody;
use holm_protocol::signing::{Hash, Signature};
use proptest::collection::vec;
use proptest::prelude::{any, proptest};

use crate::devices::{Ask, Device};
use crate::world::{World, group_info_and_tree, now_ms, room_uri};

/// A valid message cut off and filled up with other bytes.
fn spoiled(bytes: &[u8], keep: usize, tail: &[u8]) -> Vec<u8> {
    let kept = keep % (bytes.len() + 1);
    [&bytes[..kept], tail].concat()
}

// ENC-2, SEC-1
#[test]
fn spoiled_bytes_are_refused_without_a_panic() {
    let mut world = World::of(&["alice"]);
    let package = Device::new("bob").key_package();
    let bundle = world.devices[0].commit(&Ask::adding(std::slice::from_ref(&package)));
    let (info, tree) = group_info_and_tree(&world.devices[0]);
    let welcome = bundle.welcome.clone().unwrap();
    proptest!(|(keep in any::<usize>(), tail in vec(any::<u8>(), 1..80))| {
        let spoil = |bytes: &[u8]| spoiled(bytes, keep, &tail);
        let body = CommitBody {
            commit: spoil(&bundle.commit).into(),
            group_info: bundle.group_info.clone().into(),
            welcome_hash: Hash::sha256(&welcome),
            signature: Signature([1; 64]),
        };
        assert!(world.hub.stage(&body, Vec::new(), now_ms()).is_err());
        let _ = welcome_references(&spoil(&welcome));
        let _ = external_pub(&spoil(&info));
        assert!(read_key_package(&spoil(&package), now_ms()).is_err());
        assert!(PublicRoom::start(&room_uri(), &spoil(&info), &tree).is_err());
        assert!(PublicRoom::start(&room_uri(), &info, &spoil(&tree)).is_err());
        let _ = PublicRoom::load(&spoil(&world.hub.snapshot()));
    });
}
