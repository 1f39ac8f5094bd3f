//! Ratchet trees: kept for whoever still has to take them, and counted for who made this server
//! keep them.

use bytes::Bytes;
use holm_core::ports::{Fold, LogStore, RoomStore};

use super::{created, fold};
use crate::names::{device, server};
use crate::subject::Running;

// RM-6
#[tokio::test]
async fn a_tree_is_kept_until_its_joiners_have_it() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, _) = created(&running).await;
    let (bob, skerry) = (device("bob", "d1"), server("skerry.test"));
    let with_tree = |seq: u64| Fold {
        tree: Some(Bytes::from(format!("tree {seq}"))),
        ..fold(&one, seq)
    };
    let kept = async || {
        let mut kept = Vec::new();
        for seq in 0..10 {
            kept.extend(store.tree(&one, seq).await.unwrap().map(|_| seq));
        }
        kept
    };
    let mut for_bob = with_tree(3);
    for_bob.entered = vec![bob.clone()];
    store.fold(for_bob).await.unwrap();
    let mut for_skerry = with_tree(4);
    for_skerry.peers_entered = vec![skerry.clone()];
    store.fold(for_skerry).await.unwrap();
    store.fold(with_tree(5)).await.unwrap();
    assert_eq!(kept().await, [3, 4, 5]);
    assert_eq!(
        store.tree(&one, 4).await.unwrap(),
        Some(Bytes::from("tree 4"))
    );
    store
        .acknowledge(&bob, &[(one.clone(), 3, 0)])
        .await
        .unwrap();
    store.fold(fold(&one, 6)).await.unwrap();
    assert_eq!(kept().await, [4]);
    store
        .advance_peer(&skerry, &[(one.clone(), 4)])
        .await
        .unwrap();
    store.fold(fold(&one, 7)).await.unwrap();
    assert_eq!(kept().await, [0; 0]);
}

// FED-24
#[tokio::test]
async fn a_tree_counts_for_its_payer_while_it_is_kept_and_once() {
    let running = Running::memory().await;
    let store = &running.store;
    let (one, _) = created(&running).await;
    let skerry = server("skerry.test");
    let mut commit = fold(&one, 3);
    commit.tree = Some(Bytes::from_static(&[7; 100]));
    commit.tree_payer = Some(skerry.clone());
    commit.entered = vec![device("bob", "d1")];
    store.fold(commit.clone()).await.unwrap();
    // Replayed after a crash.
    store.fold(commit).await.unwrap();
    store.fold(fold(&one, 4)).await.unwrap();
    assert_eq!(store.stored_for(&skerry), 100);
    let taken = [(one.clone(), 3, 0)];
    store
        .acknowledge(&device("bob", "d1"), &taken)
        .await
        .unwrap();
    store.fold(fold(&one, 5)).await.unwrap();
    assert_eq!(store.stored_for(&skerry), 0);
}
