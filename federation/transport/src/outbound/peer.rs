//! What is kept in memory about one peer: patience, places, routes, its document.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holm_core::ports::PeerError;
use holm_protocol::limits::REFLECTIONS_MAX;
use holm_protocol::{Code, Problem, ServerName};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::backoff::{Admission, Backoff, Urgency};
use super::route::Route;
use super::state::PeerState;
use super::trust::Known;
use crate::text;

/// One peer's state. Locks are held for moments, never across an await.
pub(super) struct Peer {
    server: ServerName,
    gate: Mutex<Gate>,
    routes: Mutex<Option<FoundRoutes>>,
    known: Mutex<Known>,
    /// Held by whoever fetches the document, so that it is fetched once.
    pub(super) fetching: tokio::sync::Mutex<()>,
    places: Semaphore,
    running: Semaphore,
    reflections: Mutex<Minute>,
}

/// What was counted in a minute.
#[derive(Default)]
struct Minute {
    began_ms: u64,
    count: u32,
}

#[derive(Default)]
struct Gate {
    backoff: Backoff,
    /// Until when this server is over its quota there, milliseconds since 1970.
    paused_until_ms: u64,
    last: Option<PeerError>,
    /// When it was heard last, milliseconds since 1970.
    heard_ms: Option<u64>,
    /// The newest failure, kept when the peer is back.
    failure: Option<Failure>,
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When, milliseconds since 1970.
    pub time_ms: u64,
    /// Why, in a sentence.
    pub reason: String,
}

/// Routes with the time they were found, milliseconds since 1970.
#[derive(Clone)]
pub(super) struct FoundRoutes {
    pub(super) routes: Vec<Route>,
    pub(super) found_ms: u64,
}

/// The right to make one call; ends with [`Ticket::heard`], [`Ticket::failed`], or nothing.
pub(super) struct Ticket<'a> {
    peer: &'a Peer,
    probe: bool,
    urgency: Urgency,
}

impl Peer {
    pub(super) fn new(server: ServerName) -> Arc<Self> {
        Arc::new(Self {
            server,
            gate: Mutex::default(),
            routes: Mutex::default(),
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            places: Semaphore::new(PLACES),
            running: Semaphore::new(RUNNING_MAX),
            reflections: Mutex::default(),
        })
    }

    pub(super) fn server(&self) -> &ServerName {
        &self.server
    }

