//! The binary form: exact, canonical, and never a panic (ENC-1, ENC-2).

use std::fmt::Debug;

use holm_protocol::aad::Aad;
use holm_protocol::bundle::CommitBody;
use holm_protocol::encoding::{decode, encode};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::room_extension::RoomExtension;
use holm_protocol::{
    DeviceUri, Event, EventHeader, Order, RoomUri, SignedHead, SignedOrder, UserUri,
};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;
use tls_codec::{DeserializeBytes, Serialize};

use crate::strategies;

/// A value comes back from its bytes, and from nothing shorter or longer.
fn round_trip<T>(value: &T) -> Result<(), TestCaseError>
where
    T: Serialize + DeserializeBytes + PartialEq + Debug,
{
    let bytes = encode(value);
    prop_assert_eq!(&decode::<T>(&bytes).unwrap(), value);
    for cut in 0..bytes.len() {
        prop_assert!(decode::<T>(&bytes[..cut]).is_err(), "cut at {}", cut);
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    prop_assert!(decode::<T>(&longer).is_err());
    Ok(())
}

/// Whatever is accepted is written the same again: there is no second encoding.
fn canonical<T: Serialize + DeserializeBytes>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(value) = decode::<T>(bytes) {
        prop_assert_eq!(encode(&value), bytes);
    }
    Ok(())
}

fn all_canonical(bytes: &[u8]) -> Result<(), TestCaseError> {
    canonical::<Event>(bytes)?;
    canonical::<EventHeader>(bytes)?;
    canonical::<SignedHead>(bytes)?;
    canonical::<SignedOrder>(bytes)?;
    canonical::<DeviceIdentity>(bytes)?;
    canonical::<Aad>(bytes)?;
    canonical::<CommitBody>(bytes)?;
    canonical::<RoomExtension>(bytes)?;
    canonical::<UserUri>(bytes)?;
    canonical::<DeviceUri>(bytes)?;
    canonical::<RoomUri>(bytes)?;
    prop_assert!(Aad::from_bytes(bytes).map_or(true, |aad| aad.to_bytes() == bytes));
    let extension = RoomExtension::from_bytes(bytes);
    prop_assert!(extension.map_or(true, |e| e.to_bytes() == bytes));
    let identity = DeviceIdentity::from_bytes(bytes);
    prop_assert!(identity.map_or(true, |i| i.to_bytes() == bytes));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// ENC-1, ENC-2, LOG-1
    #[test]
    fn events_come_back_from_their_bytes_alone(event in strategies::event()) {
        round_trip(&event)?;
        prop_assert_eq!(Event::from_bytes(&event.to_bytes()).unwrap(), event);
    }

    /// ENC-2, HEAD-1
    #[test]
    fn heads_come_back_from_their_bytes_alone(head in strategies::signed_head()) {
        round_trip(&head)?;
    }

    /// ENC-2, ORD-1
    #[test]
    fn orders_come_back_from_their_bytes_alone(order in strategies::signed_order()) {
        round_trip(&order)?;
        round_trip::<Order>(&order.order)?;
    }

    /// ENC-2, ROOM-4
    #[test]
    fn identities_come_back_from_their_bytes_alone(identity in strategies::device_identity()) {
        round_trip(&identity)?;
        prop_assert_eq!(DeviceIdentity::from_bytes(&identity.to_bytes()).unwrap(), identity);
    }

    /// ENC-2, LOG-7
    #[test]
    fn authenticated_data_comes_back_from_its_bytes_alone(aad in strategies::aad()) {
        round_trip(&aad)?;
        prop_assert_eq!(Aad::from_bytes(&aad.to_bytes()).unwrap(), aad);
    }

    /// ENC-2, LOG-10
    #[test]
    fn commit_bodies_come_back_from_their_bytes_alone(body in strategies::commit_body()) {
        round_trip(&body)?;
        prop_assert_eq!(CommitBody::from_bytes(&body.to_bytes()).unwrap(), body);
    }

    /// ENC-2, ROOM-5
    #[test]
    fn room_extensions_come_back_from_their_bytes_alone(e in strategies::room_extension()) {
        round_trip(&e)?;
        prop_assert_eq!(RoomExtension::from_bytes(&e.to_bytes()).unwrap(), e);
    }
}

proptest! {
    /// ENC-2
    #[test]
    fn arbitrary_bytes_are_one_encoding_or_refused(bytes in strategies::bytes()) {
        all_canonical(&bytes)?;
    }

    /// ENC-2
    #[test]
    fn a_changed_byte_gives_another_value_or_none(
        event in strategies::event(), at in any::<proptest::sample::Index>(), bit in 0_u8..8
    ) {
        let mut bytes = event.to_bytes();
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        all_canonical(&bytes)?;
        prop_assert!(Event::from_bytes(&bytes).map_or(true, |other| other != event));
    }

    /// ENC-2
    #[test]
    fn a_changed_structure_gives_another_value_or_none(
        aad in strategies::aad(), at in any::<proptest::sample::Index>(), byte in any::<u8>()
    ) {
        let mut bytes = aad.to_bytes();
        let index = at.index(bytes.len());
        bytes[index] = byte;
        all_canonical(&bytes)?;
    }
}

/// ENC-2
#[test]
fn a_length_in_more_bytes_than_needed_is_refused() {
    let text = b"mimi://islet.example/r/harbor";
    let short = [&[29_u8], text.as_slice()].concat();
    assert!(decode::<RoomUri>(&short).is_ok());
    let long = [&[0x40, 29_u8], text.as_slice()].concat();
    assert!(decode::<RoomUri>(&long).is_err());
    let longer = [&[0x80, 0, 0, 29_u8], text.as_slice()].concat();
    assert!(decode::<RoomUri>(&longer).is_err());
}

/// ENC-2
#[test]
fn a_length_beyond_the_bytes_there_are_reserves_nothing() {
    // 2^30 - 1 bytes are announced, none follow; 2^62 - 1 is no length of the encoding at all.
    for bytes in [&[0xbf_u8, 0xff, 0xff, 0xff][..], &[0xff; 8]] {
        assert!(decode::<RoomUri>(bytes).is_err());
        assert!(decode::<CommitBody>(bytes).is_err());
    }
}
