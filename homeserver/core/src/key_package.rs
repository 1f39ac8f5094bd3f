//! KeyPackages: upload, count, claim here or at the user's own server (spec 07 §3, FED-2).
//!
//! A package is handed out once, for one room of one hub, by claim id. Claims go straight to the
//! user's own server, which alone may believe anything about its users.

use bytes::Bytes;
use holm_mls::key_package::read_key_package;
use holm_protocol::federation::{ClaimedKeyPackage, KeyMaterialRequest, KeyMaterialResponse};
use holm_protocol::limits::{KEY_PACKAGE_LEN_MAX, KEY_PACKAGES_MAX, USER_DEVICES_MAX};
use holm_protocol::{Code, Problem, RoomUri, ServerName, UserUri};

use crate::caller::Caller;
use crate::homeserver::{Homeserver, internal};
use crate::ports::{Account, Claim, Consent, EnrolledDevice, StoredKeyPackage};

impl Homeserver {
    /// Takes KeyPackages of the caller's device; returns how many are unclaimed (KP-1).
    pub async fn upload_key_packages(
        &self,
        caller: &Caller,
        packages: Vec<Bytes>,
    ) -> Result<usize, Problem> {
        if packages.len() > KEY_PACKAGES_MAX {
            let text = format!("at most {KEY_PACKAGES_MAX} KeyPackages at once");
            return Err(Problem::new(Code::Limit, text));
        }
        let account = self
            .ports
            .accounts
            .account(&caller.user)
            .await
            .map_err(|e| internal(&e))?;
        let Some(device) = account.and_then(|a| a.device) else {
            return Err(Problem::new(Code::Forbidden, "enroll the device first"));
        };
        let now = self.now_ms();
        let waiting = self.count_key_packages(caller).await?;
        let read = packages.into_iter().map(|bytes| check(&device, bytes, now));
        let packages = read.collect::<Result<Vec<_>, _>>()?;
        check_waiting(waiting, packages.len())?;
        let added = self
            .ports
            .key_packages
            .add_key_packages(&caller.device, &packages)
            .await;
        added.map_err(|e| internal(&e))
    }

    /// How many unclaimed KeyPackages the caller's device has (KP-2).
    pub async fn count_key_packages(&self, caller: &Caller) -> Result<usize, Problem> {
        let now = self.now_ms();
        let count = self
            .ports
            .key_packages
            .count_key_packages(&caller.device, now)
            .await;
        count.map_err(|e| internal(&e))
    }

    /// Claims one KeyPackage per device of any user, for one room (KP-3).
    pub async fn claim_key_packages(
        &self,
        caller: &Caller,
        user: &UserUri,
        room: &RoomUri,
        hub: &ServerName,
        claim_id: [u8; 16],
    ) -> Result<Vec<ClaimedKeyPackage>, Problem> {
        let server = user.server();
        if server == *self.name() {
            return self
                .claim_here(user, &caller.user, room, hub, claim_id)
                .await;
        }
        let request = KeyMaterialRequest {
            requester: caller.user.clone(),
            room: room.clone(),
            hub: hub.clone(),
            claim_id: claim_id.to_vec().into(),
        };
        let answer = self.ports.peers.key_material(&server, user, &request).await;
        let packages = answer
            .map_err(crate::ports::PeerError::into_problem)?
            .key_packages;
        let fits = |p: &ClaimedKeyPackage| {
            p.device.user() == *user && p.key_package.as_slice().len() <= KEY_PACKAGE_LEN_MAX
        };
        if packages.len() <= USER_DEVICES_MAX && packages.iter().all(fits) {
            return Ok(packages);
        }
        let text = format!("{server} answered with KeyPackages that are not {user}'s");
        Err(Problem::new(Code::PeerRefused, text))
    }

    /// A peer claims KeyPackages of one of our users (FED-2).
    pub async fn peer_key_material(
        &self,
        peer: &ServerName,
        user: &UserUri,
        request: KeyMaterialRequest,
    ) -> Result<KeyMaterialResponse, Problem> {
        if request.requester.server() != *peer {
            let text = format!("{peer} does not answer for {}", request.requester);
            return Err(Problem::new(Code::NotYourUser, text));
        }
        let Some(claim_id) = request.claim_id.to_array() else {
            return Err(Problem::new(Code::Malformed, "claim_id has 16 bytes"));
        };
        let requester = &request.requester;
        let claimed = self
            .claim_here(user, requester, &request.room, &request.hub, claim_id)
            .await;
        Ok(KeyMaterialResponse {
            key_packages: claimed?,
        })
    }

