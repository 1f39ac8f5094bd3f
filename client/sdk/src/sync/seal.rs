//! Bringing the outbox out: what may leave now, encrypted and durable first (OUT-1, LOG-7).
//!
//! A ciphertext is kept before it leaves, with the key state that made it. One made in an earlier
//! epoch is made anew, of the same content under the same id.

use holm_client_types::frame::DeviceFrame;
use holm_mls::group_view;
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::{Hash, Problem, RoomUri, SignedOrder};

use super::lanes::Opening;
use crate::crash_points::CrashPoint;
use crate::device::Inner;
use crate::error::SdkError;
use crate::event::DeviceEvent;
use crate::mls::seal::seal;
use crate::mls::{MlsGroup, group_id, refused};
use crate::replica::outbox::Waiting;
use crate::replica::rooms::RoomRow;
use crate::replica::{messages, orders, outbox, rooms};
use crate::timeline::RoomState;

/// What a room's outbox gives now.
#[derive(Default)]
pub(super) struct Sealed {
    /// Ready to leave, in order: id, place in the outbox, frame.
    pub(super) ready: Vec<(ClientMsgId, i64, DeviceFrame)>,
    /// Open orders have to be carried out first.
    pub(super) orders_first: bool,
}

impl Inner {
    /// Encrypts what may leave in a room now.
    pub(super) async fn seal_waiting(
        &self,
        room: &RoomUri,
        opening: Opening,
        orders_waived: bool,
    ) -> Result<Sealed, SdkError> {
        let account = self.account()?;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(Sealed::default());
        };
        if row.state != RoomState::Active {
            drop(step);
            drop(state);
            self.fail_waiting(&row).await?;
            return Ok(Sealed::default());
        }
        let waiting = outbox::to_send(&mut step.tx, row.id, opening.place, opening.count).await?;
        if waiting.is_empty() {
            return Ok(Sealed::default());
        }
        let provider = step.provider;
        let id = group_id(room, row.generation);
        let open = orders::open(&mut step.tx, row.id).await?;
        let group = step.group(&id).await?;
        let epoch = group.epoch().as_u64();
        let orders_first = !orders_waived && is_due(group, &open)?;
        if orders_first || epoch < opening.epoch {
            step.commit().await?;
            return Ok(Sealed {
                orders_first,
                ..Sealed::default()
            });
        }
        let mut sealed = Sealed::default();
        for message in waiting {
            let (place, id_of) = (message.place, message.id);
            let kept = message.sealed.as_ref().filter(|(_, made)| *made == epoch);
            let ciphertext = if let Some((ciphertext, _)) = kept {
                ciphertext.clone()
            } else {
                let aad = aad(&row, &message);
                let group = step.group(&id).await?;
                let made = seal(group, provider, &account, &aad, &message.content)?;
                outbox::seal(&mut step.tx, place, &made, epoch).await?;
                let hash = Hash::sha256(&made);
                messages::remember_ciphertext(&mut step.tx, row.id, &hash, id_of).await?;
                made
            };
            let frame = DeviceFrame::Send {
                room: room.clone(),
                message: ciphertext.into(),
            };
            sealed.ready.push((id_of, place, frame));
        }
        step.commit().await?;
        self.ports.reached(CrashPoint::DeviceSendAfterCommit);
        Ok(sealed)
    }

    /// An own message stands in the log, says the server.
    pub(super) async fn message_sent(
        &self,
        room: &RoomUri,
        id: ClientMsgId,
        (seq, time): (u64, u64),
    ) -> Result<(), SdkError> {
        self.ports.reached(CrashPoint::DeviceSendBeforeSent);
        let account = self.account()?;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(());
        };
        let device = &account.device;
        let news = messages::set_sent(&mut step.tx, row.id, device, id, (seq, time)).await?;
        outbox::remove(&mut step.tx, row.id, id).await?;
        step.commit().await?;
        drop(state);
        if news {
            self.tell(DeviceEvent::Sent {
                room: room.clone(),
                client_msg_id: id,
                seq,
                time,
            });
        }
        Ok(())
    }

    /// An own message will not be sent.
    pub(super) async fn message_failed(
        &self,
        room: &RoomUri,
        id: ClientMsgId,
        problem: Problem,
    ) -> Result<(), SdkError> {
        let account = self.account()?;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(());
        };
        let (device, why) = (&account.device, problem.to_string());
        messages::set_failed(&mut step.tx, row.id, device, id, &why).await?;
        outbox::remove(&mut step.tx, row.id, id).await?;
        step.commit().await?;
        drop(state);
        self.tell(DeviceEvent::Failed {
            room: room.clone(),
            client_msg_id: id,
            problem,
        });
        Ok(())
    }

    /// Nothing can be sent in the room any more.
    async fn fail_waiting(&self, row: &RoomRow) -> Result<(), SdkError> {
        if row.state.takes_messages() {
            return Ok(());
        }
        let waiting = {
            let mut state = self.lock().await;
            outbox::waiting(state.replica.reader(), row.id, 0, usize::MAX).await?
        };
        for message in waiting {
            let why = format!("the room takes nothing more: {:?}", row.state);
            let problem = Problem::new(holm_protocol::Code::Forbidden, why);
            self.message_failed(&row.uri, message.id, problem).await?;
        }
        Ok(())
    }

    /// Rooms with something to send.
    pub(super) async fn rooms_with_mail(&self) -> Result<Vec<RoomUri>, SdkError> {
        let mut state = self.lock().await;
        outbox::rooms(state.replica.reader()).await
    }
}

/// Whether an open order means a leaf of the group.
fn is_due(group: &MlsGroup, open: &[SignedOrder]) -> Result<bool, SdkError> {
    if open.is_empty() {
        return Ok(false);
    }
    let view = group_view(group.public_group()).map_err(refused)?;
    let mut leaves = view.leaves.iter().map(|leaf| &leaf.identity.device);
    Ok(leaves.any(|device| open.iter().any(|o| o.order.subject.means(device))))
}

fn aad(row: &RoomRow, message: &Waiting) -> Aad {
    let mut aad = Aad::new(message.id);
    aad.head = row.signed_head();
    aad
}
