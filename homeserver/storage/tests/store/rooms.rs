//! What is folded from the logs: memberships, cursors, orders, trees.

mod model;
mod trees;

use std::slice::from_ref;

use bytes::Bytes;
use holm_core::ports::{
    Fold, LogStore, Membership, PeerCursor, RoomRecord, RoomStanding, RoomStore, StoredFork,
    StoredOrder,
};
use holm_protocol::order::Subject;
use holm_protocol::{DeviceUri, RoomUri};

use crate::log::chain::{commit, messages, origin};
use crate::names::{device, room, server, user};
use crate::subject::Running;

pub(crate) fn record(room: &RoomUri, folded_seq: u64) -> RoomRecord {
    RoomRecord {
        room: room.clone(),
        hub: server("islet.test"),
        folded_seq,
        snapshot: Bytes::from(format!("snapshot {folded_seq}")),
        stopped: None,
        servers: vec![server("islet.test"), server("skerry.test")],
    }
}

fn fold(room: &RoomUri, seq: u64) -> Fold {
    Fold {
        record: record(room, seq),
        entered: Vec::new(),
        left: Vec::new(),
        peers_entered: Vec::new(),
        peers_left: Vec::new(),
        tree: None,
        tree_payer: None,
        carried_out: Vec::new(),
    }
}

fn member(room: &RoomUri, anchor: u64, until: Option<u64>, delivered: u64) -> Membership {
    Membership {
        room: room.clone(),
        anchor,
        until,
        delivered,
        read: 0,
    }
}

/// A room that alice has created.
async fn created(running: &Running) -> (RoomUri, DeviceUri) {
    let (one, alice) = (room("one"), device("alice", "d1"));
    let record = record(&one, 0);
    assert!(running.store.create_room(&record, &alice).await.unwrap());
    (one, alice)
}

// RM-1
#[tokio::test]
async fn a_room_is_created_once_with_its_creator() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, alice) = created(&running).await;
    let mut other = record(&one, 0);
    other.snapshot = Bytes::from("other");
    assert!(
        !store
            .create_room(&other, &device("bob", "d1"))
            .await
            .unwrap()
    );
    assert_eq!(store.room(&one).await.unwrap(), Some(record(&one, 0)));
    assert_eq!(store.room(&room("two")).await.unwrap(), None);
    let all = store.all_rooms().await.unwrap();
    assert_eq!(all, [(one.clone(), server("islet.test"), 0)]);
    let membership = store.membership(&alice, &one).await.unwrap();
    assert_eq!(membership, Some(member(&one, 0, None, 0)));
    assert_eq!(store.local_devices(&one).await.unwrap(), [alice]);
}

// LOG-9
#[tokio::test]
async fn a_fold_happens_once() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, _) = created(&running).await;
    let bob = device("bob", "d1");
    let mut first = fold(&one, 3);
    first.entered = vec![bob.clone()];
    store.fold(first.clone()).await.unwrap();
    store
        .acknowledge(&bob, &[(one.clone(), 5, 4)])
        .await
        .unwrap();
    first.record.snapshot = Bytes::from("another");
    store.fold(first).await.unwrap();
    store.fold(fold(&one, 2)).await.unwrap();
    assert_eq!(store.room(&one).await.unwrap(), Some(record(&one, 3)));
    let membership = store.membership(&bob, &one).await.unwrap().unwrap();
    assert_eq!((membership.delivered, membership.read), (5, 4));
}

