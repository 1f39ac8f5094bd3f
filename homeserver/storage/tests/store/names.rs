//! Names and values that tests use.

use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName, UserUri};

pub(crate) fn server(name: &str) -> ServerName {
    ServerName::parse(name).unwrap()
}

pub(crate) fn room(name: &str) -> RoomUri {
    RoomUri::new(&server("islet.test"), name).unwrap()
}

pub(crate) fn user(name: &str) -> UserUri {
    UserUri::new(&server("islet.test"), name).unwrap()
}

pub(crate) fn device(user_name: &str, id: &str) -> DeviceUri {
    DeviceUri::new(&user(user_name), id).unwrap()
}

pub(crate) fn hash(text: &str) -> Hash {
    Hash::sha256(text.as_bytes())
}
