//! The staged store under a device's group: nothing lasts before it was accepted.

use holm_mls::{Row, RowChange, StagedStore};
use openmls::prelude::MlsGroup;

use crate::devices::{Ask, Device};
use crate::world::World;

/// What a database does with changes; none of these deletes a row.
fn write(database: &StagedStore, changes: Vec<RowChange>) {
    database.load(changes.into_iter().map(|change| Row {
        scope: change.scope,
        key: change.key,
        value: change.value.unwrap().to_vec(),
    }));
}

fn pair() -> (Device, Device) {
    let mut world = World::of(&["alice", "bob"]);
    world.devices.iter_mut().for_each(Device::reload);
    let bob = world.devices.pop().unwrap();
    (world.devices.pop().unwrap(), bob)
}

/// Key state and message are written in one transaction, or neither is.
#[test]
fn a_discarded_step_leaves_no_trace_and_the_message_opens_again() {
    let (mut alice, mut bob) = pair();
    let message = alice.send("once");
    let before = bob.provider.store.rows();
    assert_eq!(bob.receive(&message).unwrap(), "once");
    assert!(!bob.provider.store.pending_changes().is_empty());
    bob.provider.store.discard();
    assert!(bob.provider.store.pending_changes().is_empty());
    assert_eq!(bob.provider.store.rows(), before);
    bob.reload();
    assert_eq!(bob.receive(&message).unwrap(), "once");
    bob.reload();
    assert!(
        bob.receive(&message).is_err(),
        "accepted, the key is used up"
    );
}

#[test]
fn pending_changes_stay_until_they_are_accepted() {
    let (mut alice, _) = pair();
    alice.send("one");
    let store = &alice.provider.store;
    let changes = store.pending_changes();
    assert!(!changes.is_empty());
    assert_eq!(changes, store.pending_changes());
    store.accept();
    assert!(store.pending_changes().is_empty());
}

#[test]
fn a_database_that_got_every_change_holds_the_group() {
    let (mut alice, mut bob) = pair();
    let database = StagedStore::new();
    write(&database, bob.provider.store.rows());
    for text in ["one", "two"] {
        let message = alice.send(text);
        assert_eq!(bob.receive(&message).unwrap(), text);
        write(&database, bob.provider.store.pending_changes());
        bob.provider.store.accept();
    }
    let id = bob.group().group_id().clone();
    bob.group = MlsGroup::load(&database, &id).unwrap();
    bob.provider.store = database;
    let message = alice.send("three");
    assert_eq!(bob.receive(&message).unwrap(), "three");
}

#[test]
fn a_pending_commit_survives_a_reload() {
    let mut world = World::of(&["alice", "bob"]);
    let bundle = world.devices[0].commit(&Ask::adding(&[Device::new("carol").key_package()]));
    world.devices[0].reload();
    assert!(world.devices[0].group().pending_commit().is_some());
    world.append(&bundle);
    assert_eq!(world.devices[0].group().epoch().as_u64(), 2);
    assert_eq!(world.hub.view().leaves.len(), 3);
}

// ROOM-1
#[test]
fn group_rows_carry_the_group_id_and_others_none() {
    let (alice, bob) = pair();
    let (store, id) = (&alice.provider.store, alice.group().group_id().as_slice());
    assert!(store.has_scope(id));
    assert!(
        store
            .rows()
            .iter()
            .all(|row| row.scope == id || row.scope.is_empty())
    );
    let package = bob.key_package();
    assert!(!package.is_empty());
    let changes = bob.provider.store.pending_changes();
    assert!(!changes.is_empty() && changes.iter().all(|change| change.scope.is_empty()));
    store.evict(id);
    assert!(!store.has_scope(id));
    assert!(
        MlsGroup::load(store, alice.group().group_id())
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_message_of_two_epochs_ago_opens_and_one_of_three_does_not() {
    let mut world = World::of(&["alice", "bob"]);
    let late = [
        world.devices[1].send("two behind"),
        world.devices[1].send("three behind"),
    ];
    for epoch in 0..3 {
        let bundle = world.devices[0].commit(&Ask::default());
        world.append(&bundle);
        world.devices[0].reload();
        if epoch == 1 {
            assert_eq!(world.devices[0].receive(&late[0]).unwrap(), "two behind");
        }
    }
    assert!(world.devices[0].receive(&late[1]).is_err());
}

#[test]
fn secrets_are_not_printed() {
    let (mut alice, _) = pair();
    alice.send("one");
    let store = &alice.provider.store;
    let changes = store.pending_changes();
    let printed = format!("{:?} {changes:?} {:?}", alice.provider, store.park());
    assert!(
        printed.contains("message_secrets"),
        "kinds are told: {printed}"
    );
    for value in changes.iter().filter_map(|change| change.value.as_ref()) {
        let bytes = format!("{:?}", &value[..8]);
        assert!(!printed.contains(bytes.trim_matches(['[', ']'])));
    }
}
