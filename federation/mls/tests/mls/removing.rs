//! Removing: by role, by order, by oneself.

use holm_mls::StageError;
use holm_protocol::admission::Refusal;
use holm_protocol::order::{Order, Reason, SignedOrder, Subject};
use holm_protocol::signing::PrivateKey;

use crate::devices::{Ask, aad};
use crate::world::{World, now_ms, room_uri};

fn order(world: &World, device: usize) -> SignedOrder {
    let order = Order {
        room: room_uri(),
        generation: 0,
        subject: Subject::User(world.devices[device].identity.user()),
        reason: Reason::LEAVE,
        time: now_ms(),
    };
    SignedOrder::sign(order, "room-1", &PrivateKey::from_seed(&[7; 32]))
}

// ADM-8, LOG-13
#[test]
fn the_owner_removes_a_user_and_its_keys_open_nothing_more() {
    let mut world = World::of(&["alice", "bob", "carol"]);
    let leaf = world.devices[2].leaf();
    let bundle = world.devices[0].commit(&Ask::removing(leaf));
    let staged = world.stage(&bundle).unwrap();
    assert_eq!(
        staged.admitted.removed,
        vec![world.devices[2].identity.device.clone()]
    );
    assert!(staged.admitted.closes_window);
    world.append(&bundle);
    let secret = world.devices[0].send("without carol");
    assert_eq!(world.devices[1].receive(&secret).unwrap(), "without carol");
    assert!(!world.devices[2].is_in());
    assert!(world.devices[2].receive(&secret).is_err());
    assert!(
        world
            .hub
            .view()
            .device(&world.devices[2].identity.device)
            .is_none()
    );
}

// ADM-8
#[test]
fn a_member_removes_nobody_without_an_order() {
    let mut world = World::of(&["alice", "bob", "carol"]);
    let bundle = world.devices[1].commit(&Ask::removing(0));
    assert_eq!(
        world.refused(&bundle),
        StageError::Refused(Refusal::RemoveNotAllowed)
    );
}

// ORD-4, ADM-8
#[test]
fn a_member_carries_out_an_order_that_its_commit_names() {
    let mut world = World::of(&["alice", "bob", "carol"]);
    let signed = order(&world, 2);
    let verified = vec![signed.order.clone()];
    let leaf = world.devices[2].leaf();
    let silent = world.devices[1].commit(&Ask::removing(leaf));
    let refused = world.stage_with(&silent, verified.clone()).err();
    assert_eq!(
        refused,
        Some(StageError::Refused(Refusal::RemoveNotAllowed))
    );
    world.devices[1].forget_pending();
    let mut data = aad(5);
    data.orders = vec![signed];
    let ask = Ask {
        aad: Some(data.to_bytes()),
        ..Ask::removing(leaf)
    };
    let bundle = world.devices[1].commit(&ask);
    let unverified = world.stage_with(&bundle, Vec::new()).err();
    assert_eq!(
        unverified,
        Some(StageError::Refused(Refusal::RemoveNotAllowed))
    );
    let staged = world.stage_with(&bundle, verified.clone()).unwrap();
    assert_eq!((staged.aad, staged.view.orders), (data, verified));
    assert_eq!(staged.admitted.removed.len(), 1);
}

// LOG-14, ROOM-12
#[test]
fn a_removed_user_comes_back_by_a_welcome_without_an_old_key() {
    let mut world = World::of(&["alice", "bob", "carol"]);
    let leaf = world.devices[2].leaf();
    let bundle = world.devices[0].commit(&Ask::removing(leaf));
    world.append(&bundle);
    let mut carol = world.devices.pop().unwrap();
    carol.reload();
    let id = carol.group().group_id().as_slice().to_vec();
    let bundle = world.devices[0].commit(&Ask::adding(&[carol.key_package()]));
    world.append(&bundle);
    carol.provider.store.clear(&id);
    carol.join(bundle.welcome.as_ref().unwrap(), &world.hub.tree());
    carol.reload();
    let hello = carol.send("again");
    assert_eq!(world.devices[1].receive(&hello).unwrap(), "again");
    carol.provider.store.clear(&id);
    carol.provider.store.accept();
    assert!(!carol.provider.store.has_scope(&id));
}
