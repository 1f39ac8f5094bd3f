//! Whether a message may enter the log: a pure function (LOG-7, LOG-11 to LOG-13).

use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::admission::GroupView;
use holm_protocol::limits::{MESSAGE_EPOCHS_BEHIND_MAX, MESSAGE_LEN_MAX};
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Code, DeviceUri, Problem, SignedOrder, UserUri};

/// The parts of a message that a hub reads.
pub(super) struct ReadMessage<'a> {
    pub(super) header: MlsHeader<'a>,
    pub(super) aad: Aad,
}

/// Reads the front of a message; its content stays closed.
pub(super) fn read_message(message: &[u8]) -> Result<ReadMessage<'_>, Problem> {
    if message.len() > MESSAGE_LEN_MAX {
        let text = format!(
            "a message has at most 64 KiB, this one has {} bytes",
            message.len()
        );
        return Err(Problem::new(Code::TooLarge, text));
    }
    let invalid = |why: &str| Problem::new(Code::InvalidMessage, why);
    let header = MlsHeader::read(message).ok_or_else(|| invalid("not an MLS message"))?;
    if !header.is_message() {
        return Err(invalid(
            "a message is application data in an MLS PrivateMessage",
        ));
    }
    let aad = Aad::from_bytes(header.aad).map_err(|e| invalid(&e.to_string()))?;
    Ok(ReadMessage { header, aad })
}

/// The sender's id for a message, where the bytes can be one at all.
pub(crate) fn message_id(message: &[u8]) -> Result<ClientMsgId, Problem> {
    read_message(message).map(|read| read.aad.client_msg_id)
}

/// Who sends, and what the room is like now.
pub(super) struct Circumstances<'a> {
    pub(super) user: &'a UserUri,
    pub(super) device: Option<&'a DeviceUri>,
    pub(super) group: &'a GroupView,
    pub(super) epoch_floor: u64,
    pub(super) orders: &'a [SignedOrder],
}

/// Judges a message that was read: group, sender, orders, epoch.
pub(super) fn judge_message(message: &MlsHeader<'_>, c: &Circumstances<'_>) -> Result<(), Problem> {
    if message.group_id != c.group.room.group_id(c.group.generation) {
        let text = "the message is of another group than the room's";
        return Err(Problem::new(Code::InvalidMessage, text));
    }
    let is_in = match c.device {
        Some(device) => c.group.device(device).is_some(),
        None => c.group.has_user(c.user),
    };
    if !is_in {
        return Err(super::state::unknown(&c.group.room));
    }
    if is_ordered_out(c.orders, c.user, c.device) {
        let text = "the sender is being removed from the room";
        return Err(Problem::new(Code::Forbidden, text));
    }
    judge_epoch(message.epoch, c.group.epoch, c.epoch_floor)
}

/// Whether an open order means this sender.
pub(super) fn is_ordered_out(
    orders: &[SignedOrder],
    user: &UserUri,
    device: Option<&DeviceUri>,
) -> bool {
    use holm_protocol::order::Subject;
    orders.iter().any(|o| match &o.order.subject {
        Subject::User(one) => one == user,
        Subject::Device(one) => Some(one) == device,
    })
}

/// The epoch lies in the window: at most two behind, not before a removal (LOG-12, LOG-13).
fn judge_epoch(epoch: u64, current: u64, floor: u64) -> Result<(), Problem> {
    if epoch > current {
        let text = format!("the room is in epoch {current}, the message is of {epoch}");
        return Err(Problem::new(Code::WrongEpoch, text).with_epoch(current));
    }
    if epoch < floor || current - epoch > MESSAGE_EPOCHS_BEHIND_MAX {
        let text = format!("epoch {epoch} is no longer accepted; encrypt for epoch {current}");
        return Err(Problem::new(Code::EpochTooOld, text).with_epoch(current));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::judge_epoch;
    use holm_protocol::Code;

    fn code(epoch: u64, current: u64, floor: u64) -> Option<Code> {
        judge_epoch(epoch, current, floor).err().map(|p| p.code)
    }

    /// LOG-12
    #[test]
    fn a_message_may_be_two_epochs_behind_and_no_more() {
        assert_eq!(code(3, 5, 0), None);
        assert_eq!(code(2, 5, 0), Some(Code::EpochTooOld));
        assert_eq!(code(6, 5, 0), Some(Code::WrongEpoch));
    }

    /// LOG-13
    #[test]
    fn a_removal_closes_the_window() {
        assert_eq!(code(5, 5, 5), None);
        assert_eq!(code(4, 5, 5), Some(Code::EpochTooOld));
    }
}
