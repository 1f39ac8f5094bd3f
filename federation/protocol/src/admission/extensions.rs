//! The set of group context extensions that a room's group holds (ROOM-2).

use super::{ContextExtension, Refusal};
use crate::room_extension::{ROOM_EXTENSION_TYPE, RoomExtension};

/// Type of the required_capabilities extension (RFC 9420 §17.3).
const REQUIRED_CAPABILITIES_TYPE: u16 = 3;
/// Its one allowed content: extension 0xF0A0, no proposal types, credential type basic.
const REQUIRED_CAPABILITIES: [u8; 7] = [0x02, 0xF0, 0xA0, 0x00, 0x02, 0x00, 0x01];

/// The set is exactly required_capabilities and the room extension, both well formed (ADM-2).
pub(super) fn read_extensions(extensions: &[ContextExtension]) -> Result<RoomExtension, Refusal> {
    let find = |kind| {
        extensions
            .iter()
            .find(|e| e.kind == kind)
            .map(|e| e.data.as_slice())
    };
    let required = find(REQUIRED_CAPABILITIES_TYPE).ok_or(Refusal::Extensions)?;
    let room = find(ROOM_EXTENSION_TYPE).ok_or(Refusal::Extensions)?;
    if extensions.len() == 2 && required == REQUIRED_CAPABILITIES {
        RoomExtension::from_bytes(room).map_err(|_malformed| Refusal::Extensions)
    } else {
        Err(Refusal::Extensions)
    }
}
