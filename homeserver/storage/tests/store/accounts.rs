//! Accounts, devices, tokens (ACC-1 to ACC-6).

use holm_core::ports::{AccountStore, Consent, EnrolledDevice, TokenOwner};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{DeviceUri, PrivateKey};

use crate::names::{device, hash, user};
use crate::subject::Running;

/// A device with a key made from a seed.
pub(crate) fn enrolled(device: DeviceUri, seed: u8) -> EnrolledDevice {
    let (identity, mls) = (
        PrivateKey::from_seed(&[1; 32]),
        PrivateKey::from_seed(&[seed; 32]),
    );
    let mls_key = mls.public();
    EnrolledDevice {
        identity: DeviceIdentity::certify(device, &mls_key, &identity, 0, (0, 1_000_000)),
        mls_key,
    }
}

/// An account with its device enrolled.
pub(crate) async fn account(store: &dyn AccountStore, name: &str) -> DeviceUri {
    let (user, device) = (user(name), device(name, "d1"));
    let created = store.create_account(&user, "phc", &device, hash(name));
    assert!(created.await.unwrap());
    let enrolled = enrolled(device.clone(), 2);
    assert!(store.enroll_device(&user, &enrolled).await.unwrap());
    device
}

// ACC-1
#[tokio::test]
async fn a_name_is_given_once() {
    let running = Running::memory().await;
    let store = &running.store;
    let (alice, first, second) = (user("alice"), device("alice", "d1"), device("alice", "d2"));
    let create = async |hashed, device, token: &str| {
        let created = store.create_account(&alice, hashed, device, hash(token));
        created.await.unwrap()
    };
    assert_eq!(store.account(&alice).await.unwrap(), None);
    assert!(create("phc", &first, "one").await);
    assert!(!create("other", &second, "two").await);
    let account = store.account(&alice).await.unwrap().unwrap();
    assert_eq!(
        (account.password_hash.as_str(), account.device),
        ("phc", None)
    );
    assert_eq!(store.token(hash("two")).await.unwrap(), None);
    assert_eq!(store.account(&user("bob")).await.unwrap(), None);
}

// ACC-4, ACC-5
#[tokio::test]
async fn an_account_has_one_device_and_keeps_it() {
    let running = Running::memory().await;
    let store = &running.store;
    let (alice, first) = (user("alice"), enrolled(device("alice", "d1"), 2));
    assert!(store.enroll_device(&alice, &first).await.is_err());
    let created = store.create_account(&alice, "phc", &first.identity.device, hash("token"));
    assert!(created.await.unwrap());
    assert!(store.enroll_device(&alice, &first).await.unwrap());
    assert!(store.enroll_device(&alice, &first).await.unwrap());
    let second = enrolled(device("alice", "d2"), 2);
    assert!(!store.enroll_device(&alice, &second).await.unwrap());
    let other_key = enrolled(device("alice", "d1"), 3);
    assert!(!store.enroll_device(&alice, &other_key).await.unwrap());
    let account = store.account(&alice).await.unwrap().unwrap();
    assert_eq!(account.device, Some(first));
}

// ACC-2, ACC-3, ACC-6
#[tokio::test]
async fn a_token_tells_its_owner_until_it_ends() {
    let running = Running::memory().await;
    let store = &running.store;
    let (alice, bob) = (user("alice"), user("bob"));
    let (first, second) = (device("alice", "d1"), device("bob", "d1"));
    let owner = |enrolled| TokenOwner {
        user: alice.clone(),
        device: first.clone(),
        enrolled,
    };
    assert!(
        store
            .create_account(&alice, "phc", &first, hash("one"))
            .await
            .unwrap()
    );
    assert!(
        store
            .create_account(&bob, "phc", &second, hash("bob's"))
            .await
            .unwrap()
    );
    assert_eq!(store.token(hash("one")).await.unwrap(), Some(owner(false)));
    assert!(
        store
            .enroll_device(&alice, &enrolled(first.clone(), 2))
            .await
            .unwrap()
    );
    assert_eq!(store.token(hash("one")).await.unwrap(), Some(owner(true)));
    store
        .replace_token(&alice, &first, hash("two"))
        .await
        .unwrap();
    assert_eq!(store.token(hash("one")).await.unwrap(), None);
    assert_eq!(store.token(hash("two")).await.unwrap(), Some(owner(true)));
    store.revoke_token(hash("two")).await.unwrap();
    assert_eq!(store.token(hash("two")).await.unwrap(), None);
    let other = store.token(hash("bob's")).await.unwrap().unwrap();
    assert_eq!((other.user, other.enrolled), (bob, false));
}

// KP-5, KP-6
#[tokio::test]
async fn a_consent_is_kept_and_replaced() {
    let running = Running::memory().await;
    let store = &running.store;
    account(store, "alice").await;
    account(store, "bob").await;
    let alice = user("alice");
    let kept = async || store.account(&alice).await.unwrap().unwrap().consent;
    assert_eq!(kept().await, Consent::Anyone);
    for users in [vec![user("bob"), user("carol")], Vec::new()] {
        let listed = Consent::Listed(users);
        store.set_consent(&alice, &listed).await.unwrap();
        assert_eq!(kept().await, listed);
    }
    let other = store.account(&user("bob")).await.unwrap().unwrap();
    assert_eq!(other.consent, Consent::Anyone);
    store.set_consent(&alice, &Consent::Anyone).await.unwrap();
    assert_eq!(kept().await, Consent::Anyone);
}
