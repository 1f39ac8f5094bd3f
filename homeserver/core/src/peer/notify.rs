//! A hub brings events (FED-5): each room on its own, so one that fails holds up no other.

use holm_protocol::federation::{LogPage, NotifyRequest, NotifyResponse, RoomCursor};
use holm_protocol::limits::NOTIFY_ROOMS_MAX;
use holm_protocol::{Code, Problem, RoomUri, ServerName};
use tokio::sync::oneshot;

use crate::homeserver::Homeserver;
use crate::room::{Command, stopping};

impl Homeserver {
    /// A hub brings events; the answer is the cursor of each room after its durable write.
    pub async fn peer_notify(
        &self,
        peer: &ServerName,
        request: NotifyRequest,
    ) -> Result<NotifyResponse, Problem> {
        if request.rooms.len() > NOTIFY_ROOMS_MAX {
            let text = format!("at most {NOTIFY_ROOMS_MAX} rooms at once");
            return Err(Problem::new(Code::TooLarge, text));
        }
        let mut rooms = Vec::with_capacity(request.rooms.len());
        for page in request.rooms {
            let room = page.room.clone();
            let (cursor, problem) = match self.apply_page(peer, page).await {
                Ok(result) => result,
                Err(problem) => (0, Some(problem)),
            };
            rooms.push(RoomCursor {
                room,
                cursor,
                problem,
            });
        }
        Ok(NotifyResponse { rooms })
    }

    /// Hands a page to the room's task.
    pub(super) async fn apply_page(
        &self,
        from: &ServerName,
        page: LogPage,
    ) -> Result<(u64, Option<Problem>), Problem> {
        let room: RoomUri = page.room.clone();
        let (reply, answer) = oneshot::channel();
        let command = Command::Apply {
            from: from.clone(),
            page: Box::new(page),
            reply,
        };
        self.tell_room(&room, command).await?;
        answer.await.map_err(|_ended| stopping())
    }
}
