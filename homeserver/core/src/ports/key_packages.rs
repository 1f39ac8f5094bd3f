//! KeyPackages: uploaded ahead, handed out once, by claim id.

use bytes::Bytes;
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName, UserUri};

use super::Stored;

/// A KeyPackage as its device uploaded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKeyPackage {
    /// Its KeyPackageRef.
    pub reference: Hash,
    /// An MLS KeyPackage, as MLSMessage.
    pub bytes: Bytes,
    /// Until when it may be used, seconds since 1970.
    pub expires: u64,
}

/// A claim of one KeyPackage per device of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose packages.
    pub user: UserUri,
    /// Who wants to add the user.
    pub requester: UserUri,
    /// The room they are for.
    pub room: RoomUri,
    /// The room's hub.
    pub hub: ServerName,
    /// The same id gets the same packages.
    pub claim_id: [u8; 16],
    /// When, milliseconds since 1970.
    pub now_ms: u64,
}

/// KeyPackages of this server's devices.
pub trait KeyPackageStore: Send + Sync {
    /// Adds packages; one that is there already changes nothing. Returns how many are unclaimed.
    fn add_key_packages<'a>(
        &'a self,
        device: &'a DeviceUri,
        packages: &'a [StoredKeyPackage],
    ) -> Stored<'a, usize>;

    /// How many unclaimed, unexpired packages a device has.
    fn count_key_packages<'a>(&'a self, device: &'a DeviceUri, now_ms: u64) -> Stored<'a, usize>;

    /// Claims the oldest unexpired package of each device of the user, or repeats the answer
    /// given under this claim id. `None` where the id was used for another claim.
    fn claim_key_packages<'a>(
        &'a self,
        claim: &'a Claim,
    ) -> Stored<'a, Option<Vec<(DeviceUri, Bytes)>>>;

    /// The device a package belongs to, with room and hub it was claimed for.
    fn claimed_for(&self, reference: Hash) -> Stored<'_, Option<(DeviceUri, RoomUri, ServerName)>>;
}
