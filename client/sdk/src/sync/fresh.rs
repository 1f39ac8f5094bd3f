//! Whether the device is up to date: a head that the hub signed lately says so (HEAD-9).
//!
//! Events bring heads with them; of a quiet room one is asked for. Where none younger than ten
//! minutes can be had although the device is connected, somebody on the way may be keeping things
//! back, and the person is told.

use holm_protocol::RoomUri;
use holm_protocol::limits::HEAD_STALE_MS;

use crate::device::{Device, Inner, held};
use crate::error::SdkError;
use crate::event::DeviceEvent;
use crate::replica::rooms::{self, RoomRow};
use crate::timeline::RoomState;

/// Age of the newest head at which another is asked for, milliseconds.
const ASK_AFTER_MS: u64 = HEAD_STALE_MS / 2;
/// Rooms asked about in one go, those of the oldest heads; the next go is a minute later.
const ROOMS_MAX: usize = 64;

impl Device {
    /// Since when the device is not known to be up to date in a room: the time of the newest head,
    /// milliseconds since 1970. `None` where it is, and while it is not connected.
    pub fn not_up_to_date_since(&self, room: &RoomUri) -> Option<u64> {
        held(&self.inner.stale).get(room).copied()
    }
}

impl Inner {
    /// Asks for heads of quiet rooms, and tells which rooms have none that is fresh (HEAD-9).
    pub(super) async fn keep_fresh(&self) -> Result<(), SdkError> {
        let mut old = self.heads_of_age(ASK_AFTER_MS).await?;
        old.sort();
        for (_, room) in old.into_iter().take(ROOMS_MAX) {
            if let Err(error) = self.pull(&room).await {
                tracing::debug!(%room, %error, "no fresh head");
            }
        }
        let mut stale = self.heads_of_age(HEAD_STALE_MS).await?;
        // A room that has no event yet has no time either.
        stale.retain(|(time, _)| *time > 0);
        self.tell_stale(stale);
        Ok(())
    }

    /// A head that is fresh came with an event: what was told is taken back at once.
    pub(super) fn note_fresh(&self, room: &RoomUri, head_ms: u64) {
        let fresh = head_ms.saturating_add(HEAD_STALE_MS) > self.now_ms();
        if fresh && held(&self.stale).remove(room).is_some() {
            self.tell(DeviceEvent::UpToDate { room: room.clone() });
        }
    }

    fn tell_stale(&self, rooms: Vec<(u64, RoomUri)>) {
        let mut told = Vec::new();
        let mut stale = held(&self.stale);
        stale.retain(|room, _| {
            let still = rooms.iter().any(|(_, other)| other == room);
            if !still {
                told.push(DeviceEvent::UpToDate { room: room.clone() });
            }
            still
        });
        for (since, room) in rooms {
            if stale.insert(room.clone(), since).is_none() {
                told.push(DeviceEvent::NotUpToDate { room, since });
            }
        }
        drop(stale);
        for event in told {
            self.tell(event);
        }
    }

    /// Active rooms whose newest head is at least so old, with its time; of a room without one the
    /// time of its newest event counts.
    async fn heads_of_age(&self, age_ms: u64) -> Result<Vec<(u64, RoomUri)>, SdkError> {
        let now_ms = self.now_ms();
        let mut state = self.lock().await;
        let rows = rooms::all(state.replica.reader()).await?;
        let active = rows.into_iter().filter(|r| r.state == RoomState::Active);
        let dated = active.map(|row| (time_of(&row), row.uri));
        Ok(dated
            .filter(|(time, _)| now_ms.saturating_sub(*time) >= age_ms)
            .collect())
    }
}

fn time_of(row: &RoomRow) -> u64 {
    row.signed_head()
        .map_or(row.position.time, |head| head.head.time)
}
