//! Commits: adding, racing, changing the room, and what admission refuses.

use holm_mls::settings::{CIPHERSUITE, capabilities};
use holm_mls::{PublicRoom, StageError, check_bundle, commit_view, signer, welcome_references};
use holm_protocol::admission::{Committer, Refusal, admit_commit};
use holm_protocol::bundle::Bundle;
use holm_protocol::identity::IdentityError;
use holm_protocol::mls_header::confirmed_transcript_hash;
use holm_protocol::room_extension::{Role, RoomExtension};
use openmls::prelude::{
    BasicCredential, CredentialWithKey, KeyPackage, MlsMessageIn, ProcessedMessageContent, Sender,
};

use crate::devices::{Ask, Device, aad};
use crate::world::{World, extension, group_info_and_tree, now_ms, room_uri};

// ROOM-8, ADM-7, LOG-7
#[test]
fn an_add_lets_a_device_in_everywhere_alike() {
    let mut world = World::of(&["alice", "bob"]);
    let mut carol = Device::new("carol");
    let bundle = world.devices[1].commit(&Ask::adding(&[carol.key_package()]));
    let staged = world.stage(&bundle).unwrap();
    assert_eq!(staged.committer, world.devices[1].identity.device);
    assert_eq!((staged.aad.clone(), staged.epoch()), (aad(1), 2));
    assert_eq!(staged.admitted.added, vec![carol.identity.device.clone()]);
    assert!(staged.admitted.removed.is_empty() && !staged.admitted.closes_window);
    let welcome = bundle.welcome.as_ref().unwrap();
    assert_eq!(
        staged.key_package_references,
        welcome_references(welcome).unwrap()
    );
    world.append(&bundle);
    carol.join(welcome, &world.hub.tree());
    let (info, tree) = group_info_and_tree(&carol);
    assert_eq!(world.hub.tree(), tree);
    assert_eq!(
        holm_mls::external_pub(world.hub.group_info()),
        holm_mls::external_pub(&info)
    );
    assert_eq!(world.hub.view().leaves.len(), 3);
    let hello = carol.send("hello");
    assert_eq!(world.devices[0].receive(&hello).unwrap(), "hello");
}

// LOG-14
#[test]
fn a_joiner_proves_the_commit_that_admitted_it() {
    let mut world = World::of(&["alice"]);
    let mut bob = Device::new("bob");
    let before = world.hub.interim_hash();
    let bundle = world.devices[0].commit(&Ask::adding(&[bob.key_package()]));
    world.append(&bundle);
    bob.join(bundle.welcome.as_ref().unwrap(), &world.hub.tree());
    let context = bob.group().public_group().group_context();
    let own = context.confirmed_transcript_hash();
    assert_eq!(
        confirmed_transcript_hash(&before, &bundle.commit)
            .unwrap()
            .0,
        own
    );
    assert_eq!(
        holm_mls::bundle::interim_hash(bob.group().public_group()),
        world.hub.interim_hash()
    );
}

// LOG-14, ROOM-8
#[test]
fn a_follower_proves_the_commit_its_copy_begins_with() {
    let mut world = World::of(&["alice", "bob"]);
    let before = world.hub.interim_hash();
    let bundle = world.devices[1].commit(&Ask::adding(&[Device::new("carol").key_package()]));
    world.append(&bundle);
    let room = PublicRoom::start(&room_uri(), &bundle.group_info, &world.hub.tree()).unwrap();
    let body = bundle.body();
    room.check_anchor(&body, &before).unwrap();
    assert!(room.check_anchor(&body, &world.hub.interim_hash()).is_err());
    let (mut changed, id) = (bundle.clone(), aad(1).client_msg_id.0);
    let at = changed
        .commit
        .windows(16)
        .position(|bytes| bytes == id)
        .unwrap();
    changed.commit[at] ^= 1;
    assert!(room.check_anchor(&changed.body(), &before).is_err());
    let other = Bundle::sign(
        bundle.commit,
        None,
        bundle.group_info,
        &world.devices[0].key,
    );
    assert!(room.check_anchor(&other.body(), &before).is_err());
}

// ROOM-8
#[test]
fn of_two_commits_for_one_epoch_the_first_wins() {
    let mut world = World::of(&["alice", "bob"]);
    let (carol, dave) = (Device::new("carol"), Device::new("dave"));
    let package = dave.key_package();
    let winner = world.devices[0].commit(&Ask::adding(&[carol.key_package()]));
    let loser = world.devices[1].commit(&Ask::adding(std::slice::from_ref(&package)));
    let late = world.stage(&loser).unwrap();
    world.append(&winner);
    assert_eq!(world.refused(&loser), StageError::WrongEpoch { current: 2 });
    assert_eq!(
        world.hub.merge(late),
        Err(StageError::WrongEpoch { current: 2 })
    );
    let again = world.devices[1].commit(&Ask::adding(&[package]));
    world.append(&again);
    assert_eq!((world.hub.epoch(), world.hub.view().leaves.len()), (3, 4));
}

