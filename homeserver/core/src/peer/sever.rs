//! Servers that this one deals with no more: blocked ones, and those that another has replaced.
//!
//! Their users stand in groups that no server can change, so the hub orders them out and the next
//! commits carry it out (FED-22).

use holm_protocol::order::Reason;
use holm_protocol::{Problem, RoomUri, ServerName};
use tokio::sync::oneshot;

use crate::homeserver::{Homeserver, internal};
use crate::room::{Command, stopping};

/// What was done about a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Severed {
    /// Rooms of which this server is hub and in which users of that one were ordered out.
    pub rooms: usize,
    /// Users ordered out, counted once a room.
    pub users: usize,
    /// Rooms of which that server is hub; they do not go on here.
    pub rooms_of_it: usize,
}

impl Homeserver {
    /// Orders the users of `server` out of every room of which this server is hub (FED-22). May be
    /// repeated: open orders stay as they are.
    ///
    /// # Errors
    /// The store failed; what was ordered before stays ordered.
    pub async fn order_out(&self, server: &ServerName) -> Result<Severed, Problem> {
        let cursors = self.ports.rooms.rooms_of_peer(server).await;
        let mut severed = Severed::default();
        for cursor in cursors.map_err(|e| internal(&e))? {
            if cursor.until.is_some() {
                continue;
            }
            let (reply, answer) = oneshot::channel();
            let order = Command::OrderOut {
                server: server.clone(),
                reason: Reason::SERVER,
                reply,
            };
            self.tell_room(&cursor.room, order).await?;
            let users = answer.await.map_err(|_ended| stopping())??;
            severed.rooms += usize::from(users > 0);
            severed.users += users;
        }
        severed.rooms_of_it = self.rooms_of_hub(server).await?.len();
        Ok(severed)
    }

    /// Another server has taken the place of `server`: the former one's users are ordered out,
    /// nothing is owed to it, and its rooms do not go on here (DOC-9).
    ///
    /// # Errors
    /// As for [`Homeserver::order_out`]; to be repeated.
    pub async fn peer_replaced(&self, server: &ServerName) -> Result<Severed, Problem> {
        let severed = self.order_out(server).await?;
        let forgotten = self.ports.rooms.forget_peer(server).await;
        forgotten.map_err(|e| internal(&e))?;
        for room in self.rooms_of_hub(server).await? {
            let (reply, answer) = oneshot::channel();
            let why = format!("its hub {server} has been replaced by another server of that name");
            self.tell_room(&room, Command::SetAside { why, reply })
                .await?;
            answer.await.map_err(|_ended| stopping())??;
        }
        tracing::warn!(%server, rooms = severed.rooms, users = severed.users,
            rooms_of_it = severed.rooms_of_it,
            "the users of the server before are ordered out of the rooms here; add them anew where \
             they are wanted");
        Ok(severed)
    }

    async fn rooms_of_hub(&self, server: &ServerName) -> Result<Vec<RoomUri>, Problem> {
        let rooms = self
            .ports
            .rooms
            .all_rooms()
            .await
            .map_err(|e| internal(&e))?;
        let of_it = rooms.into_iter().filter(|(_, hub, _)| hub == server);
        Ok(of_it.map(|(room, _, _)| room).collect())
    }
}
