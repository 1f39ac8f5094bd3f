//! Who a leaf is: the certificate holds for one device, key and time (ROOM-3, ROOM-4).

use holm_protocol::identity::{DeviceIdentity, IdentityError, login_bytes};
use holm_protocol::limits::CREDENTIAL_IDENTITY_LEN_MAX;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use crate::fixtures::{NOW, VALIDITY, device, identity, key};
use crate::strategies;

proptest! {
    /// ROOM-3
    #[test]
    fn a_certificate_holds_for_its_device_and_key_within_its_time(
        device in strategies::device(), generation in any::<u32>(),
        times in any::<(u32, u32)>(), now in any::<u32>()
    ) {
        let (issued, expires) = (u64::from(times.0), u64::from(times.1));
        let (mls, now) = (key("mls").public(), u64::from(now));
        let times = (issued, expires);
        let identity = DeviceIdentity::certify(device, &mls, &key("identity"), generation, times);
        let expected = match issued <= now + 300 && now < expires {
            true => Ok(()),
            false => Err(IdentityError::Time),
        };
        prop_assert_eq!(identity.check(&mls, now * 1_000), expected);
    }

    /// ROOM-3
    #[test]
    fn a_certificate_holds_for_nothing_else(
        device in strategies::device(), other in strategies::device_identity(), field in 0_u8..7
    ) {
        let mls = key("mls").public();
        let good = DeviceIdentity::certify(device, &mls, &key("identity"), 1, VALIDITY);
        let mut bad = good.clone();
        match field {
            0 => bad.device = other.device,
            1 => bad.identity_key = other.identity_key,
            2 => bad.certificate.generation = other.certificate.generation,
            3 => bad.certificate.issued = other.certificate.issued,
            4 => bad.certificate.expires = other.certificate.expires,
            5 => bad.certificate.signature = other.certificate.signature,
            _ => prop_assert_eq!(bad.check(&key("other mls").public(), NOW), Err(IdentityError::Signature)),
        }
        let expected = if bad == good { Ok(()) } else { Err(IdentityError::Signature) };
        prop_assert_eq!(bad.check(&mls, NOW), expected);
    }

    /// ROOM-4
    #[test]
    fn identities_of_arbitrary_bytes_are_checked_without_a_panic(
        identity in strategies::device_identity(), now in any::<u64>()
    ) {
        prop_assert!(identity.check(&key("mls").public(), now).is_err());
    }

    /// SIG-1
    #[test]
    fn a_login_is_for_one_device_and_time(a in strategies::device(), b in strategies::device(), times in any::<(u64, u64)>()) {
        let (a, b) = ((a, times.0), (b, times.1));
        let same = login_bytes(&a.0, a.1) == login_bytes(&b.0, b.1);
        prop_assert_eq!(same, a == b);
    }
}

/// ROOM-3
#[test]
fn an_identity_key_of_another_user_certifies_nobody() {
    let bob = identity("bob@skerry.example/phone", 1);
    let mallory = key("identity mallory@skerry.example");
    let mls = key("mls bob@skerry.example/phone").public();
    let forged = DeviceIdentity::certify(bob.device.clone(), &mls, &mallory, 1, VALIDITY);
    // It holds in itself, so it is the key that tells: the group knows bob under another (ADM-5).
    assert_eq!(forged.check(&mls, NOW), Ok(()));
    assert_ne!(forged.identity_key, bob.identity_key);
    let claimed = DeviceIdentity {
        identity_key: bob.identity_key,
        ..forged
    };
    assert_eq!(claimed.check(&mls, NOW), Err(IdentityError::Signature));
}

/// ROOM-4
#[test]
fn an_identity_has_at_most_200_bytes() {
    assert_eq!(CREDENTIAL_IDENTITY_LEN_MAX, 200);
    // 116 bytes stand beside the URI, and one of length up to 63.
    let identity = identity("alice@islet.example/phone", 1);
    let uri = device("alice@islet.example/phone").as_str().len();
    assert_eq!(identity.to_bytes().len(), 117 + uri);
    let longer = vec![0; CREDENTIAL_IDENTITY_LEN_MAX + 1];
    let error = DeviceIdentity::from_bytes(&longer).unwrap_err();
    assert_eq!(error.0, "an identity of 201 bytes");
    // At the limit the bytes are read, and refused for what they are.
    let error = DeviceIdentity::from_bytes(&[0; CREDENTIAL_IDENTITY_LEN_MAX]).unwrap_err();
    assert_ne!(error.0, "an identity of 200 bytes");
}