    /// A place among those that may wait at all; refused at once when all are taken.
    pub(super) fn place(&self) -> Result<SemaphorePermit<'_>, PeerError> {
        self.places
            .try_acquire()
            .map_err(|_full| self.unreachable("too many calls to it are waiting on this server"))
    }

    /// Waits for one of the peer's running slots.
    pub(super) async fn slot(&self) -> Result<SemaphorePermit<'_>, PeerError> {
        let slot = self.running.acquire().await;
        slot.map_err(|closed| self.unreachable(&closed.to_string()))
    }

    /// Whether a call may go now; while the peer is waited for, its last failure (FED-9).
    pub(super) fn admit(&self, now_ms: u64, urgency: Urgency) -> Result<Ticket<'_>, PeerError> {
        let mut gate = lock(&self.gate);
        let pause_ms = gate.pause_ms(now_ms);
        if pause_ms > 0 && urgency == Urgency::Call {
            return Err(self.over_quota(pause_ms));
        }
        let probe = match gate.backoff.admit(now_ms, urgency) {
            Admission::Go => false,
            Admission::Probe => true,
            Admission::Wait(_) => {
                return Err(match gate.last.clone() {
                    // It failed at another call; this one it has not seen.
                    Some(PeerError::Failed { server, reason }) => {
                        PeerError::Unreachable { server, reason }
                    }
                    Some(last) => last,
                    None => self.unreachable("it is being waited for"),
                });
            }
        };
        Ok(Ticket {
            peer: self,
            probe,
            urgency,
        })
    }

    /// How long a call would have to wait now.
    pub(super) fn wait(&self, now_ms: u64) -> Duration {
        let gate = lock(&self.gate);
        let wait_ms = gate.backoff.wait_ms(now_ms).max(gate.pause_ms(now_ms));
        Duration::from_millis(wait_ms)
    }

    /// It said something that only it can say.
    pub(super) fn heard(&self, now_ms: u64) {
        let mut gate = lock(&self.gate);
        gate.heard_ms = Some(now_ms);
        if gate.last.take().is_some() {
            tracing::info!(server = %self.server, "the peer is back");
        }
        gate.backoff.heard();
    }

    /// How calls to it fare.
    pub(super) fn state(&self, now_ms: u64) -> PeerState {
        let (root, root_refused, dns_secure) = {
            let known = self.known();
            let refused = known.refused();
            let refused = refused.map(|refused| refused.text(&self.server, now_ms));
            (known.root.map(|(root, _)| root), refused, known.dns_secure)
        };
        let gate = lock(&self.gate);
        PeerState {
            root,
            root_refused,
            dns_secure,
            server: self.server.clone(),
            breaker: gate.backoff.breaker(),
            failing_since_ms: gate.backoff.since_ms(),
            retry_in: Duration::from_millis(gate.backoff.wait_ms(now_ms)),
            heard_ms: gate.heard_ms,
            last_failure: gate.failure.clone(),
        }
    }

    /// Counts a reflection; whether it may be had (LIM-29).
    pub(super) fn may_reflect(&self, now_ms: u64) -> bool {
        let mut minute = lock(&self.reflections);
        if now_ms.abs_diff(minute.began_ms) >= MINUTE_MS {
            *minute = Minute {
                began_ms: now_ms,
                count: 0,
            };
        }
        minute.count = minute.count.saturating_add(1);
        minute.count <= REFLECTIONS_MAX
    }

    /// By the operator's word the next call goes at once, and looks at its document anew (FED-9).
    pub(super) fn retry_now(&self) {
        self.known().look_anew();
        let mut gate = lock(&self.gate);
        gate.backoff.heard();
        gate.paused_until_ms = 0;
    }

    pub(super) fn routes(&self) -> Option<FoundRoutes> {
        lock(&self.routes).clone()
    }

    pub(super) fn set_routes(&self, routes: Vec<Route>, found_ms: u64) {
        *lock(&self.routes) = Some(FoundRoutes { routes, found_ms });
    }

    /// Puts a route that failed behind the others, until the next look-up.
    pub(super) fn demote(&self, route: &Route) {
        if let Some(found) = lock(&self.routes).as_mut()
            && let Some(at) = found.routes.iter().position(|r| r == route)
        {
            let failed = found.routes.remove(at);
            found.routes.push(failed);
        }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// What it said of this server's calls, while it holds (FED-17).
    fn over_quota(&self, pause_ms: u64) -> PeerError {
        let seconds = pause_ms.div_ceil(1_000);
        let text = format!("it takes more calls of this server in {seconds} s");
        let problem = Problem::new(Code::QuotaExceeded, text).with_retry_after(seconds);
        PeerError::Refused {
            server: self.server.clone(),
            problem: Box::new(problem),
        }
    }

    pub(super) fn unreachable(&self, reason: &str) -> PeerError {
        PeerError::Unreachable {
            server: self.server.clone(),
            reason: text::plain(reason),
        }
    }

    /// Its root is refused; the text is this server's own and names keys in full.
    pub(super) fn untrusted_root(&self, reason: String) -> PeerError {
        PeerError::Untrusted {
            server: self.server.clone(),
            reason,
        }
    }

    pub(super) fn untrusted(&self, reason: &str) -> PeerError {
        PeerError::Untrusted {
            server: self.server.clone(),
            reason: text::plain(reason),
        }
    }
}

impl Gate {
    /// Milliseconds until calls may go again; a clock set back must not turn minutes into days.
    fn pause_ms(&self, now_ms: u64) -> u64 {
        let left = self.paused_until_ms.saturating_sub(now_ms);
        if left > PAUSE_MS_MAX { 0 } else { left }
    }
}

impl Ticket<'_> {
    /// The peer answered that this server is over its quota, for so many seconds (FED-17).
    pub(super) fn paused(self, now_ms: u64, retry_after: Option<u64>) {
        let peer = self.peer;
        self.heard(now_ms);
        let pause_ms = retry_after.unwrap_or(1).saturating_mul(1_000);
        let mut gate = lock(&peer.gate);
        gate.paused_until_ms = now_ms.saturating_add(pause_ms.min(PAUSE_MS_MAX));
        tracing::info!(server = %peer.server, pause_ms,
            "the peer takes no more calls of this server for now");
    }

    /// The peer answered.
    pub(super) fn heard(mut self, now_ms: u64) {
        self.probe = false;
        self.peer.heard(now_ms);
    }

    /// It did not, or could not prove who it is; `draw` as in [`Backoff::failed`].
    pub(super) fn failed(mut self, now_ms: u64, error: &PeerError, draw: impl FnOnce(u32) -> u32) {
        self.probe = false;
        let mut gate = lock(&self.peer.gate);
        let first = gate.last.replace(error.clone()).is_none();
        gate.failure = Some(Failure {
            time_ms: now_ms,
            reason: error.to_string(),
        });
        // Whom strangers say to be must not fill the log.
        if first && self.urgency == Urgency::Call {
            tracing::warn!(%error, "a peer does not answer");
        }
        gate.backoff.failed(now_ms, draw);
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.probe {
            lock(&self.peer.gate).backoff.probe_ended();
        }
    }
}

/// The data behind these locks is valid between any two statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest that a peer is believed about its quota.
const PAUSE_MS_MAX: u64 = 300_000;
/// Span over which reflections are counted.
const MINUTE_MS: u64 = 60_000;
/// Calls to one peer that may be under way or wait.
const PLACES: usize = 256;
/// Calls to one peer at a time.
const RUNNING_MAX: usize = 16;
