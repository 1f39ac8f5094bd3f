//! KeyPackages: upload, count, claim here or at the user's own server (spec 07 §3).

use bytes::Bytes;
use holm_protocol::federation::{ClaimedKeyPackage, KeyMaterialRequest, KeyMaterialResponse};
use holm_protocol::{Problem, RoomUri, ServerName, UserUri};

use crate::caller::Caller;
use crate::homeserver::Homeserver;

impl Homeserver {
    /// Takes KeyPackages of the caller's device; returns how many are unclaimed.
    pub async fn upload_key_packages(
        &self,
        _caller: &Caller,
        _packages: Vec<Bytes>,
    ) -> Result<usize, Problem> {
        unimplemented!()
    }

    /// How many unclaimed KeyPackages the caller's device has.
    pub async fn count_key_packages(&self, _caller: &Caller) -> Result<usize, Problem> {
        unimplemented!()
    }

    /// Claims one KeyPackage per device of any user, for one room.
    pub async fn claim_key_packages(
        &self,
        _caller: &Caller,
        _user: &UserUri,
        _room: &RoomUri,
        _hub: &ServerName,
        _claim_id: [u8; 16],
    ) -> Result<Vec<ClaimedKeyPackage>, Problem> {
        unimplemented!()
    }

    /// A peer claims KeyPackages of one of our users (FED-2).
    pub async fn peer_key_material(
        &self,
        _peer: &ServerName,
        _user: &UserUri,
        _request: KeyMaterialRequest,
    ) -> Result<KeyMaterialResponse, Problem> {
        unimplemented!()
    }
}
