//! A device connects, and says how far it is (SYNC-1, SYNC-6).

use std::collections::BTreeMap;

use holm_protocol::limits::DEVICE_ROOMS_MAX;
use holm_protocol::{Code, Problem, RoomUri};

use super::subscription::{Place, Subscription};
use crate::caller::Caller;
use crate::homeserver::{Homeserver, internal};

impl Homeserver {
    /// Connects a device. `cursors` say from where it reads; a room not named is read from the
    /// device's own watermark. A newer connection of a device closes the older (4409).
    pub async fn connect(
        &self,
        caller: &Caller,
        cursors: BTreeMap<RoomUri, u64>,
    ) -> Result<Subscription, Problem> {
        if !caller.enrolled {
            return Err(Problem::new(Code::Forbidden, "enroll the device first"));
        }
        if cursors.len() > DEVICE_ROOMS_MAX {
            return Err(Problem::new(
                Code::Limit,
                "more cursors than a device can have rooms",
            ));
        }
        // Registered first: what happens between here and the first look is not missed.
        let connection = self.delivery.register(&caller.device);
        let memberships = self.ports.rooms.memberships(&caller.device).await;
        let memberships = match memberships {
            Ok(memberships) => memberships,
            Err(error) => {
                self.delivery.forget(&caller.device, &connection);
                return Err(internal(&error));
            }
        };
        let runs = memberships.chunk_by(|a, b| a.room == b.room);
        let places = runs.filter_map(|runs| {
            let room = &runs.first()?.room;
            let place = Place::of(runs.to_vec(), cursors.get(room).copied())?;
            Some((room.clone(), place))
        });
        let places = places.collect();
        let device = caller.device.clone();
        Ok(Subscription::new(self.clone(), device, connection, places))
    }

    /// The device has read every refusal in a room, and sends what it sends in that knowledge.
    pub fn reopen(&self, caller: &Caller, room: &RoomUri) {
        self.delivery.reopen(&caller.device, room);
    }

    /// Raises the device's watermarks in a room; never beyond the log's head (SYNC-6).
    pub async fn acknowledge(
        &self,
        caller: &Caller,
        room: &RoomUri,
        delivered: u64,
        read: u64,
    ) -> Result<(), Problem> {
        let head = match self.head_of_active(caller, room) {
            Some(head) => head,
            None => self.head_of_stored(caller, room).await?,
        };
        if delivered > head || read > head {
            let text = format!("the newest event of the room is {head}");
            return Err(Problem::new(Code::BadRequest, text));
        }
        let marks = [(room.clone(), delivered.max(read), read)];
        let raised = self.ports.rooms.acknowledge(&caller.device, &marks).await;
        raised.map_err(|e| internal(&e))
    }

    /// The head of a room the caller is in now, where its task knows both.
    fn head_of_active(&self, caller: &Caller, room: &RoomUri) -> Option<u64> {
        let handle = self.rooms.active(room)?;
        let is_in = handle.roster.get()?.has_device(&caller.device);
        is_in.then(|| handle.tail.head()).flatten()
    }

    /// The newest event that is the device's to have: of a room that it was removed from, the one
    /// that removed it.
    async fn head_of_stored(&self, caller: &Caller, room: &RoomUri) -> Result<u64, Problem> {
        let membership = self.ports.rooms.membership(&caller.device, room).await;
        let membership = membership.map_err(|e| internal(&e))?;
        let membership = membership.ok_or_else(|| crate::room::unknown(room))?;
        if let Some(until) = membership.until {
            return Ok(until);
        }
        let head = self.ports.log.head(room).await.map_err(|e| internal(&e))?;
        Ok(head.map_or(0, |h| h.position.seq))
    }
}