// RM-2
#[tokio::test]
async fn devices_enter_leave_and_enter_again() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, alice) = created(&running).await;
    let (two, bob) = (room("two"), device("bob", "d1"));
    let mut enter = fold(&one, 3);
    enter.entered = vec![bob.clone()];
    store.fold(enter).await.unwrap();
    // A follower's copy begins with a fold.
    let mut follow = fold(&two, 8);
    follow.entered = vec![bob.clone()];
    store.fold(follow).await.unwrap();
    let both = [member(&one, 3, None, 2), member(&two, 8, None, 7)];
    assert_eq!(store.memberships(&bob).await.unwrap(), both);
    let mut leave = fold(&one, 9);
    leave.left = vec![bob.clone()];
    store.fold(leave).await.unwrap();
    assert_eq!(store.local_devices(&one).await.unwrap(), from_ref(&alice));
    store
        .acknowledge(&bob, &[(one.clone(), 20, 20)])
        .await
        .unwrap();
    let left = store.membership(&bob, &one).await.unwrap().unwrap();
    assert_eq!((left.until, left.delivered, left.read), (Some(9), 9, 9));
    let mut again = fold(&one, 12);
    (again.entered, again.left) = (vec![bob.clone()], vec![alice.clone()]);
    store.fold(again).await.unwrap();
    let anew = store.membership(&bob, &one).await.unwrap();
    assert_eq!(anew, Some(member(&one, 12, None, 11)));
    // A device replaced by itself has entered anew.
    let mut replaced = fold(&one, 14);
    (replaced.entered, replaced.left) = (vec![bob.clone()], vec![bob.clone(), alice.clone()]);
    store.fold(replaced).await.unwrap();
    let anew = store.membership(&bob, &one).await.unwrap();
    assert_eq!(anew, Some(member(&one, 14, None, 13)));
    // All are kept, and do not overlap: the commit is the first of the new one.
    let mut first = member(&one, 3, Some(9), 9);
    first.read = 9;
    let in_one = [
        first,
        member(&one, 12, Some(13), 11),
        member(&one, 14, None, 13),
    ];
    assert_eq!(store.memberships_in(&bob, &one).await.unwrap(), in_one);
    store
        .acknowledge(&bob, &[(one.clone(), 15, 0)])
        .await
        .unwrap();
    let in_one = store.memberships_in(&bob, &one).await.unwrap();
    let delivered: Vec<_> = in_one.iter().map(|m| m.delivered).collect();
    assert_eq!(delivered, [9, 13, 15]);
    // Who has left stays as it left.
    let left = store.membership(&alice, &one).await.unwrap().unwrap();
    assert_eq!(left.until, Some(12));
}

#[tokio::test]
async fn watermarks_never_fall() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, alice) = created(&running).await;
    let marks = [
        (one.clone(), 7, 2),
        (room("none"), 9, 9),
        (one.clone(), 6, 5),
    ];
    store.acknowledge(&alice, &marks).await.unwrap();
    store
        .acknowledge(&alice, &[(one.clone(), 6, 6)])
        .await
        .unwrap();
    store.acknowledge(&alice, &[]).await.unwrap();
    let membership = store.membership(&alice, &one).await.unwrap().unwrap();
    assert_eq!((membership.delivered, membership.read), (7, 6));
    store
        .acknowledge(&alice, &[(one.clone(), 123_456_789_012, 0)])
        .await
        .unwrap();
    let membership = store.membership(&alice, &one).await.unwrap().unwrap();
    assert_eq!(
        (membership.delivered, membership.read),
        (123_456_789_012, 6)
    );
}

// FED-5, FED-7
#[tokio::test]
async fn a_peer_is_owed_a_room_from_its_anchor_until_it_leaves() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, _) = created(&running).await;
    let (skerry, atoll) = (server("skerry.test"), server("atoll.test"));
    let mut enter = fold(&one, 3);
    enter.peers_entered = vec![skerry.clone(), atoll.clone()];
    store.fold(enter).await.unwrap();
    let cursor = |server: &holm_protocol::ServerName, until, cursor| PeerCursor {
        room: one.clone(),
        server: server.clone(),
        anchor: 3,
        until,
        cursor,
    };
    let both = [cursor(&atoll, None, 2), cursor(&skerry, None, 2)];
    assert_eq!(store.peers(&one).await.unwrap(), both);
    store
        .advance_peer(&skerry, &[(one.clone(), 5), (room("none"), 5)])
        .await
        .unwrap();
    store
        .advance_peer(&skerry, &[(one.clone(), 4)])
        .await
        .unwrap();
    assert_eq!(
        store.rooms_of_peer(&skerry).await.unwrap(),
        [cursor(&skerry, None, 5)]
    );
    let mut leave = fold(&one, 9);
    leave.peers_left = vec![skerry.clone()];
    store.fold(leave).await.unwrap();
    assert_eq!(
        store.peer_servers().await.unwrap(),
        [atoll.clone(), skerry.clone()]
    );
    store
        .advance_peer(&skerry, &[(one.clone(), 12)])
        .await
        .unwrap();
    assert_eq!(store.peer_servers().await.unwrap(), from_ref(&atoll));
    // It may pull its run again.
    let both = [cursor(&atoll, None, 2), cursor(&skerry, Some(9), 9)];
    assert_eq!(store.peers(&one).await.unwrap(), both);
    let mut again = fold(&one, 15);
    again.peers_entered = vec![skerry.clone()];
    store.fold(again).await.unwrap();
    let anew = PeerCursor {
        anchor: 15,
        cursor: 14,
        ..cursor(&skerry, None, 0)
    };
    let both = [cursor(&skerry, Some(9), 9), anew];
    assert_eq!(store.rooms_of_peer(&skerry).await.unwrap(), both);
}