    async fn claim_here(
        &self,
        user: &UserUri,
        requester: &UserUri,
        room: &RoomUri,
        hub: &ServerName,
        claim_id: [u8; 16],
    ) -> Result<Vec<ClaimedKeyPackage>, Problem> {
        let unknown = || Problem::new(Code::NotFound, format!("no user {}", user.address()));
        if user.server() != *self.name() {
            return Err(unknown());
        }
        let account = self
            .ports
            .accounts
            .account(user)
            .await
            .map_err(|e| internal(&e))?;
        check_consent(&account.ok_or_else(unknown)?, requester)?;
        let claim = Claim {
            user: user.clone(),
            requester: requester.clone(),
            room: room.clone(),
            hub: hub.clone(),
            claim_id,
            now_ms: self.now_ms(),
        };
        let claimed = self.ports.key_packages.claim_key_packages(&claim).await;
        let Some(claimed) = claimed.map_err(|e| internal(&e))? else {
            let text = "the claim id was used for another claim; draw a new one";
            return Err(Problem::new(Code::KeyPackageConflict, text));
        };
        if claimed.is_empty() {
            let text = format!("{} has no KeyPackage left; try again later", user.address());
            return Err(Problem::new(Code::KeyPackagesExhausted, text));
        }
        tracing::debug!(target: crate::HOP_TARGET, hop = "key_package_given",
            "a KeyPackage of {} is given out once, for {room}", user.address());
        let json = |(device, bytes): (_, Bytes)| ClaimedKeyPackage {
            device,
            key_package: bytes.into(),
        };
        Ok(claimed.into_iter().map(json).collect())
    }
}

/// Nothing of a user's leaves for somebody whom they did not let add them (KP-5).
fn check_consent(account: &Account, requester: &UserUri) -> Result<(), Problem> {
    let agreed = match &account.consent {
        Consent::Anyone => true,
        Consent::Listed(users) => users.contains(requester) || account.user == *requester,
    };
    if agreed {
        return Ok(());
    }
    let who = account.user.address();
    let text = format!("{who} lets only those add them whom they named; ask them another way");
    Err(Problem::new(Code::ConsentRequired, text))
}

/// Whether so many more KeyPackages may wait beside those that do (LIM-11).
fn check_waiting(waiting: usize, more: usize) -> Result<(), Problem> {
    if waiting + more <= KEY_PACKAGES_MAX {
        return Ok(());
    }
    let text = format!("{waiting} KeyPackages wait already; the limit is {KEY_PACKAGES_MAX}");
    Err(Problem::new(Code::Limit, text))
}

/// A package is valid MLS, certified, and of the enrolled device and its key (KP-1).
fn check(device: &EnrolledDevice, bytes: Bytes, now_ms: u64) -> Result<StoredKeyPackage, Problem> {
    let refused = |why: String| Problem::new(Code::InvalidKeyPackage, why);
    if bytes.len() > KEY_PACKAGE_LEN_MAX {
        return Err(Problem::new(
            Code::TooLarge,
            "a KeyPackage has at most 4 KiB",
        ));
    }
    let view = read_key_package(&bytes, now_ms).map_err(|e| refused(e.to_string()))?;
    if view.identity.device != device.identity.device
        || view.identity.identity_key != device.identity.identity_key
        || view.mls_key != device.mls_key
    {
        return Err(refused(
            "the KeyPackage is of another device or key than enrolled".into(),
        ));
    }
    Ok(StoredKeyPackage {
        reference: view.reference,
        bytes,
        expires: view.expires_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // KP-5
    #[test]
    fn a_user_who_names_some_is_added_by_these_and_by_their_own_devices() {
        let user = |name: &str| UserUri::parse(&format!("mimi://islet.test/u/{name}")).unwrap();
        let mut account = Account {
            user: user("alice"),
            password_hash: String::new(),
            device: None,
            consent: Consent::Anyone,
        };
        assert_eq!(check_consent(&account, &user("carol")), Ok(()));
        account.consent = Consent::Listed(vec![user("bob")]);
        for agreed in ["alice", "bob"] {
            assert_eq!(check_consent(&account, &user(agreed)), Ok(()), "{agreed}");
        }
        let refused = check_consent(&account, &user("carol")).unwrap_err();
        assert_eq!(refused.code, Code::ConsentRequired);
    }

    // LIM-11
    #[test]
    fn a_hundred_key_packages_may_wait_and_no_more() {
        assert_eq!(check_waiting(40, 60), Ok(()));
        assert_eq!(check_waiting(41, 60).unwrap_err().code, Code::Limit);
    }
}
