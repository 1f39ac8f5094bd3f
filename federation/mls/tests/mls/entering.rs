//! External commits: a participant's own device, and coming back.

use holm_mls::StageError;
use holm_protocol::admission::{Committer, Refusal};
use openmls::prelude::MlsGroup;

use crate::devices::{Ask, Device};
use crate::world::World;

// ADM-9, ROOM-9
#[test]
fn a_device_that_lost_its_state_comes_back_to_its_leaf() {
    let mut world = World::of(&["alice", "bob"]);
    let mut bob = Device::new("bob");
    let (bundle, parked) = bob.enter(world.hub.group_info(), &world.hub.tree());
    assert!(bob.provider.store.pending_changes().is_empty());
    let staged = world.stage(&bundle).unwrap();
    assert_eq!(staged.committer, bob.identity.device);
    assert_eq!(
        (staged.view.committer, staged.view.removes.len()),
        (Committer::External, 1)
    );
    assert!(staged.admitted.removed.is_empty() && !staged.admitted.closes_window);
    world.devices.pop();
    world.append(&bundle);
    bob.provider.store.unpark(&parked).unwrap();
    bob.reload();
    assert_eq!((bob.leaf(), world.hub.view().leaves.len()), (1, 2));
    let back = bob.send("back");
    assert_eq!(world.devices[0].receive(&back).unwrap(), "back");
}

// ROOM-9
#[test]
fn unparked_rows_take_the_place_of_the_old_group() {
    let mut world = World::of(&["alice", "bob"]);
    let mut bob = world.devices.pop().unwrap();
    bob.reload();
    let id = bob.group().group_id().clone();
    let (bundle, parked) = bob.enter(world.hub.group_info(), &world.hub.tree());
    let old = MlsGroup::load(&bob.provider.store, &id).unwrap().unwrap();
    assert_eq!(
        old.epoch().as_u64(),
        1,
        "until the log shows the commit, the old group is there"
    );
    world.append(&bundle);
    bob.provider.store.unpark(&parked).unwrap();
    bob.reload();
    let fresh = Device::new("bob");
    fresh.provider.store.unpark(&parked).unwrap();
    fresh.provider.store.accept();
    let group_rows = |device: &Device| {
        let mut rows = device.provider.store.rows();
        rows.retain(|row| row.scope == id.as_slice());
        rows
    };
    assert_eq!(
        group_rows(&bob),
        group_rows(&fresh),
        "nothing of the old group is left"
    );
    let hello = bob.send("hello");
    assert_eq!(world.devices[0].receive(&hello).unwrap(), "hello");
}

// ADM-9
#[test]
fn a_participants_second_device_enters_by_itself() {
    let mut world = World::of(&["alice", "bob"]);
    let mut second = Device::new("bob/b");
    let (bundle, _) = second.enter(world.hub.group_info(), &world.hub.tree());
    let staged = world.stage(&bundle).unwrap();
    assert_eq!(staged.admitted.added, vec![second.identity.device.clone()]);
    world.append(&bundle);
    let hello = second.send("from the other one");
    assert_eq!(
        world.devices[0].receive(&hello).unwrap(),
        "from the other one"
    );
}

// ADM-9
#[test]
fn a_stranger_does_not_enter_by_itself() {
    let world = World::of(&["alice", "bob"]);
    let mut stranger = Device::new("mallory");
    let (bundle, _) = stranger.enter(world.hub.group_info(), &world.hub.tree());
    assert_eq!(
        world.refused(&bundle),
        StageError::Refused(Refusal::External)
    );
}

// LOG-12
#[test]
fn an_external_commit_that_came_late_leaves_nothing_behind() {
    let mut world = World::of(&["alice", "bob"]);
    let (info, tree) = (world.hub.group_info().to_vec(), world.hub.tree());
    let bundle = world.devices[0].commit(&Ask::default());
    world.append(&bundle);
    let mut second = Device::new("bob/b");
    let (late, _parked) = second.enter(&info, &tree);
    assert_eq!(world.refused(&late), StageError::WrongEpoch { current: 2 });
    assert!(second.provider.store.rows().is_empty());
    let (again, parked) = second.enter(world.hub.group_info(), &world.hub.tree());
    world.append(&again);
    second.provider.store.unpark(&parked).unwrap();
    second.reload();
    assert!(second.is_in());
}
