//! The one way into the log: append where the head still is what this task saw (LOG-2).

use super::task::RoomTask;
use crate::peer::StoredFor;
use crate::ports::{Append, AppendError, CrashPoint, Entry, Expect, LogHead};

impl RoomTask {
    /// Appends entries, stored because of these servers, and moves on to `head`. Where that fails for any other reason than a
    /// repeated id, the state in memory is dropped: the log says what is true.
    pub(super) async fn append(
        &mut self,
        entries: Vec<Entry>,
        head: LogHead,
        stored_for: StoredFor,
    ) -> Result<(), AppendError> {
        let state = self.state.as_mut().ok_or(AppendError::NoLog)?;
        let kept = |e: &Entry| (e.seq, e.event.clone(), e.attachment.is_some());
        let events: Vec<_> = entries.iter().map(kept).collect();
        let append = Append {
            room: self.room.clone(),
            expect: Expect {
                seq: state.head.position.seq,
                hash: state.head.position.hash,
                fence: state.head.fence,
            },
            entries,
            head,
            stored_for: stored_for.clone().into_iter().collect(),
        };
        match self.homeserver.ports.log.append(append).await {
            Ok(()) => {
                state.head = head;
                self.tail.push(events);
                self.homeserver.tell_stored(&stored_for);
                Ok(())
            }
            Err(error @ AppendError::Repeated(_)) => Err(error),
            Err(error) => {
                tracing::warn!(room = %self.room, %error, "an append was not taken");
                self.state = None;
                Err(error)
            }
        }
    }

    /// A named place is reached, at the hub or at a follower.
    pub(super) fn reached(&self, at_hub: CrashPoint, at_follower: CrashPoint) {
        let own = self.homeserver.name();
        let is_hub = self.state.as_ref().is_some_and(|s| s.is_hub(own));
        let point = if is_hub { at_hub } else { at_follower };
        self.homeserver.ports.crash_points.reached(point);
    }
}
