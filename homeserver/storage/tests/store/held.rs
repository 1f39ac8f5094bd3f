//! Messages held for hubs that are away (SYNC-16, LIM-24, LIM-25).

use bytes::Bytes;
use holm_core::ports::{HeldStore, Hold, Settled};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::limits::{HELD_DEVICE_LEN_MAX, HELD_DEVICE_MAX, HELD_HUB_MAX};
use holm_storage::{Drive, Sqlite};

use crate::names::{device, room, server};
use crate::subject::Running;

fn id(n: usize) -> ClientMsgId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    ClientMsgId(bytes)
}

fn hold(room_name: &str, user: &str, ids: impl IntoIterator<Item = usize>) -> Hold {
    Hold {
        room: room(room_name),
        hub: server("skerry.test"),
        device: device(user, "one"),
        messages: ids
            .into_iter()
            .map(|n| (id(n), Bytes::from(format!("{user} {n}"))))
            .collect(),
        time: 7,
    }
}

async fn texts(store: &Sqlite, room_name: &str) -> Vec<String> {
    let first = store.first(&room(room_name), usize::MAX, usize::MAX).await;
    let text = |m: holm_core::ports::HeldMessage| String::from_utf8(m.message.to_vec()).unwrap();
    first.unwrap().into_iter().map(text).collect()
}

#[tokio::test]
async fn held_messages_survive_a_restart_and_leave_a_room_in_their_order() {
    // SYNC-16
    let folder = tempfile::tempdir().unwrap();
    let opened = || async {
        let (store, writer) = Sqlite::open(folder.path(), Drive::Await).await.unwrap();
        Running::new(store, writer)
    };
    let running = opened().await;
    for (user, ids) in [("alice", [3, 1]), ("bob", [1, 2]), ("alice", [2, 9])] {
        let held = running.store.hold(hold("a", user, ids)).await.unwrap();
        assert_eq!(held, [true, true]);
    }
    running.store.hold(hold("b", "bob", [1])).await.unwrap();
    running.close().await;
    let running = opened().await;
    let store = &running.store;
    let order = ["alice 3", "alice 1", "bob 1", "bob 2", "alice 2", "alice 9"];
    assert_eq!(texts(store, "a").await, order);
    let rooms = store.held_rooms().await.unwrap();
    let hub = server("skerry.test");
    assert_eq!(rooms, [(room("a"), hub.clone()), (room("b"), hub)]);
    let page = store.first(&room("a"), 2, usize::MAX).await.unwrap();
    assert_eq!(page.len(), 2);
    let narrow = store.first(&room("a"), 9, 1).await.unwrap();
    assert_eq!(narrow.len(), 1);
    assert_eq!(narrow[0].client_msg_id, id(3));
    assert_eq!(narrow[0].device, device("alice", "one"));
}

#[tokio::test]
async fn a_message_that_is_held_already_stays_as_it_was() {
    // SYNC-16
    let running = Running::memory().await;
    let store = &running.store;
    store.hold(hold("a", "alice", [1, 2])).await.unwrap();
    let mut again = hold("a", "alice", [1, 2, 3]);
    again.messages[0].1 = Bytes::from_static(b"made anew");
    assert_eq!(store.hold(again).await.unwrap(), [true; 3]);
    assert_eq!(texts(store, "a").await, ["alice 1", "alice 2", "alice 3"]);
}

#[tokio::test]
async fn a_cut_takes_what_the_device_sent_after_it_in_that_room_and_nothing_else() {
    // SYNC-17
    let running = Running::memory().await;
    let store = &running.store;
    for (name, user, ids) in [
        ("a", "alice", 0..3),
        ("a", "bob", 0..2),
        ("b", "alice", 0..1),
    ] {
        store.hold(hold(name, user, ids)).await.unwrap();
    }
    store.hold(hold("a", "alice", [7])).await.unwrap();
    let first = store.first(&room("a"), 9, usize::MAX).await.unwrap();
    let settled = Settled {
        done: vec![first[0].number, first[3].number],
        cut: vec![(device("alice", "one"), first[1].number)],
    };
    let taken = store.settle(&room("a"), &settled).await.unwrap();
    let alice = || device("alice", "one");
    assert_eq!(
        taken,
        [(alice(), id(1)), (alice(), id(2)), (alice(), id(7))]
    );
    assert_eq!(texts(store, "a").await, ["bob 1"]);
    assert_eq!(texts(store, "b").await, ["alice 0"]);
    assert_eq!(store.settle(&room("a"), &settled).await.unwrap(), []);
}

#[tokio::test]
async fn a_device_has_so_many_messages_held_and_no_more() {
    // LIM-24
    let running = Running::memory().await;
    let store = &running.store;
    let many = hold("a", "alice", 0..HELD_DEVICE_MAX + 2);
    let held = store.hold(many).await.unwrap();
    assert_eq!(held.iter().filter(|held| **held).count(), HELD_DEVICE_MAX);
    assert!(!held[HELD_DEVICE_MAX] && !held[HELD_DEVICE_MAX + 1]);
    // What is held stays held, others are not hindered, and room comes with what leaves.
    let repeat = hold("a", "alice", [5, HELD_DEVICE_MAX]);
    assert_eq!(store.hold(repeat).await.unwrap(), [true, false]);
    assert_eq!(store.hold(hold("b", "bob", [0])).await.unwrap(), [true]);
    let first = store.first(&room("a"), 1, usize::MAX).await.unwrap();
    let settled = Settled {
        done: vec![first[0].number],
        cut: Vec::new(),
    };
    store.settle(&room("a"), &settled).await.unwrap();
    let next = hold("a", "alice", [HELD_DEVICE_MAX]);
    assert_eq!(store.hold(next).await.unwrap(), [true]);
}

#[tokio::test]
async fn a_device_has_so_many_bytes_held_and_no_more() {
    // LIM-24
    let running = Running::memory().await;
    let half = Bytes::from(vec![7; HELD_DEVICE_LEN_MAX / 2]);
    let mut large = hold("a", "alice", [1, 2, 3]);
    large.messages[0].1 = half.clone();
    large.messages[1].1 = half;
    large.messages[2].1 = Bytes::from_static(b"x");
    let held = running.store.hold(large).await.unwrap();
    assert_eq!(held, [true, true, false]);
}

#[tokio::test]
async fn a_hub_has_so_many_messages_held_and_no_more() {
    // LIM-25
    let running = Running::memory().await;
    for n in 0..HELD_HUB_MAX / HELD_DEVICE_MAX {
        let full = hold("a", &format!("user{n}"), 0..HELD_DEVICE_MAX);
        let held = running.store.hold(full).await.unwrap();
        assert!(held.iter().all(|held| *held));
    }
    let one = hold("a", "late", [1]);
    assert_eq!(running.store.hold(one.clone()).await.unwrap(), [false]);
    let elsewhere = Hold {
        hub: server("atoll.test"),
        ..one
    };
    assert_eq!(running.store.hold(elsewhere).await.unwrap(), [true]);
}
