//! Bringing events to followers: one task a peer, woken by a bounded set of rooms.
//!
//! The task reads what follows the peer's durable cursors, so nothing is queued and nothing is
//! lost when it ends. A room the peer cannot take is tried again later, alone; a peer that cannot
//! be reached is tried again for as long as a room lives (FED-5, FED-9).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holm_protocol::federation::{LogPage, NotifyRequest, NotifyResponse, RoomCursor};
use holm_protocol::{Code, Problem, RoomUri, ServerName};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::ask::Ask;
use super::cursors::Cursors;
use super::wake::Wake;
use crate::HOP_TARGET;
use crate::homeserver::Homeserver;
use crate::ports::{CrashPoint, PeerCursor, PeerError};

/// Raw bytes of pages in one notify, about.
const BYTES_MAX: usize = 1_024 * 1_024;
/// How often a page is made again for a commit that came in between.
const PAGE_TRIES: usize = 3;
/// The first rest of a room that a peer failed at; and of one it refused.
const REST_SHORT: Duration = Duration::from_secs(1);
const REST_LONG: Duration = Duration::from_secs(30);

/// What is owed to whom, as far as it is known without asking the store.
#[derive(Default)]
pub(crate) struct Outbound {
    peers: Mutex<HashMap<ServerName, Arc<PeerWork>>>,
}

/// What is under way for one peer: a task that brings, one that asks, and who waits for it.
#[derive(Default)]
pub(super) struct PeerWork {
    pub(super) wake: Wake,
    pub(super) ask: Ask,
    /// Told when the peer is heard of.
    pub(super) back: Notify,
}

impl Outbound {
    /// The work for a peer, where there was any.
    pub(super) fn known(&self, server: &ServerName) -> Option<Arc<PeerWork>> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.get(server).map(Arc::clone)
    }
}

impl Homeserver {
    /// A room has something for a peer.
    pub(crate) fn wake_peer(&self, server: &ServerName, room: &RoomUri) {
        self.peer_work(server).wake.add(room);
    }

    /// A room's open orders changed: they travel with the next page, events or not.
    pub(crate) fn wake_peer_orders(&self, server: &ServerName, room: &RoomUri) {
        self.wake_peer(server, room);
    }

    /// The newest commit of an active room, as far as it is folded.
    fn commit_seq_of_active(&self, room: &RoomUri) -> Option<u64> {
        Some(self.rooms.active(room)?.roster.get()?.commit_seq)
    }

    /// The newest event of an active room.
    fn head_seq_of_active(&self, room: &RoomUri) -> Option<u64> {
        self.rooms.active(room)?.tail.head()
    }

    /// The work for a peer; its tasks begin with it.
    pub(super) fn peer_work(&self, server: &ServerName) -> Arc<PeerWork> {
        let mut peers = self
            .outbound
            .peers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(work) = peers.get(server) {
            return Arc::clone(work);
        }
        let work = Arc::new(PeerWork::default());
        peers.insert(server.clone(), Arc::clone(&work));
        let bring = Bring {
            homeserver: self.clone(),
            server: server.clone(),
            work: Arc::clone(&work),
            cursors: Cursors::default(),
        };
        self.ports.tasks.spawn("bring", Box::pin(bring.run()));
        let asking = self.clone().ask_forever(server.clone(), Arc::clone(&work));
        self.ports.tasks.spawn("ask", Box::pin(asking));
        work
    }
}

/// The task that brings events to one peer.
struct Bring {
    homeserver: Homeserver,
    server: ServerName,
    work: Arc<PeerWork>,
    cursors: Cursors,
}

/// The peer is not there now, or this server's store is not.
struct NotNow(String);

/// What was brought: each room with the cursor before, and how many events.
type Sent = BTreeMap<RoomUri, (PeerCursor, usize)>;

impl Bring {
    async fn run(mut self) {
        loop {
            if self.cursors.due().is_some_and(|due| due <= Instant::now()) {
                self.write_cursors().await;
            }
            let rooms = self.work.wake.take();
            if rooms.is_empty() {
                self.rest().await;
                continue;
            }
            if let Err(NotNow(why)) = self.bring(&rooms).await {
                self.work.wake.reached(false);
                tracing::debug!(peer = %self.server, %why, "events wait for this peer");
                for room in &rooms {
                    self.work.wake.add(room);
                }
                self.homeserver.wait_for_peer(&self.server).await;
            }
        }
    }

