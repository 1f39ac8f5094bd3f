//! KeyPackages and their claims (KP-1 to KP-3, FED-2, FED-12).

mod model;

use bytes::Bytes;
use futures::future::join_all;
use holm_core::ports::{Claim, KeyPackageStore, StoredKeyPackage};

use crate::accounts::account;
use crate::names::{device, hash, room, server, user};
use crate::subject::Running;

fn package(text: &str, expires: u64) -> StoredKeyPackage {
    StoredKeyPackage {
        reference: hash(text),
        bytes: Bytes::copy_from_slice(text.as_bytes()),
        expires,
    }
}

fn claim(id: u8, now_ms: u64) -> Claim {
    Claim {
        user: user("alice"),
        requester: user("bob"),
        room: room("one"),
        hub: server("islet.test"),
        claim_id: [id; 16],
        now_ms,
    }
}

async fn claimed(running: &Running, claim: &Claim) -> Option<Vec<Bytes>> {
    let packages = running.store.claim_key_packages(claim).await.unwrap();
    packages.map(|all| all.into_iter().map(|(_, bytes)| bytes).collect())
}

// KP-1, KP-2
#[tokio::test]
async fn packages_are_counted_while_they_wait_and_are_good() {
    let running = Running::memory().await;
    let (store, device) = (&running.store, account(&running.store, "alice").await);
    let packages = [package("a", 100), package("b", 200)];
    assert_eq!(store.add_key_packages(&device, &packages).await.unwrap(), 2);
    let more = [package("b", 200), package("c", 300)];
    assert_eq!(store.add_key_packages(&device, &more).await.unwrap(), 3);
    let count = async |now_ms| store.count_key_packages(&device, now_ms).await.unwrap();
    assert_eq!(count(99_999).await, 3);
    assert_eq!(count(100_000).await, 2);
    claimed(&running, &claim(1, 100_000)).await.unwrap();
    assert_eq!(count(100_000).await, 1);
    assert_eq!(count(300_000).await, 0);
}

// FED-2, KP-3
#[tokio::test]
async fn a_claim_takes_the_oldest_good_package_and_is_repeated() {
    let running = Running::memory().await;
    let (store, device) = (&running.store, account(&running.store, "alice").await);
    let packages = [package("old", 100), package("b", 900), package("c", 900)];
    store.add_key_packages(&device, &packages).await.unwrap();
    let first = claim(1, 100_000);
    let answer = store.claim_key_packages(&first).await.unwrap();
    assert_eq!(answer, Some(vec![(device, Bytes::from("b"))]));
    let later = Claim {
        now_ms: 1_000_000,
        ..first
    };
    assert_eq!(store.claim_key_packages(&later).await.unwrap(), answer);
    let second = claimed(&running, &claim(2, 100_000)).await;
    assert_eq!(second, Some(vec![Bytes::from("c")]));
}

// FED-2
#[tokio::test]
async fn a_claim_id_serves_one_claim() {
    let running = Running::memory().await;
    let (store, device) = (&running.store, account(&running.store, "alice").await);
    account(store, "carol").await;
    let packages = [package("a", 100), package("b", 100)];
    store.add_key_packages(&device, &packages).await.unwrap();
    let first = claim(1, 0);
    assert!(claimed(&running, &first).await.is_some());
    let others = [
        Claim {
            user: user("carol"),
            ..first.clone()
        },
        Claim {
            requester: user("carol"),
            ..first.clone()
        },
        Claim {
            room: room("two"),
            ..first.clone()
        },
        Claim {
            hub: server("skerry.test"),
            ..first.clone()
        },
    ];
    for other in others {
        assert_eq!(claimed(&running, &other).await, None);
    }
    assert_eq!(store.count_key_packages(&device, 0).await.unwrap(), 1);
}

// FED-2: nothing is recorded where nothing was handed out.
#[tokio::test]
async fn a_claim_that_found_nothing_may_succeed_later() {
    let running = Running::memory().await;
    let nobody = Vec::<Bytes>::new();
    assert_eq!(claimed(&running, &claim(1, 0)).await, Some(nobody.clone()));
    let device = account(&running.store, "alice").await;
    assert_eq!(claimed(&running, &claim(1, 0)).await, Some(nobody));
    let packages = [package("a", 100)];
    running
        .store
        .add_key_packages(&device, &packages)
        .await
        .unwrap();
    let now = claimed(&running, &claim(1, 0)).await;
    assert_eq!(now, Some(vec![Bytes::from("a")]));
}

// FED-2: at once, each package leaves under one claim.
#[tokio::test]
async fn no_package_is_handed_out_twice() {
    let running = Running::memory().await;
    let (store, device) = (&running.store, account(&running.store, "alice").await);
    let texts: Vec<_> = (0..8).map(|n| n.to_string()).collect();
    let packages: Vec<_> = texts.iter().map(|text| package(text, 100)).collect();
    store.add_key_packages(&device, &packages).await.unwrap();
    let claims: Vec<_> = (0..12).map(|id| claim(id, 0)).collect();
    let answers = join_all(claims.iter().map(|claim| claimed(&running, claim))).await;
    let mut handed_out: Vec<_> = answers.into_iter().flatten().flatten().collect();
    handed_out.sort();
    let all: Vec<_> = texts.iter().map(|text| Bytes::from(text.clone())).collect();
    assert_eq!(handed_out, all);
}

// FED-12
#[tokio::test]
async fn a_claimed_package_names_room_and_hub() {
    let running = Running::memory().await;
    let (store, device) = (&running.store, account(&running.store, "alice").await);
    let packages = [package("a", 100)];
    store.add_key_packages(&device, &packages).await.unwrap();
    assert_eq!(store.claimed_for(hash("a")).await.unwrap(), None);
    claimed(&running, &claim(1, 0)).await.unwrap();
    let expected = Some((device, room("one"), server("islet.test")));
    assert_eq!(store.claimed_for(hash("a")).await.unwrap(), expected);
    assert_eq!(store.claimed_for(hash("b")).await.unwrap(), None);
}

// KP-1
#[tokio::test]
async fn a_device_that_is_not_enrolled_brings_no_packages() {
    let running = Running::memory().await;
    let packages = [package("a", 100)];
    let stranger = device("alice", "d1");
    let added = running.store.add_key_packages(&stranger, &packages).await;
    assert!(added.is_err());
    // The failed call left no transaction behind.
    assert_eq!(
        running
            .store
            .count_key_packages(&stranger, 0)
            .await
            .unwrap(),
        0
    );
    account(&running.store, "alice").await;
}
