//! Somebody with a device.

use holm_protocol::{ServerName, UserUri};
use holm_sdk::{Device, ReplicaPlace, SdkPorts};
use tokio::task::JoinHandle;

use super::stage::{Stage, Told};
use crate::failure::Failure;
use crate::lab::Lab;

/// Somebody with a connected device.
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) user: UserUri,
    pub(super) device: Device,
    running: JoinHandle<()>,
}

impl Person {
    /// Opens the device, registers where it has no account yet, and connects.
    pub(super) async fn arrive(
        lab: &Lab,
        stage: &Stage,
        name: &'static str,
        domain: &str,
    ) -> Result<Self, Failure> {
        let place = ReplicaPlace::Folder(lab.device_dir(name));
        let network = lab.network().map_err(Failure::failed)?;
        let device = Device::open(place, network, SdkPorts::system())
            .await
            .map_err(Failure::failed)?;
        stage.hear(name, device.events());
        let session = if let Some(session) = device.session() {
            session
        } else {
            let server = ServerName::parse(domain).map_err(Failure::failed)?;
            let password = format!("{name} of {domain} has a long password");
            let registered = device.register(&server, name, &password).await;
            registered.map_err(Failure::failed)?
        };
        let (run, ended) = (device.clone(), stage.sender());
        let running = tokio::spawn(async move {
            if let Err(error) = run.run().await {
                let _ = ended.send(Told::Ended(name, error.to_string())).await;
            }
        });
        Ok(Self {
            name,
            user: session.user,
            device,
            running,
        })
    }

    /// Disconnects the device.
    pub(super) async fn leave_the_stage(self) {
        self.device.stop();
        let _ = self.running.await;
    }
}
