//! Snapshots and replay: two ways to one state.

use holm_mls::{PublicRoom, StageError};
use holm_protocol::bundle::Bundle;

use crate::devices::{Ask, Device};
use crate::world::{World, extension, now_ms};

fn equal(one: &PublicRoom, other: &PublicRoom) -> bool {
    one.snapshot() == other.snapshot()
        && one.view() == other.view()
        && one.tree() == other.tree()
        && one.group_info() == other.group_info()
        && one.interim_hash() == other.interim_hash()
}

/// Commits of every sort; the hub takes each.
fn history(world: &mut World) -> Vec<Bundle> {
    let mut changed = extension(&world.devices[0]);
    changed.bans = vec![Device::new("mallory").identity.user()];
    let carol = Device::new("carol").key_package();
    let leaf = world.devices[2].leaf();
    let asks = [
        Ask::default(),
        Ask::adding(&[carol]),
        Ask::removing(leaf),
        Ask {
            extension: Some(changed),
            ..Ask::default()
        },
    ];
    let mut all = Vec::new();
    for ask in &asks {
        let bundle = world.devices[0].commit(ask);
        world.append(&bundle);
        all.push(bundle);
    }
    all
}

#[test]
fn a_snapshot_with_replay_leads_to_the_same_state() {
    let mut world = World::of(&["alice", "bob", "dave"]);
    let mut follower = PublicRoom::load(&world.hub.snapshot()).unwrap();
    assert!(equal(&follower, &world.hub));
    for bundle in history(&mut world) {
        let staged = follower
            .stage(&bundle.body(), Vec::new(), now_ms())
            .unwrap();
        follower.merge(staged).unwrap();
    }
    assert!(equal(&follower, &world.hub));
    assert!(equal(
        &PublicRoom::load(&follower.snapshot()).unwrap(),
        &world.hub
    ));
}

#[test]
fn a_follower_that_starts_at_a_later_epoch_goes_the_same_way() {
    let mut world = World::of(&["alice", "bob", "dave"]);
    let (room, info) = (world.hub.room().clone(), world.hub.group_info().to_vec());
    let mut follower = PublicRoom::start(&room, &info, &world.hub.tree()).unwrap();
    for bundle in history(&mut world) {
        let staged = follower
            .stage(&bundle.body(), Vec::new(), now_ms())
            .unwrap();
        follower.merge(staged).unwrap();
    }
    assert_eq!(follower.view(), world.hub.view());
    assert_eq!(
        (follower.tree(), follower.interim_hash()),
        (world.hub.tree(), world.hub.interim_hash())
    );
}

#[test]
fn a_blob_that_is_no_snapshot_is_refused() {
    let world = World::of(&["alice"]);
    let snapshot = world.hub.snapshot();
    assert!(PublicRoom::load(&[]).is_err());
    assert!(PublicRoom::load(&snapshot[..snapshot.len() / 2]).is_err());
    let mut newer = snapshot;
    newer[0] += 1;
    assert!(matches!(
        PublicRoom::load(&newer),
        Err(StageError::Invalid(_))
    ));
}
