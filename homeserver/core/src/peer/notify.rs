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
        // All at once, so that the rooms share one durable write.
        let rooms = request.rooms.into_iter().map(|page| async move {
            let room = page.room.clone();
            let applied = self.apply_page(peer, page).await;
            let (cursor, problem) = applied.unwrap_or_else(|problem| (0, Some(problem)));
            RoomCursor {
                room,
                cursor,
                problem,
            }
        });
        let rooms = futures::future::join_all(rooms).await;
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