// ORD-1, RM-5
#[tokio::test]
async fn an_order_waits_for_the_commit_that_carries_it_out() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, _) = created(&running).await;
    let order = |subject: &Subject, text: &'static str| StoredOrder {
        subject: subject.clone(),
        bytes: Bytes::from(text),
    };
    let (bob, device) = (
        Subject::User(user("bob")),
        Subject::Device(device("alice", "d1")),
    );
    let first = order(&bob, "first");
    assert_eq!(store.add_order(&one, &first).await.unwrap(), first);
    let second = order(&device, "second");
    assert_eq!(store.add_order(&one, &second).await.unwrap(), second);
    let repeat = order(&bob, "repeat");
    assert_eq!(store.add_order(&one, &repeat).await.unwrap(), first);
    let open = [first, second.clone()];
    assert_eq!(store.open_orders(&one).await.unwrap(), open);
    let mut commit = fold(&one, 4);
    commit.carried_out = vec![bob];
    store.fold(commit).await.unwrap();
    assert_eq!(store.open_orders(&one).await.unwrap(), [second]);
    assert_eq!(store.open_orders(&room("two")).await.unwrap(), []);
}

#[tokio::test]
async fn a_room_is_set_aside_and_taken_up_again() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, _) = created(&running).await;
    store.set_stopped(&one, Some("a fork")).await.unwrap();
    let stopped = store.room(&one).await.unwrap().unwrap().stopped;
    assert_eq!(stopped.as_deref(), Some("a fork"));
    store.set_stopped(&one, None).await.unwrap();
    assert_eq!(store.room(&one).await.unwrap(), Some(record(&one, 0)));
}

// LOG-9
#[tokio::test]
async fn commits_that_are_not_folded_are_named() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, _) = created(&running).await;
    let head = store.begin(&one, origin(&one)).await.unwrap();
    let first = messages(&one, &head, &["hello"]);
    store.append(first.clone()).await.unwrap();
    assert_eq!(store.commit_seqs().await.unwrap(), []);
    let second = commit(&one, &first.head, "adds bob");
    store.append(second).await.unwrap();
    assert_eq!(store.commit_seqs().await.unwrap(), [(one.clone(), 2)]);
    store.fold(fold(&one, 2)).await.unwrap();
    assert_eq!(store.commit_seqs().await.unwrap(), []);
}

// HEAD-5, HEAD-8, FED-6
#[tokio::test]
async fn a_room_keeps_its_servers_its_newest_head_and_one_fork_a_term() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, _) = created(&running).await;
    let standing = RoomStanding {
        hub: server("islet.test"),
        stopped: None,
        servers: record(&one, 0).servers,
    };
    assert_eq!(store.standing(&one).await.unwrap(), Some(standing));
    assert_eq!(store.standing(&room("two")).await.unwrap(), None);
    let (islet, skerry) = (server("islet.test"), server("skerry.test"));
    assert_eq!(store.rooms_of_hub(&islet).await.unwrap(), 1);
    assert_eq!(store.rooms_of_hub(&skerry).await.unwrap(), 0);
    assert_eq!(store.signed_head(&one).await.unwrap(), None);
    for head in ["first", "second"] {
        store
            .put_signed_head(&one, &Bytes::from(head))
            .await
            .unwrap();
    }
    assert_eq!(
        store.signed_head(&one).await.unwrap(),
        Some("second".into())
    );
    let fork = |term, proof: &'static str| StoredFork {
        room: one.clone(),
        hub: server("islet.test"),
        term,
        seq: 9,
        found: 1_000,
        proof: Bytes::from(proof),
    };
    assert!(store.keep_fork(&fork(1, "a")).await.unwrap());
    assert!(!store.keep_fork(&fork(1, "b")).await.unwrap());
    assert!(store.keep_fork(&fork(2, "c")).await.unwrap());
    assert_eq!(store.forks().await.unwrap(), [fork(1, "a"), fork(2, "c")]);
}
