//! Bringing events to followers: one task a peer, woken by a bounded set of rooms.
//!
//! The task reads what follows the peer's durable cursors, so nothing is queued and nothing is
//! lost when it ends. A room the peer cannot take is tried again later, alone; a peer that cannot
//! be reached is tried again for as long as a room lives (FED-5, FED-9).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holm_protocol::federation::{LogPage, NotifyRequest, NotifyResponse};
use holm_protocol::{Code, Problem, RoomUri, ServerName};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::cursors::Cursors;
use crate::HOP_TARGET;
use crate::homeserver::Homeserver;
use crate::ports::{CrashPoint, PeerCursor, PeerError};

/// Rooms in one notify.
const ROOMS_MAX: usize = 32;
/// Raw bytes of pages in one notify, about.
const BYTES_MAX: usize = 1_024 * 1_024;
/// First wait after a failure; doubles up to the next.
const RETRY_MIN: Duration = Duration::from_millis(200);
/// Longest wait between two tries of this loop; the transport's breaker may wait longer.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How often a page is made again for a commit that came in between.
const PAGE_TRIES: usize = 3;
/// How long a room a peer could not take is left alone.
const ROOM_RETRY: Duration = Duration::from_secs(30);

/// What is owed to whom, as far as it is known without asking the store.
#[derive(Default)]
pub(crate) struct Outbound {
    peers: Mutex<HashMap<ServerName, Arc<Wake>>>,
}

/// Rooms of one peer to look at: at most those it is in.
#[derive(Default)]
struct Wake {
    rooms: Mutex<BTreeSet<RoomUri>>,
    news: Notify,
}

impl Wake {
    fn add(&self, room: &RoomUri) {
        self.rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(room.clone());
        self.news.notify_one();
    }

    fn take(&self) -> Vec<RoomUri> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: Vec<_> = rooms.iter().take(ROOMS_MAX).cloned().collect();
        for room in &taken {
            rooms.remove(room);
        }
        taken
    }
}

impl Homeserver {
    /// A room has something for a peer.
    pub(crate) fn wake_peer(&self, server: &ServerName, room: &RoomUri) {
        self.wake_of(server).add(room);
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

    fn wake_of(&self, server: &ServerName) -> Arc<Wake> {
        let mut peers = self
            .outbound
            .peers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(wake) = peers.get(server) {
            return Arc::clone(wake);
        }
        let wake = Arc::new(Wake::default());
        peers.insert(server.clone(), Arc::clone(&wake));
        let bring = Bring {
            homeserver: self.clone(),
            server: server.clone(),
            wake: Arc::clone(&wake),
            cursors: Cursors::default(),
            failures: 0,
        };
        self.ports.tasks.spawn("bring", Box::pin(bring.run()));
        wake
    }
}

/// The task that brings events to one peer.
struct Bring {
    homeserver: Homeserver,
    server: ServerName,
    wake: Arc<Wake>,
    cursors: Cursors,
    failures: u32,
}

impl Bring {
    async fn run(mut self) {
        loop {
            if self.cursors.due().is_some_and(|due| due <= Instant::now()) {
                self.write_cursors().await;
            }
            let rooms = self.wake.take();
            if rooms.is_empty() {
                self.rest().await;
                continue;
            }
            if let Err(why) = self.bring(&rooms).await {
                tracing::debug!(peer = %self.server, %why, "events wait for this peer");
                for room in &rooms {
                    self.wake.add(room);
                }
                self.wait().await;
            } else {
                self.failures = 0;
            }
        }
    }

    /// Until there is news, or cursors have to be written.
    async fn rest(&self) {
        let news = self.wake.news.notified();
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

    /// Exponential with jitter, so that many servers do not come at once.
    async fn wait(&mut self) {
        let mut random = [0; 1];
        self.homeserver.ports.rng.fill(&mut random);
        let base = RETRY_MIN
            .saturating_mul(1 << self.failures.min(6))
            .min(RETRY_MAX);
        self.failures = self.failures.saturating_add(1);
        let jitter = base.mul_f64(f64::from(random[0]) / 512.0);
        tokio::time::sleep(base / 2 + jitter).await;
    }

    async fn bring(&mut self, rooms: &[RoomUri]) -> Result<(), String> {
        let mut sent = BTreeMap::new();
        let mut pages = Vec::new();
        let mut bytes = 0;
        for room in rooms {
            if bytes > BYTES_MAX {
                self.wake.add(room);
                continue;
            }
            match self.page(room).await? {
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
        self.advance(&sent, answer.map_err(|e: PeerError| e.to_string())?);
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
                    tracing::warn!(%room, %problem, "a page cannot be made");
                    return Ok(None);
                }
            };
            if stands.is_some() && stands == self.homeserver.commit_seq_of_active(room) {
                return Ok(Some((cursor, page)));
            }
        }
        self.wake.add(room);
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
        let stored = stored.map_err(|e| e.to_string())?.into_iter();
        let ours = stored.into_iter().find(|c| c.server == self.server);
        Ok(ours.map(|cursor| self.cursors.learn(cursor, commit_seq)))
    }

    fn advance(&mut self, sent: &BTreeMap<RoomUri, (PeerCursor, usize)>, answer: NotifyResponse) {
        for result in answer.rooms {
            let Some((cursor, events)) = sent.get(&result.room) else {
                continue;
            };
            let owed = cursor.until.unwrap_or(u64::MAX);
            let reached = result.cursor.min(owed);
            let moved = reached > cursor.cursor;
            if moved {
                tracing::debug!(target: HOP_TARGET, hop = "ciphertext_relayed",
                    "relayed to {}, which has {} durably up to event {}",
                    self.server, result.room, result.cursor);
                self.cursors.advance(&result.room, reached, Instant::now());
            }
            let newest = self.homeserver.head_seq_of_active(&result.room);
            let more = reached < newest.unwrap_or(u64::MAX).min(owed);
            match result.problem {
                // It went as far as it could; what follows is brought from there.
                _ if moved && more => self.wake.add(&result.room),
                Some(problem) if !moved => self.set_aside(&result.room, &problem),
                None if !moved && *events > 0 => self.set_aside(&result.room, &not_taken()),
                _ => {}
            }
        }
    }

    /// One room that fails stops alone; it is tried again later.
    fn set_aside(&self, room: &RoomUri, problem: &Problem) {
        tracing::warn!(
            peer = %self.server, %room, %problem,
            "the peer cannot take this room's events; the room waits, others go on"
        );
        let (wake, room) = (Arc::clone(&self.wake), room.clone());
        let soon = matches!(problem.code, Code::Unavailable | Code::PeerUnreachable);
        let wait = if soon { RETRY_MIN * 5 } else { ROOM_RETRY };
        let again = async move {
            tokio::time::sleep(wait).await;
            wake.add(&room);
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
