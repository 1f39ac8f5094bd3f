//! What the cases of this role share: the server under test, an account on it, a correct peer that
//! shows after each case that nothing was harmed.

use std::sync::Arc;

use holm_protocol::ServerName;
use holm_protocol::document::{SignedDocument, Trust, VerifiedDocument};
use tokio::sync::{Mutex, OnceCell};

use super::homeserver::Homeserver;
use crate::chance::now_ms;
use crate::client_role::device::Device;
use crate::client_role::fault::{Check, During};
use crate::client_role::site::Site;
use crate::client_role::wire::Request;
use crate::target::Target;

/// The server under test, with what all cases use of it.
pub(crate) struct Stage {
    /// The target.
    pub(crate) target: Arc<Target>,
    /// The same as the client role sees it.
    pub(crate) site: Site,
    control: OnceCell<Homeserver>,
    resident: OnceCell<Device>,
    restocking: Mutex<()>,
}

/// Made of the target by the first case that runs.
pub(crate) type SharedStage = Arc<OnceCell<Arc<Stage>>>;

impl Stage {
    /// The stage before anything is on it.
    pub(crate) fn of(target: &Arc<Target>) -> Check<Self> {
        Ok(Self {
            target: Arc::clone(target),
            site: Site::of(target)?,
            control: OnceCell::new(),
            resident: OnceCell::new(),
            restocking: Mutex::new(()),
        })
    }

    /// A correct homeserver of a fresh name.
    pub(crate) async fn peer(&self) -> Check<Homeserver> {
        Homeserver::start(&self.target, &self.site.door).await
    }

    /// A user of the server under test with an enrolled device: all cases share the account, each
    /// has its own copy of the device, without groups.
    pub(crate) async fn resident(&self) -> Check<Device> {
        let shared = self.resident.get_or_try_init(|| self.site.device()).await?;
        let mut copy = Device::new(shared.door.clone(), shared.session.clone())?;
        copy.identity = shared.identity.clone();
        copy.identity_key = shared.identity_key.clone();
        copy.mls_key = shared.mls_key.clone();
        Ok(copy)
    }

    /// The same, with KeyPackages of its own to be claimed.
    pub(crate) async fn invitee(&self) -> Check<Device> {
        let resident = self.resident().await?;
        let _one = self.restocking.lock().await;
        let count = resident.get("/client/v1/keyPackages").await?.good()?;
        if count["count"].as_u64().unwrap_or_default() < STOCK {
            resident.upload(20).await.during("uploading KeyPackages")?;
        }
        Ok(resident)
    }

    /// The document of the server under test, its signature checked (DOC-1, DOC-2).
    pub(crate) async fn target_document(&self) -> Check<VerifiedDocument> {
        let answer = self
            .site
            .send(&Request::get("/.well-known/holm"))
            .await?
            .good()?;
        let signed: SignedDocument = serde_json::from_value(answer).during("the document")?;
        let name = ServerName::parse(&self.target.domain).during("the target's name")?;
        let verified = signed.verify(&name, &Trust::default(), now_ms());
        verified.during("the target's document")
    }

    /// After each case: the server answers anybody, and a correct request of a correct peer.
    pub(crate) async fn is_well(&self) -> Check {
        let document = self.site.send(&Request::get("/.well-known/holm")).await;
        let document = document.during("the server afterwards")?;
        document.expect_good().during("the server afterwards")?;
        let control = self.control.get_or_try_init(|| self.peer()).await?;
        control.is_taken().await.during("the server afterwards")
    }
}

/// KeyPackages that wait at least, so that cases side by side find one.
const STOCK: u64 = 40;
