//! KeyPackages: what one says, and which are refused.

use holm_mls::key_package::validate;
use holm_mls::settings::{CIPHERSUITE, KEY_PACKAGE_LIFETIME_S, capabilities};
use holm_mls::{KeyPackageError, new_key_package, read_key_package, signer};
use holm_protocol::encoding::encode;
use holm_protocol::identity::IdentityError;
use holm_protocol::limits::KEY_PACKAGE_LEN_MAX;
use openmls::prelude::{Capabilities, KeyPackage, KeyPackageBuilder, Lifetime, MlsMessageOut};

use crate::devices::{Ask, Device};
use crate::world::{World, now_ms, room_uri};

fn built(device: &Device, builder: KeyPackageBuilder) -> Vec<u8> {
    let (signer, credential) = (signer(&device.key), device.credential());
    let made = builder
        .build(CIPHERSUITE, &device.provider, &signer, credential)
        .unwrap();
    encode(&MlsMessageOut::from(made.key_package().clone()))
}

fn builder() -> KeyPackageBuilder {
    KeyPackage::builder().leaf_node_capabilities(capabilities())
}

fn refused(bytes: &[u8]) -> KeyPackageError {
    read_key_package(bytes, now_ms()).expect_err("the KeyPackage is refused")
}

// ROOM-11
#[test]
fn a_key_package_says_whose_it_is() {
    let (alice, now) = (Device::new("alice"), now_ms());
    let bytes = new_key_package(&alice.provider, &alice.key, &alice.identity, now, false).unwrap();
    let view = read_key_package(&bytes, now).unwrap();
    assert_eq!(
        (&view.identity, view.mls_key),
        (&alice.identity, alice.key.public())
    );
    assert_eq!(view.expires_s, now / 1_000 + KEY_PACKAGE_LIFETIME_S);
    assert!(!view.last_resort);
    let package = validate(&bytes, &alice.provider.crypto).unwrap();
    let reference = package.hash_ref(&alice.provider.crypto).unwrap();
    assert_eq!(view.reference.0, reference.as_slice());
}

// ROOM-11
#[test]
fn a_last_resort_key_package_lets_its_device_in_twice() {
    let mut bob = Device::new("bob");
    let bytes = new_key_package(&bob.provider, &bob.key, &bob.identity, now_ms(), true).unwrap();
    assert!(read_key_package(&bytes, now_ms()).unwrap().last_resort);
    for _ in 0..2 {
        let mut world = World::of(&["alice"]);
        let bundle = world.devices[0].commit(&Ask::adding(std::slice::from_ref(&bytes)));
        world.append(&bundle);
        bob.provider.store.clear(&room_uri().group_id(0));
        bob.join(&bundle.welcome.unwrap(), &world.hub.tree());
        assert!(bob.is_in());
        bob.provider.store.accept();
    }
}

// ROOM-11, ENC-2
#[test]
fn a_flipped_bit_or_a_byte_more_is_refused() {
    let bytes = Device::new("alice").key_package();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        refused(&changed);
    }
    refused(&[bytes.as_slice(), &[0]].concat());
    refused(&bytes[..bytes.len() - 1]);
}

// LIM-12
#[test]
fn a_key_package_over_the_limit_is_refused() {
    assert_eq!(
        refused(&vec![0; KEY_PACKAGE_LEN_MAX + 1]),
        KeyPackageError::Length
    );
    assert_ne!(
        refused(&vec![0; KEY_PACKAGE_LEN_MAX]),
        KeyPackageError::Length
    );
}

// ROOM-11
#[test]
fn a_lifetime_that_is_too_long_or_not_now_is_refused() {
    let (alice, now) = (Device::new("alice"), now_ms() / 1_000);
    let with = |from, until| {
        built(
            &alice,
            builder().key_package_lifetime(Lifetime::init(from, until)),
        )
    };
    assert_eq!(
        refused(&with(now - 60, now + 200 * 86_400)),
        KeyPackageError::Lifetime
    );
    assert_eq!(refused(&with(0, u64::MAX)), KeyPackageError::Lifetime);
    assert!(matches!(
        refused(&with(now - 600, now - 60)),
        KeyPackageError::Mls(_)
    ));
    let later = read_key_package(&with(now - 60, now + 600), (now + 600) * 1_000);
    assert_eq!(later, Err(KeyPackageError::Lifetime));
    let earlier = read_key_package(&with(now - 60, now + 600), (now - 600) * 1_000);
    assert_eq!(earlier, Err(KeyPackageError::Lifetime));
}

// ROOM-11, ROOM-2
#[test]
fn a_key_package_without_the_room_extension_is_refused() {
    let alice = Device::new("alice");
    let bare = KeyPackage::builder().leaf_node_capabilities(Capabilities::default());
    assert_eq!(refused(&built(&alice, bare)), KeyPackageError::Capabilities);
}

// ROOM-11, ROOM-3
#[test]
fn a_key_package_whose_certificate_does_not_hold_is_refused() {
    let mut mallory = Device::new("mallory");
    mallory.identity.device = Device::new("alice").identity.device;
    let cause = KeyPackageError::Identity(IdentityError::Signature);
    assert_eq!(refused(&mallory.key_package()), cause);
    let alice = Device::new("alice");
    let after = alice.identity.certificate.expires * 1_000;
    let expired = read_key_package(&alice.key_package(), after);
    assert_eq!(expired, Err(KeyPackageError::Identity(IdentityError::Time)));
}
