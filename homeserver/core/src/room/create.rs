//! A room begins: its creator alone, as owner, with this server as hub (RM-1, ADM-12).
//!
//! The log is empty then; the first commit is event 1. Creation is repeatable: the same device
//! may ask again for the same room.

use bytes::Bytes;
use holm_mls::public_room::PublicRoom;
use holm_protocol::admission::admit_creation;
use holm_protocol::event::Position;
use holm_protocol::limits::{DEVICE_ROOMS_MAX, TREE_LEN_MAX};
use holm_protocol::{Code, Problem, RoomUri};

use super::commit::stage_problem;
use crate::caller::Caller;
use crate::homeserver::{Homeserver, internal};
use crate::ports::{LogHead, RoomRecord};

impl Homeserver {
    /// Creates a room of which this server is hub: GroupInfo of epoch 0 and its tree.
    pub async fn create_room(
        &self,
        caller: &Caller,
        room: &RoomUri,
        group_info: Bytes,
        tree: Bytes,
    ) -> Result<(), Problem> {
        check_request(self, caller, room, &tree)?;
        let group = PublicRoom::start(room, &group_info, &tree).map_err(|e| stage_problem(&e))?;
        let hub = (self.name(), &self.identity.keys().root.public());
        let extensions = group.context_extensions();
        admit_creation(
            group.view(),
            &extensions,
            &caller.device,
            hub,
            self.now_ms(),
        )
        .map_err(|e| Problem::new(Code::CommitForbidden, e.to_string()))?;
        let memberships = self.ports.rooms.memberships(&caller.device).await;
        let mut memberships = memberships.map_err(|e| internal(&e))?;
        memberships.dedup_by(|a, b| a.room == b.room);
        check_rooms(memberships.len())?;
        self.ports
            .log
            .begin(room, empty_log(room))
            .await
            .map_err(|e| internal(&e))?;
        let record = RoomRecord {
            room: room.clone(),
            hub: self.name().clone(),
            folded_seq: 0,
            snapshot: Bytes::from(group.snapshot()),
            stopped: None,
            servers: vec![self.name().clone()],
        };
        let created = self.ports.rooms.create_room(&record, &caller.device).await;
        match created.map_err(|e| internal(&e))? {
            true => {
                self.delivery
                    .wake_changed(std::slice::from_ref(&caller.device), room);
                Ok(())
            }
            false => self.check_same_creation(caller, room, &group).await,
        }
    }

    /// A repeated creation is fine for the device that made the room, and for nobody else; another
    /// beginning is none of this room, as far as the room has not moved on from its own.
    async fn check_same_creation(
        &self,
        caller: &Caller,
        room: &RoomUri,
        begun: &PublicRoom,
    ) -> Result<(), Problem> {
        let membership = self.ports.rooms.membership(&caller.device, room).await;
        let made_it = membership
            .map_err(|e| internal(&e))?
            .is_some_and(|m| m.anchor == 0);
        let record = self.ports.rooms.room(room).await;
        let snapshot = record.map_err(|e| internal(&e))?.map(|r| r.snapshot);
        let stored = snapshot.and_then(|snapshot| PublicRoom::load(&snapshot).ok());
        let same = stored
            .is_some_and(|stored| stored.epoch() > 0 || stored.group_info() == begun.group_info());
        if made_it && same {
            Ok(())
        } else {
            let text = "the room's name is in use; draw another one";
            Err(Problem::new(Code::RoomExists, text))
        }
    }
}

fn check_request(
    homeserver: &Homeserver,
    caller: &Caller,
    room: &RoomUri,
    tree: &Bytes,
) -> Result<(), Problem> {
    if !caller.enrolled {
        return Err(Problem::new(Code::Forbidden, "enroll the device first"));
    }
    if room.server() != *homeserver.name() {
        let text = format!("a room made here is named mimi://{}/r/…", homeserver.name());
        return Err(Problem::new(Code::BadRequest, text));
    }
    match tree.len() > TREE_LEN_MAX {
        true => Err(Problem::new(Code::TooLarge, "the tree is over the limit")),
        false => Ok(()),
    }
}

/// Whether a device that is in so many rooms may make another one (LIM-19).
fn check_rooms(rooms: usize) -> Result<(), Problem> {
    if rooms < DEVICE_ROOMS_MAX {
        return Ok(());
    }
    let text = format!("a device is in at most {DEVICE_ROOMS_MAX} rooms");
    Err(Problem::new(Code::Limit, text))
}

fn empty_log(room: &RoomUri) -> LogHead {
    LogHead {
        position: Position::origin(room),
        generation: 0,
        epoch: 0,
        epoch_floor: 0,
        commit_seq: 0,
        fence: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // LIM-19
    #[test]
    fn a_device_makes_its_ten_thousandth_room_and_no_further_one() {
        assert_eq!(check_rooms(DEVICE_ROOMS_MAX - 1), Ok(()));
        let refused = check_rooms(DEVICE_ROOMS_MAX).unwrap_err();
        assert_eq!(refused.code, Code::Limit);
    }
}
