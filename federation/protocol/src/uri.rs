//! MIMI URIs of users, devices and rooms, each a type of its own.
//!
//! `mimi://islet.example/u/alice`, `…/d/alice/k3v9x2pq`, `…/r/<room>` (ID-2 to ID-5). One generic
//! parser serves the three kinds; a URI of one kind is never taken for another. A URI says where
//! a thing was made, and for users and devices also who answers for them (spec 01 §2).

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::{DEVICE_ID_LEN_MAX, DEVICE_URI_LEN_MAX, ROOM_ID_LEN_MAX, USER_NAME_LEN_MAX};
use crate::name::{NameError, ServerName, check_domain};

/// Scheme and authority mark every URI begins with.
const SCHEME: &str = "mimi://";

/// The URI of a user: `mimi://domain/u/name` (ID-2).
pub type UserUri = Uri<User>;
/// The URI of a device: `mimi://domain/d/user/device` (ID-3).
pub type DeviceUri = Uri<Device>;
/// The URI of a room: `mimi://domain/r/room` (ID-4).
pub type RoomUri = Uri<Room>;

/// Which kind of thing a URI names.
pub trait Kind: Copy + Ord + std::hash::Hash {
    /// The path segment between domain and name.
    const SEGMENT: &'static str;
    /// The form, for messages to people.
    const FORM: &'static str;
    /// Bytes the whole URI may have, beyond what its parts allow.
    const URI_LEN_MAX: usize = usize::MAX;
    /// Checks what follows the segment.
    fn check(rest: &str) -> Result<(), NameError>;
}

/// Marks the URI of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum User {}
/// Marks the URI of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {}
/// Marks the URI of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Room {}

/// A parsed, canonical URI of kind `K`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "K: Kind")]
pub struct Uri<K>(Arc<str>, PhantomData<fn() -> K>);

impl<K: Kind> Uri<K> {
    /// Parses the canonical form; nothing is normalized (ID-5).
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let shape = NameError::Shape(K::FORM);
        let (domain, rest) = text
            .strip_prefix(SCHEME)
            .and_then(|t| t.split_once('/'))
            .ok_or_else(|| shape.clone())?;
        let rest = rest.strip_prefix(K::SEGMENT).ok_or(shape)?;
        check_domain(domain)?;
        K::check(rest)?;
        let (len, max) = (text.len(), K::URI_LEN_MAX);
        if len > max {
            Err(NameError::Length { len, max })
        } else {
            Ok(Self(Arc::from(text), PhantomData))
        }
    }

    fn build(server: &ServerName, rest: &str) -> Result<Self, NameError> {
        Self::parse(&format!("{SCHEME}{server}/{}{rest}", K::SEGMENT))
    }

    /// The URI as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain part.
    pub fn domain(&self) -> &str {
        self.split().0
    }

    /// The server that answers for what is named.
    pub fn server(&self) -> ServerName {
        ServerName::parse(self.domain()).unwrap_or_else(|e| unreachable!("checked by parse: {e}"))
    }

    /// What follows the kind's segment.
    pub fn rest(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        let text = &self.0[SCHEME.len()..];
        let (domain, rest) = text.split_once('/').unwrap_or((text, ""));
        (domain, &rest[K::SEGMENT.len().min(rest.len())..])
    }
}

impl<K> Uri<K> {
    /// The text, whatever the kind.
    pub(crate) fn raw(&self) -> &str {
        &self.0
    }
}

impl UserUri {
    /// The URI of user `name` on `server`.
    pub fn new(server: &ServerName, name: &str) -> Result<Self, NameError> {
        Self::build(server, name)
    }

    /// Reads what people type: `alice@islet.example`, or the URI itself (ID-6).
    pub fn from_address(text: &str) -> Result<Self, NameError> {
        match text.split_once('@') {
            Some((name, domain)) => Self::new(&ServerName::parse(domain)?, name),
            None => Self::parse(text),
        }
    }

    /// The local name.
    pub fn local_name(&self) -> &str {
        self.rest()
    }

    /// What people see: `alice@islet.example` (ID-6).
    pub fn address(&self) -> String {
        format!("{}@{}", self.rest(), self.domain())
    }
}

impl DeviceUri {
    /// The URI of `device` of `user`; fails where it would not fit a credential (ID-3).
    pub fn new(user: &UserUri, device: &str) -> Result<Self, NameError> {
        Self::build(&user.server(), &format!("{}/{device}", user.local_name()))
    }

    /// The user whose device this is.
    pub fn user(&self) -> UserUri {
        let name = self.rest().split_once('/').map_or("", |(user, _)| user);
        UserUri::new(&self.server(), name).unwrap_or_else(|e| unreachable!("checked by parse: {e}"))
    }

    /// The device's own id.
    pub fn device_id(&self) -> &str {
        self.rest().split_once('/').map_or("", |(_, device)| device)
    }
}

impl RoomUri {
    /// The URI of `room` made on `server`.
    pub fn new(server: &ServerName, room: &str) -> Result<Self, NameError> {
        Self::build(server, room)
    }

    /// The MLS group id of the room's `generation`: URI, `#`, decimal number (ROOM-1).
    pub fn group_id(&self, generation: u32) -> Vec<u8> {
        format!("{self}#{generation}").into_bytes()
    }

    /// Reads a group id back into room and generation (ROOM-1).
    pub fn from_group_id(bytes: &[u8]) -> Option<(Self, u32)> {
        let (room, generation) = std::str::from_utf8(bytes).ok()?.split_once('#')?;
        let (room, number) = (Self::parse(room).ok()?, generation.parse().ok()?);
        (room.group_id(number) == bytes).then_some((room, number))
    }
}

impl Kind for User {
    const SEGMENT: &'static str = "u/";
    const FORM: &'static str = "mimi://domain/u/name";

    fn check(rest: &str) -> Result<(), NameError> {
        check_part(rest, USER_NAME_LEN_MAX, "._-")
    }
}

impl Kind for Device {
    const SEGMENT: &'static str = "d/";
    const FORM: &'static str = "mimi://domain/d/user/device";
    const URI_LEN_MAX: usize = DEVICE_URI_LEN_MAX;

    fn check(rest: &str) -> Result<(), NameError> {
        let (user, device) = rest.split_once('/').ok_or(NameError::Shape(Self::FORM))?;
        User::check(user)?;
        check_part(device, DEVICE_ID_LEN_MAX, "")
    }
}

impl Kind for Room {
    const SEGMENT: &'static str = "r/";
    const FORM: &'static str = "mimi://domain/r/room";

    fn check(rest: &str) -> Result<(), NameError> {
        check_part(rest, ROOM_ID_LEN_MAX, "")
    }
}

/// Lower-case letters, digits and `inner`; begins and ends with a letter or digit.
fn check_part(part: &str, max: usize, inner: &str) -> Result<(), NameError> {
    if part.is_empty() || part.len() > max {
        return Err(NameError::Length {
            len: part.len(),
            max,
        });
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if let Some(c) = part.chars().find(|c| !plain(*c) && !inner.contains(*c)) {
        return Err(NameError::Character(c));
    }
    if part.starts_with(plain) && part.ends_with(plain) {
        Ok(())
    } else {
        Err(NameError::Label(
            "a name begins and ends with a letter or digit",
        ))
    }
}

impl<K: Kind> TryFrom<String> for Uri<K> {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl<K: Kind> std::str::FromStr for Uri<K> {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl<K> From<Uri<K>> for String {
    fn from(uri: Uri<K>) -> Self {
        uri.0.as_ref().to_owned()
    }
}

impl<K> fmt::Display for Uri<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<K> fmt::Debug for Uri<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