// ROOM-3, ADM-3
#[test]
fn a_leaf_that_its_user_did_not_certify_is_refused() {
    let mut world = World::of(&["alice"]);
    let mut mallory = Device::new("mallory");
    mallory.identity.identity_key = world.devices[0].key.public();
    let bundle = world.devices[0].commit(&Ask::adding(&[mallory.key_package()]));
    let cause = Refusal::Identity(IdentityError::Signature);
    assert_eq!(world.refused(&bundle), StageError::Refused(cause));
}

// ROOM-4
#[test]
fn a_leaf_whose_credential_is_no_identity_is_refused() {
    let mut world = World::of(&["alice"]);
    let stranger = Device::new("stranger");
    let with_key = CredentialWithKey {
        credential: BasicCredential::new(b"somebody".to_vec()).into(),
        ..stranger.credential()
    };
    let builder = KeyPackage::builder().leaf_node_capabilities(capabilities());
    let signer = signer(&stranger.key);
    let made = builder.build(CIPHERSUITE, &stranger.provider, &signer, with_key);
    let made = made.unwrap();
    let ask = Ask {
        adds: vec![made.key_package().clone()],
        ..Ask::default()
    };
    let bundle = world.devices[0].commit(&ask);
    assert!(matches!(world.refused(&bundle), StageError::Invalid(_)));
}

// ADM-4
#[test]
fn a_device_has_one_leaf() {
    let mut world = World::of(&["alice", "bob"]);
    let mut twin = Device::new("bob/b");
    let uri = world.devices[1].identity.device.clone();
    twin.certify(uri, "bob");
    let bundle = world.devices[0].commit(&Ask::adding(&[twin.key_package()]));
    assert_eq!(
        world.refused(&bundle),
        StageError::Refused(Refusal::DuplicateDevice)
    );
}

// ADM-11, ROOM-5
#[test]
fn the_owner_changes_the_room_and_members_do_not() {
    let mut world = World::of(&["alice", "bob"]);
    let mut changed: RoomExtension = extension(&world.devices[0]);
    changed.policy.add = Role::Admin;
    let ask = Ask {
        extension: Some(changed.clone()),
        ..Ask::default()
    };
    let refused = world.devices[1].commit(&ask);
    assert_eq!(
        world.refused(&refused),
        StageError::Refused(Refusal::ChangeNotAllowed)
    );
    let bundle = world.devices[0].commit(&ask);
    let staged = world.stage(&bundle).unwrap();
    assert_eq!(staged.admitted.extension, Some(changed.clone()));
    world.append(&bundle);
    assert_eq!(world.hub.view().extension, changed);
    assert_eq!(world.hub.context_extensions().len(), 2);
}

// LOG-7
#[test]
fn a_commit_whose_authenticated_data_is_not_ours_is_refused() {
    let mut world = World::of(&["alice"]);
    let ask = Ask {
        aad: Some(b"not ours".to_vec()),
        ..Ask::default()
    };
    let bundle = world.devices[0].commit(&ask);
    assert!(matches!(world.refused(&bundle), StageError::Invalid(_)));
}

// ADM-1: devices judge what the hub judged, by the same functions.
#[test]
fn a_device_comes_to_the_hubs_verdict() {
    let mut world = World::of(&["alice", "bob"]);
    let bundle = world.devices[0].commit(&Ask::adding(&[Device::new("carol").key_package()]));
    let staged = world.stage(&bundle).unwrap();
    let bob = &mut world.devices[1];
    let message = holm_protocol::encoding::decode::<MlsMessageIn>(&bundle.commit).unwrap();
    let message = message.try_into_protocol_message().unwrap();
    let group = bob.group.as_mut().unwrap();
    let processed = group.process_message(&bob.provider, message).unwrap();
    let sender = processed.sender().clone();
    let ProcessedMessageContent::StagedCommitMessage(commit) = processed.into_content() else {
        panic!("a commit");
    };
    let public = bob.group().public_group();
    check_bundle(
        &bob.provider.crypto,
        public,
        &commit,
        &sender,
        &bundle.body(),
    )
    .unwrap();
    let view = commit_view(public, &commit, &sender, Vec::new()).unwrap();
    assert_eq!(view, staged.view);
    assert_eq!(view.committer, Committer::Member(0));
    let group = holm_mls::group_view(public).unwrap();
    assert_eq!(admit_commit(&group, &view, now_ms()), Ok(staged.admitted));
    let alice = world.devices[0].group();
    let (own, sender) = (
        alice.pending_commit().unwrap(),
        Sender::Member(alice.own_leaf_index()),
    );
    let crypto = &world.devices[0].provider.crypto;
    check_bundle(crypto, alice.public_group(), own, &sender, &bundle.body()).unwrap();
}
