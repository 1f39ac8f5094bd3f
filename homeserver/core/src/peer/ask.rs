//! Asking peers for what was missed: one task a peer, so that one that is slow or away holds up
//! no other (FED-6, FED-9).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use holm_protocol::{Code, RoomUri, ServerName};
use tokio::sync::Notify;

use super::outbound::PeerWork;
use crate::homeserver::Homeserver;

/// What is to be asked of one peer: at most the rooms it is hub of.
#[derive(Default)]
pub(super) struct Ask {
    wanted: Mutex<Wanted>,
    news: Notify,
}

#[derive(Default)]
struct Wanted {
    heads: bool,
    rooms: BTreeSet<RoomUri>,
    /// Rooms of another hub whose heads are to be shown.
    shown: BTreeSet<RoomUri>,
}

impl Ask {
    /// All heads are to be compared.
    fn heads(&self) {
        self.wanted().heads = true;
        self.news.notify_one();
    }

    /// A room is known to be behind.
    fn room(&self, room: &RoomUri) {
        self.wanted().rooms.insert(room.clone());
        self.news.notify_one();
    }

    /// Heads of rooms that another server is hub of are to be shown.
    pub(super) fn show(&self, rooms: impl IntoIterator<Item = RoomUri>) {
        self.wanted().shown.extend(rooms);
        self.news.notify_one();
    }

    fn wanted(&self) -> std::sync::MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Homeserver {
    /// Compares heads with a peer soon, and until it answers.
    pub(super) fn ask_heads(&self, server: &ServerName) {
        self.peer_work(server).ask.heads();
    }

    /// Pulls a room from its hub soon.
    pub(super) fn ask_room(&self, hub: &ServerName, room: &RoomUri) {
        self.peer_work(hub).ask.room(room);
    }

    /// Shows heads, again while the peer cannot be reached; one that refuses is shown them again
    /// when they change.
    async fn show_until_answered(&self, server: &ServerName, mut rooms: BTreeSet<RoomUri>) {
        while let Err((problem, left)) = self.show_to(server, rooms).await {
            tracing::debug!(%server, %problem, "heads could not be shown");
            if !waits_for_peer(problem.code) {
                return;
            }
            rooms = left;
            self.wait_for_peer(server).await;
        }
    }

    /// The task: asks what is wanted, again and again while the peer does not answer.
    pub(super) async fn ask_forever(self, server: ServerName, work: Arc<PeerWork>) {
        loop {
            work.ask.news.notified().await;
            let wanted = std::mem::take(&mut *work.ask.wanted());
            while wanted.heads
                && let Err(problem) = self.compare_with(&server).await
            {
                tracing::debug!(%server, %problem, "heads could not be compared");
                // Whoever answers that it will not is asked again at the next round.
                if !waits_for_peer(problem.code) {
                    break;
                }
                self.wait_for_peer(&server).await;
            }
            if !wanted.heads {
                self.pull_all(&server, wanted.rooms).await;
            }
            self.show_until_answered(&server, wanted.shown).await;
        }
    }
}

/// Whether the same may be asked when the peer is there, or takes calls, again.
fn waits_for_peer(code: Code) -> bool {
    use Code::{PeerUnreachable, PeerUntrusted, QuotaExceeded};
    matches!(code, PeerUnreachable | PeerUntrusted | QuotaExceeded)
}
