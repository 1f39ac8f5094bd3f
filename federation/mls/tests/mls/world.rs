//! A room: devices with groups of their own, and the hub's public side of it.

use std::time::{SystemTime, UNIX_EPOCH};

use holm_mls::settings::create_config;
use holm_mls::{PublicRoom, StageError, StagedRoomCommit, signer, wire_bytes};
use holm_protocol::bundle::Bundle;
use holm_protocol::encoding::encode;
use holm_protocol::name::ServerName;
use holm_protocol::order::Order;
use holm_protocol::room_extension::{Hub, RoomExtension};
use holm_protocol::signing::PrivateKey;
use holm_protocol::uri::RoomUri;
use openmls::prelude::{GroupId, MlsGroup};

use crate::devices::{Ask, Device};

/// The wall clock, which OpenMLS compares lifetimes with.
#[expect(
    clippy::disallowed_methods,
    reason = "OpenMLS asks the system's clock itself"
)]
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

pub(crate) fn server() -> ServerName {
    ServerName::parse("islet.test").unwrap()
}

pub(crate) fn room_uri() -> RoomUri {
    RoomUri::new(&server(), "garden").unwrap()
}

/// The extension of a new room that `owner` makes.
pub(crate) fn extension(owner: &Device) -> RoomExtension {
    let root = PrivateKey::from_seed(&[9; 32]).public();
    RoomExtension::new(Hub::new(&server(), root), owner.identity.user())
}

/// Creates the group of generation `generation` on a device.
pub(crate) fn create_group(device: &mut Device, generation: u32) {
    let (config, credential) = (create_config(&extension(device)), device.credential());
    let id = GroupId::from_slice(&room_uri().group_id(generation));
    let signer = signer(&device.key);
    let group =
        MlsGroup::new_with_group_id(&device.provider, &signer, &config, id, credential).unwrap();
    device.group = Some(group);
}

/// GroupInfo and tree of a device's group, as it would upload them.
pub(crate) fn group_info_and_tree(device: &Device) -> (Vec<u8>, Vec<u8>) {
    let (group, signer) = (device.group(), signer(&device.key));
    let info = group
        .export_group_info(&device.provider.crypto, &signer, false)
        .unwrap();
    (wire_bytes(&info), encode(&group.export_ratchet_tree()))
}

pub(crate) struct World {
    pub(crate) devices: Vec<Device>,
    pub(crate) hub: PublicRoom,
}

impl World {
    /// A room that the first of `names` made and added the others to.
    pub(crate) fn of(names: &[&str]) -> Self {
        let mut devices: Vec<Device> = names.iter().map(|name| Device::new(name)).collect();
        create_group(&mut devices[0], 0);
        let (info, tree) = group_info_and_tree(&devices[0]);
        let hub = PublicRoom::start(&room_uri(), &info, &tree).unwrap();
        let mut world = Self { devices, hub };
        let others: Vec<Vec<u8>> = world.devices[1..].iter().map(Device::key_package).collect();
        if !others.is_empty() {
            let bundle = world.devices[0].commit(&Ask::adding(&others));
            world.append(&bundle);
            let (tree, welcome) = (world.hub.tree(), bundle.welcome.unwrap());
            world.devices[1..]
                .iter_mut()
                .for_each(|device| device.join(&welcome, &tree));
        }
        world
    }

    pub(crate) fn stage(&self, bundle: &Bundle) -> Result<StagedRoomCommit, StageError> {
        self.stage_with(bundle, Vec::new())
    }

    /// What a hub does with a bundle before it appends.
    pub(crate) fn stage_with(
        &self,
        bundle: &Bundle,
        orders: Vec<Order>,
    ) -> Result<StagedRoomCommit, StageError> {
        let staged = self.hub.stage(&bundle.body(), orders, now_ms())?;
        self.hub.check_welcome(&staged, bundle.welcome.as_deref())?;
        Ok(staged)
    }

    /// The hub takes a bundle, and every device that is in the group meets it in the log.
    pub(crate) fn append(&mut self, bundle: &Bundle) {
        self.append_at_hub(bundle);
        for device in self.devices.iter_mut().filter(|device| device.is_in()) {
            device.receive(&bundle.commit).unwrap();
        }
    }

    pub(crate) fn append_at_hub(&mut self, bundle: &Bundle) {
        let staged = self.stage(bundle).unwrap();
        self.hub.merge(staged).unwrap();
    }

    /// The hub refuses a bundle, and is afterwards what it was.
    pub(crate) fn refused(&self, bundle: &Bundle) -> StageError {
        let before = self.hub.snapshot();
        let error = self.stage(bundle).err().expect("the bundle is refused");
        assert_eq!(self.hub.snapshot(), before, "nothing was merged");
        error
    }
}