    /// Until there is news, or cursors have to be written.
    async fn rest(&self) {
        let news = self.work.wake.news();
        match self.cursors.due() {
            Some(due) => drop(tokio::time::timeout_at(due, news).await),
            None => news.await,
        }
    }

    async fn write_cursors(&mut self) {
        let crash_points = &self.homeserver.ports.crash_points;
        crash_points.reached(CrashPoint::NotifyBeforeCursor);
        let unwritten = self.cursors.unwritten();
        let rooms = &self.homeserver.ports.rooms;
        let written = rooms.advance_peer(&self.server, &unwritten).await;
        if let Err(error) = &written {
            tracing::warn!(peer = %self.server, %error, "cursors could not be stored; later again");
        }
        self.cursors.written(written.is_ok(), Instant::now());
    }

    async fn bring(&mut self, rooms: &[RoomUri]) -> Result<(), NotNow> {
        let mut sent = BTreeMap::new();
        let mut pages = Vec::new();
        let mut bytes = 0;
        for (index, room) in rooms.iter().enumerate() {
            if bytes > BYTES_MAX {
                let (brought, others) = rooms.split_at(index);
                self.work.wake.put_back(brought.last(), others);
                break;
            }
            match self.page(room).await.map_err(NotNow)? {
                Some((cursor, page)) if !page.events.is_empty() || !page.orders.is_empty() => {
                    bytes += size(&page);
                    sent.insert(room.clone(), (cursor, page.events.len()));
                    pages.push(page);
                }
                _ => {}
            }
        }
        if pages.is_empty() {
            return Ok(());
        }
        let request = NotifyRequest { rooms: pages };
        let peers = &self.homeserver.ports.peers;
        let answer = peers.notify(&self.server, &request).await;
        match answer {
            Ok(answer) => self.advance(&sent, answer),
            Err(error) => self.judge(&sent, error)?,
        }
        self.work.wake.reached(true);
        Ok(())
    }

    /// A call failed in whole. A refusal is about a room among those it was for: alone, it rests;
    /// else each is tried alone, so that it holds up no other.
    fn judge(&self, sent: &Sent, error: PeerError) -> Result<(), NotNow> {
        let text = error.to_string();
        let problem = match error {
            PeerError::Refused { problem, .. } if problem.code == Code::QuotaExceeded => {
                return Err(NotNow(text));
            }
            PeerError::Refused { problem, .. } => *problem,
            PeerError::Failed { .. } => Problem::new(Code::Unavailable, text),
            PeerError::Unreachable { .. } | PeerError::Untrusted { .. } => {
                return Err(NotNow(text));
            }
        };
        match sent.first_key_value() {
            Some((room, (cursor, _))) if sent.len() == 1 => {
                self.set_aside(room, cursor.cursor, &problem);
            }
            _ => {
                tracing::debug!(peer = %self.server, %problem, "its rooms are brought one by one");
                let rooms: Vec<_> = sent.keys().cloned().collect();
                self.work.wake.try_alone(&rooms);
            }
        }
        Ok(())
    }

    /// What a room has for the peer. Made again where a commit came in between, which may have
    /// ended the peer's part: nothing after that is its to have (FED-5).
    async fn page(&mut self, room: &RoomUri) -> Result<Option<(PeerCursor, LogPage)>, String> {
        for _ in 0..PAGE_TRIES {
            let stands = self.homeserver.commit_seq_of_active(room);
            let Some(cursor) = self.cursor(room, stands.unwrap_or(0)).await? else {
                return Ok(None);
            };
            let page = match self.homeserver.page_for(&cursor).await {
                Ok(page) => page,
                Err(problem) => {
                    self.set_aside(room, cursor.cursor, &problem);
                    return Ok(None);
                }
            };
            if stands.is_some() && stands == self.homeserver.commit_seq_of_active(room) {
                return Ok(Some((cursor, page)));
            }
        }
        self.work.wake.add(room);
        Ok(None)
    }

