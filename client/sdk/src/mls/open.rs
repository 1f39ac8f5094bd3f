//! Decrypting a message of the log, and saying why one does not open.
//!
//! Epochs are compared first: a message from before the device's own entry is expected not to
//! open, any other counts against its origin. Neither ever holds the cursor (LOG-12).

use holm_mls::Provider;
use holm_mls::view::read_identity;
use holm_protocol::aad::Aad;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::limits::MESSAGE_EPOCHS_BEHIND_MAX;
use holm_protocol::mls_header::MlsHeader;
use openmls::group::MlsGroup;
use openmls::prelude::{MlsMessageIn, ProcessedMessageContent, Sender};

/// What a message of the log turned out to be.
pub(crate) enum Opened {
    /// Somebody's message.
    Message {
        /// Who sent it, from their leaf.
        sender: Box<DeviceIdentity>,
        /// Its authenticated data, as MLS verified it.
        aad: Box<Aad>,
        /// What was encrypted.
        content: Vec<u8>,
    },
    /// This device's leaf claims to have sent it; such do not open again.
    Own,
    /// From before the device's entry: not for it.
    BeforeEntry,
    /// It should open and does not.
    Failed {
        /// Why.
        why: String,
    },
}

/// Opens a message event's body.
pub(crate) fn open(
    group: &mut MlsGroup,
    provider: &Provider,
    body: &[u8],
    entry_epoch: u64,
) -> Opened {
    let failed = |why: &str| Opened::Failed { why: why.into() };
    let Some(header) = MlsHeader::read(body).filter(MlsHeader::is_message) else {
        return failed("not an application message");
    };
    if header.group_id != group.group_id().as_slice() {
        return failed("of another group");
    }
    let now = group.epoch().as_u64();
    if header.epoch < entry_epoch {
        return Opened::BeforeEntry;
    }
    if header.epoch > now || header.epoch + MESSAGE_EPOCHS_BEHIND_MAX < now {
        return Opened::Failed {
            why: format!("of epoch {} while the group is in {now}", header.epoch),
        };
    }
    match process(group, provider, body) {
        Ok(opened) => opened,
        Err(why) => Opened::Failed { why },
    }
}

fn process(group: &mut MlsGroup, provider: &Provider, body: &[u8]) -> Result<Opened, String> {
    let message: MlsMessageIn = holm_protocol::encoding::decode(body).map_err(|e| e.to_string())?;
    let message = message
        .try_into_protocol_message()
        .map_err(|e| e.to_string())?;
    let processed = group
        .process_message(provider, message)
        .map_err(|e| e.to_string())?;
    if !matches!(processed.sender(), Sender::Member(_)) {
        return Err("by no member".into());
    }
    let sender = read_identity(processed.credential()).map_err(|e| e.to_string())?;
    let aad = processed.aad().to_vec();
    match processed.into_content() {
        ProcessedMessageContent::ApplicationMessage(message) => Ok(Opened::Message {
            sender: Box::new(sender),
            aad: Box::new(Aad::from_bytes(&aad).map_err(|e| e.to_string())?),
            content: message.into_bytes(),
        }),
        ProcessedMessageContent::OwnPrivateMessage => Ok(Opened::Own),
        _ => Err("not application data".into()),
    }
}
