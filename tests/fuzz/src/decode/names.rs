//! Names and URIs: one spelling each, and a URI of one kind is never one of another (ID-1 to ID-5).

use holm_protocol::{DeviceUri, RoomUri, ServerName, UserUri};

use crate::input::Input;

/// Every parser of names on one text.
pub fn names(bytes: &[u8]) {
    let text = Input::new(bytes).text();
    if let Ok(name) = ServerName::parse(text) {
        assert_eq!(name.as_str(), text);
        assert!(text.parse::<std::net::IpAddr>().is_err());
    }
    let user = UserUri::parse(text).ok();
    let device = DeviceUri::parse(text).ok();
    let room = RoomUri::parse(text).ok();
    let kinds = [user.is_some(), device.is_some(), room.is_some()];
    assert!(kinds.into_iter().filter(|is| *is).count() < 2);
    if let Some(user) = user {
        assert_eq!(
            UserUri::new(&user.server(), user.local_name()).as_ref(),
            Ok(&user)
        );
        assert_eq!(UserUri::from_address(&user.address()).as_ref(), Ok(&user));
        assert_eq!(user.as_str(), text);
    }
    if let Some(device) = device {
        let again = DeviceUri::new(&device.user(), device.device_id());
        assert_eq!(again.as_ref(), Ok(&device));
        assert_eq!(device.as_str(), text);
    }
    if let Some(room) = room {
        let id = room.group_id(7);
        assert_eq!(RoomUri::from_group_id(&id), Some((room, 7)));
    }
    if let Some((room, generation)) = RoomUri::from_group_id(bytes) {
        assert_eq!(room.group_id(generation), bytes);
    }
    if let Ok(user) = UserUri::from_address(text) {
        assert_eq!(UserUri::parse(user.as_str()).as_ref(), Ok(&user));
    }
}