    async fn cursor(
        &mut self,
        room: &RoomUri,
        commit_seq: u64,
    ) -> Result<Option<PeerCursor>, String> {
        if let Some(known) = self.cursors.get(room, commit_seq) {
            return Ok(Some(known));
        }
        let stored = self.homeserver.ports.rooms.peers(room).await;
        let mut stored = stored.map_err(|e| e.to_string())?;
        stored.retain(|c| c.server == self.server);
        Ok(self.cursors.learn(stored, commit_seq))
    }

    fn advance(&mut self, sent: &Sent, answer: NotifyResponse) {
        let answered: BTreeSet<_> = answer.rooms.iter().map(|r| r.room.clone()).collect();
        for result in answer.rooms {
            if let Some((cursor, events)) = sent.get(&result.room) {
                self.advance_room(cursor, *events, &result);
            }
        }
        for (room, (cursor, _)) in sent.iter().filter(|(room, _)| !answered.contains(*room)) {
            self.set_aside(room, cursor.cursor, &not_taken());
        }
    }

    /// One room goes on from where the peer has it, or rests.
    fn advance_room(&mut self, cursor: &PeerCursor, events: usize, result: &RoomCursor) {
        let room = &result.room;
        let owed = cursor.until.unwrap_or(u64::MAX);
        let newest = self.homeserver.head_seq_of_active(room);
        let newest = newest.unwrap_or(u64::MAX).min(owed);
        // Nobody has more than there is, whatever they say.
        let reached = result.cursor.min(newest);
        if reached <= cursor.cursor {
            match &result.problem {
                Some(problem) => return self.set_aside(room, cursor.cursor, problem),
                None if events > 0 => {
                    return self.set_aside(room, cursor.cursor, &not_taken());
                }
                None => {}
            }
        } else {
            tracing::debug!(target: HOP_TARGET, hop = "ciphertext_relayed",
                "relayed to {}, which has {room} durably up to event {}",
                self.server, result.cursor);
            self.cursors.advance(room, reached, Instant::now());
            if reached < newest || cursor.is_over_at(reached) {
                // It went as far as it could, or was let in again: what follows is brought.
                self.work.wake.add(room);
            }
        }
        if self.work.wake.went_well(room) {
            tracing::info!(peer = %self.server, %room, "the peer takes this room's events again");
        }
    }

    /// One room that fails stops alone; it is tried again later, alone and slowly (FED-15).
    fn set_aside(&self, room: &RoomUri, cursor: u64, problem: &Problem) {
        let soon = matches!(problem.code, Code::Unavailable | Code::PeerUnreachable);
        let first = if soon { REST_SHORT } else { REST_LONG };
        let rest = self.work.wake.rest(room, first);
        if rest.is_first {
            tracing::warn!(
                peer = %self.server, %room, seq = cursor + 1, reason = %problem,
                "the peer does not take this room's events from this one on; the room waits, \
                 others go on; if it stays so, ask the peer's operator what its log says of it"
            );
        } else {
            let (peer, seconds) = (&self.server, rest.time.as_secs());
            tracing::info!(%peer, %room, seq = cursor + 1, reason = %problem, seconds,
                "the peer still does not take this room's events; tried again after this time");
        }
        let (work, room) = (Arc::clone(&self.work), room.clone());
        let again = async move {
            tokio::time::sleep(rest.time).await;
            work.wake.rested(&room);
        };
        self.homeserver.ports.tasks.spawn("retry", Box::pin(again));
    }
}

fn not_taken() -> Problem {
    let text = "the peer answered without a reason and without having taken the events";
    Problem::new(Code::PeerRefused, text)
}

fn size(page: &LogPage) -> usize {
    let events: usize = page.events.iter().map(|e| e.as_slice().len()).sum();
    let anchors: usize = page
        .anchors
        .iter()
        .map(|a| a.welcome.as_slice().len() + a.tree.as_ref().map_or(0, |t| t.as_slice().len()))
        .sum();
    events + anchors
}
