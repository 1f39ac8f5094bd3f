//! What a commit may do, by the rules that stand in the group (spec 05 §5, M10, M11, M13, M26).

mod extensions;
mod leaves;
mod members;

use holm_protocol::identity::DeviceIdentity;
use holm_protocol::room_extension::{Role, RoleEntry, RoomExtension};
use holm_protocol::{DeviceUri, PrivateKey};

use crate::chance::now_ms;
use crate::client_role::device::Device;
use crate::client_role::device::change::Change;
use crate::client_role::fault::Check;
use crate::client_role::pair::{Pair, commit_of, newest};
use crate::client_role::plan::Plan;

pub(super) fn plans() -> Vec<Plan> {
    let mut plans = members::plans();
    plans.extend(extensions::plans());
    plans.extend(leaves::plans());
    plans
}

const FORBIDDEN: Option<&str> = Some("commit_forbidden");

fn role(device: &Device, role: Role) -> RoleEntry {
    RoleEntry {
        user: device.user.clone(),
        role,
    }
}

/// Alice changes the extension; Bob follows.
async fn alice_extends(pair: &mut Pair, extension: RoomExtension) -> Check {
    pair.alice
        .move_on(&pair.room, &Change::extend(extension))
        .await?;
    let commit = commit_of(&newest(&pair.alice, &pair.room).await?)?;
    pair.bob.receive(&commit).map(drop)
}

fn copy(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_seed(&key.seed())
}

fn certified(
    device: &DeviceUri,
    mls_key: &PrivateKey,
    identity_key: &PrivateKey,
    generation: u32,
) -> DeviceIdentity {
    let now = now_ms() / 1_000;
    let validity = (now - 60, now + 24 * 3_600);
    let (device, mls_key) = (device.clone(), mls_key.public());
    DeviceIdentity::certify(device, &mls_key, identity_key, generation, validity)
}
