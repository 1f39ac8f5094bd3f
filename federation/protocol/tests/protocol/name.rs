//! Server names and URIs: one spelling each (ID-1 to ID-6).

use holm_protocol::limits::{
    CREDENTIAL_IDENTITY_LEN_MAX, DEVICE_ID_LEN_MAX, DEVICE_URI_LEN_MAX, ROOM_ID_LEN_MAX,
    SERVER_NAME_LEN_MAX, USER_NAME_LEN_MAX,
};
use holm_protocol::name::NameError;
use holm_protocol::{DeviceUri, RoomUri, ServerName, UserUri};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use crate::fixtures::{islet, key, user};
use crate::strategies;

proptest! {
    /// ID-1, ID-5
    #[test]
    fn a_server_name_is_read_as_it_is_written(text in strategies::server_text()) {
        let name = ServerName::parse(&text).unwrap();
        prop_assert_eq!(name.as_str(), &text);
    }

    /// ID-1
    #[test]
    fn any_text_is_a_canonical_name_or_refused(text in any::<String>()) {
        if let Ok(name) = ServerName::parse(&text) {
            prop_assert_eq!(name.as_str(), &text);
            prop_assert_eq!(text.to_ascii_lowercase(), text);
        }
    }

    /// ID-5
    #[test]
    fn a_uri_of_one_kind_is_of_no_other(
        user in strategies::user(), device in strategies::device(), room in strategies::room()
    ) {
        prop_assert_eq!(UserUri::parse(user.as_str()), Ok(user.clone()));
        prop_assert_eq!(DeviceUri::parse(device.as_str()), Ok(device.clone()));
        prop_assert_eq!(RoomUri::parse(room.as_str()), Ok(room.clone()));
        let (user, device, room) = (user.as_str(), device.as_str(), room.as_str());
        prop_assert!(UserUri::parse(device).is_err() && UserUri::parse(room).is_err());
        prop_assert!(DeviceUri::parse(user).is_err() && DeviceUri::parse(room).is_err());
        prop_assert!(RoomUri::parse(user).is_err() && RoomUri::parse(device).is_err());
    }

    /// ID-2, ID-3, ID-6
    #[test]
    fn a_uri_gives_back_its_parts(device in strategies::device()) {
        let user = device.user();
        prop_assert_eq!(DeviceUri::new(&user, device.device_id()).unwrap(), device.clone());
        prop_assert_eq!(UserUri::new(&device.server(), user.local_name()).unwrap(), user.clone());
        prop_assert_eq!(UserUri::from_address(&user.address()).unwrap(), user);
    }

    /// ID-5
    #[test]
    fn one_character_more_or_other_is_another_name_or_none(
        device in strategies::device(), at in any::<proptest::sample::Index>(), c in any::<char>()
    ) {
        let mut text = device.as_str().to_owned();
        text.insert(at.index(device.as_str().len()), c);
        prop_assert!(DeviceUri::parse(&text).map_or(true, |other| other != device));
    }

    /// ROOM-1
    #[test]
    fn a_group_id_names_room_and_generation(room in strategies::room(), generation in any::<u32>()) {
        let id = room.group_id(generation);
        prop_assert_eq!(RoomUri::from_group_id(&id), Some((room.clone(), generation)));
        let padded = format!("{room}#0{generation}");
        prop_assert_eq!(RoomUri::from_group_id(padded.as_bytes()), None);
    }
}

/// A domain of exactly `len` bytes.
fn domain(len: usize) -> String {
    let long = len.saturating_sub(3) / 64;
    let rest = len - 64 * long;
    let (first, last) = (rest / 2, rest - rest / 2 - 1);
    format!(
        "{}{}.{}",
        format!("{}.", "a".repeat(63)).repeat(long),
        "b".repeat(first),
        "c".repeat(last)
    )
}

/// ID-1
#[test]
fn a_server_name_has_at_most_253_bytes() {
    assert_eq!(SERVER_NAME_LEN_MAX, 253);
    assert!(ServerName::parse(&domain(SERVER_NAME_LEN_MAX)).is_ok());
    let long = domain(SERVER_NAME_LEN_MAX + 1);
    assert_eq!(long.len(), SERVER_NAME_LEN_MAX + 1);
    let error = ServerName::parse(&long).unwrap_err();
    assert_eq!(error, NameError::Length { len: 254, max: 253 });
}

/// ID-1
#[test]
fn a_label_has_at_most_63_bytes() {
    assert!(ServerName::parse(&format!("{}.example", "a".repeat(63))).is_ok());
    assert!(ServerName::parse(&format!("{}.example", "a".repeat(64))).is_err());
}

/// ID-1
#[test]
fn what_a_url_parser_takes_for_an_address_is_no_server() {
    for text in [
        "127.0.0.1",
        "127.1",
        "127.0x1",
        "0x7f.0x1",
        "1.2.3.4e",
        "a.1b",
    ] {
        assert!(ServerName::parse(text).is_err(), "{text}");
    }
}

/// ID-2
#[test]
fn a_user_name_has_at_most_32_bytes() {
    let named = |len| UserUri::new(&islet(), &"a".repeat(len));
    assert!(named(USER_NAME_LEN_MAX).is_ok());
    assert!(named(USER_NAME_LEN_MAX + 1).is_err() && named(0).is_err());
}

/// ID-4
#[test]
fn a_room_id_has_at_most_32_bytes() {
    let named = |len| RoomUri::new(&islet(), &"a".repeat(len));
    assert!(named(ROOM_ID_LEN_MAX).is_ok());
    assert!(named(ROOM_ID_LEN_MAX + 1).is_err() && named(0).is_err());
}

/// ID-3
#[test]
fn a_device_id_has_at_most_16_bytes() {
    let named = |len| DeviceUri::new(&user("alice@islet.example"), &"a".repeat(len));
    assert!(named(DEVICE_ID_LEN_MAX).is_ok());
    assert!(named(DEVICE_ID_LEN_MAX + 1).is_err() && named(0).is_err());
}

/// ID-3, ROOM-4
#[test]
fn the_longest_device_uri_fits_a_credential_and_no_longer_one_is_read() {
    let fixed = "mimi:///d/a/b".len();
    let text = |len: usize| format!("mimi://{}/d/a/b", domain(len - fixed));
    let device = DeviceUri::parse(&text(DEVICE_URI_LEN_MAX)).unwrap();
    assert_eq!(device.as_str().len(), DEVICE_URI_LEN_MAX);
    let identity = holm_protocol::identity::DeviceIdentity::certify(
        device,
        &key("mls").public(),
        &key("identity"),
        u32::MAX,
        (0, u64::MAX),
    );
    assert_eq!(identity.to_bytes().len(), CREDENTIAL_IDENTITY_LEN_MAX);
    assert!(DeviceUri::parse(&text(DEVICE_URI_LEN_MAX + 1)).is_err());
}
