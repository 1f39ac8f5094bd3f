//! Proposals that no room's commit holds, and the rows OpenMLS keeps them in.

use holm_mls::settings::CIPHERSUITE;
use holm_mls::{StageError, signer, wire_bytes};
use holm_protocol::admission::Refusal;
use holm_protocol::encoding::decode;
use openmls::prelude::{
    LeafNodeIndex, LeafNodeParameters, MlsMessageIn, PreSharedKeyProposal, ProcessedMessageContent,
    Proposal,
};
use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};

use crate::devices::{Ask, Device};
use crate::world::World;

/// Takes a proposal into a device's queue.
fn queue(device: &mut Device, bytes: &[u8]) {
    let message = decode::<MlsMessageIn>(bytes)
        .unwrap()
        .try_into_protocol_message()
        .unwrap();
    let group = device.group.as_mut().unwrap();
    let processed = group.process_message(&device.provider, message).unwrap();
    let ProcessedMessageContent::ProposalMessage(proposal) = processed.into_content() else {
        panic!("a proposal");
    };
    group
        .store_pending_proposal(&device.provider.store, *proposal)
        .unwrap();
}

// ADM-1, LOG-10
#[test]
fn a_commit_with_a_proposal_by_reference_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let alice = &mut world.devices[0];
    let (key, bob) = (signer(&alice.key), LeafNodeIndex::new(1));
    let group = alice.group.as_mut().unwrap();
    group
        .propose_remove_member(&alice.provider, &key, bob)
        .unwrap();
    let bundle = alice.commit(&Ask::default());
    assert!(matches!(world.refused(&bundle), StageError::Invalid(_)));
}

// ADM-1
#[test]
fn a_commit_with_a_proposal_of_another_type_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let psk = Psk::External(ExternalPsk::new(b"psk".to_vec()));
    for device in &world.devices {
        let id = PreSharedKeyId::new(CIPHERSUITE, &device.provider.crypto, psk.clone()).unwrap();
        id.store(&device.provider, b"secret").unwrap();
    }
    let crypto = &world.devices[0].provider.crypto;
    let id = PreSharedKeyId::new(CIPHERSUITE, crypto, psk).unwrap();
    let other = Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(id)));
    let bundle = world.devices[0].commit(&Ask {
        others: vec![other],
        ..Ask::default()
    });
    assert_eq!(
        world.refused(&bundle),
        StageError::Refused(Refusal::Proposal)
    );
}

#[test]
fn queued_proposals_survive_a_reload() {
    let mut world = World::of(&["alice", "bob"]);
    let [alice, bob] = world.devices.as_mut_slice() else {
        panic!("two devices");
    };
    let (key, own) = (signer(&alice.key), LeafNodeParameters::default());
    let group = alice.group.as_mut().unwrap();
    let (update, _) = group
        .propose_self_update(&alice.provider, &key, own)
        .unwrap();
    alice.reload();
    queue(bob, &wire_bytes(&update));
    bob.reload();
    assert_eq!(bob.group().pending_proposals().count(), 1);
    let bundle = bob.commit(&Ask::default());
    alice.receive(&bundle.commit).unwrap();
    bob.receive(&bundle.commit).unwrap();
    alice.reload();
    bob.reload();
    assert_eq!(bob.group().pending_proposals().count(), 0);
    let hello = bob.send("hello");
    assert_eq!(alice.receive(&hello).unwrap(), "hello");
}

#[test]
fn a_cleared_queue_leaves_no_row() {
    let mut world = World::of(&["alice", "bob"]);
    let alice = &mut world.devices[0];
    alice.reload();
    let (before, key) = (alice.provider.store.rows(), signer(&alice.key));
    let group = alice.group.as_mut().unwrap();
    let bob = LeafNodeIndex::new(1);
    let (_, reference) = group
        .propose_remove_member(&alice.provider, &key, bob)
        .unwrap();
    group
        .remove_pending_proposal(&alice.provider.store, &reference)
        .unwrap();
    group
        .propose_remove_member(&alice.provider, &key, bob)
        .unwrap();
    group
        .clear_pending_proposals(&alice.provider.store)
        .unwrap();
    alice.reload();
    assert_eq!(alice.provider.store.rows(), before);
}
