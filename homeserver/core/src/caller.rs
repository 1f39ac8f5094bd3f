//! Who is calling: a device proven by its token.

use holm_protocol::{DeviceUri, Hash, UserUri};

/// A device whose token was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserUri,
    /// The device the token is bound to.
    pub device: DeviceUri,
    /// Whether the device has been enrolled; without that it has a session and nothing else.
    pub enrolled: bool,
    /// Hash of the token, for ending it.
    pub token: Hash,
}
