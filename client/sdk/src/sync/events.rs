//! Taking a run of a room's log: the chain first, then each event by its kind (LOG-6).
//!
//! Messages are taken many in one step, so that the large row of secrets is written once. A commit
//! is a step of its own: if it is not admitted, what came before it is safe already, and the room
//! stops with its reason and its cursor kept.

use holm_protocol::aad::ClientMsgId;
use holm_protocol::document::VerifiedDocument;
use holm_protocol::event::ChainBreak;
use holm_protocol::room_extension::Hub;
use holm_protocol::{Event, EventKind, Hash, RoomUri, SignedHead};

use super::heads::Heads;
use crate::crash_points::CrashPoint;
use crate::device::Inner;
use crate::error::SdkError;
use crate::event::DeviceEvent;
use crate::mls::step::Step;
use crate::replica::account::Account;
use crate::replica::rooms::{self, RoomRow};
use crate::replica::trust;
use crate::timeline::RoomState;

/// Messages taken in one step.
pub(super) const RUN_MAX: usize = 64;

/// What taking events led to.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Own messages that were met in the log.
    pub(crate) own: Vec<ClientMsgId>,
    /// Whether a commit was taken.
    pub(crate) committed: bool,
    /// Whether events before one that came are missing.
    pub(crate) gap: bool,
    /// Whether the hub was found to have another root than the room names.
    pub(crate) new_root: bool,
}

/// One step's work on a room.
pub(super) struct Work<'w, 's> {
    pub(super) step: &'w mut Step<'s>,
    pub(super) row: &'w RoomRow,
    pub(super) account: &'w Account,
    pub(super) now_ms: u64,
    pub(super) heads: Heads<'w>,
    pub(super) tell: Vec<DeviceEvent>,
    /// The room's hub, where a commit changed it.
    pub(super) hub: Option<Hub>,
    /// An own commit that was met: its SHA-256 and number.
    pub(super) own_commit: Option<(Hash, u64)>,
    /// Something came that is to be forgotten one day.
    pub(super) expires: bool,
    pub(super) taken: &'w mut Taken,
}

/// Why an event is not taken.
pub(super) enum Refused {
    /// The replica failed, or something has to be asked first: the step comes to nothing.
    Now(SdkError),
    /// The event itself does not hold: the room stops.
    Ever(String),
}

impl<E: Into<SdkError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Now(error.into())
    }
}

impl Inner {
    /// Takes events of a room in order; those taken before are skipped. `heads` came with them.
    pub(crate) async fn take_events(
        &self,
        room: &RoomUri,
        events: &[Event],
        heads: &[SignedHead],
    ) -> Result<Taken, SdkError> {
        let mut taken = Taken::default();
        let Some(document) = self.document_for(room, events, heads).await? else {
            return Ok(taken);
        };
        let mut heads = heads;
        // Heads without events are looked at all the same.
        let nothing = events.is_empty().then_some(events);
        for run in runs(events).chain(nothing) {
            let outcome = self
                .take_run(room, run, heads, document.as_deref(), &mut taken)
                .await;
            match outcome {
                Ok(()) => {}
                Err(Refused::Now(SdkError::Mls(why)) | Refused::Ever(why)) => {
                    self.stop_room(room, &why).await?;
                    return Ok(taken);
                }
                Err(Refused::Now(error)) => return Err(error),
            }
            if taken.gap {
                break;
            }
            heads = &[];
        }
        Ok(taken)
    }

    async fn take_run(
        &self,
        room: &RoomUri,
        run: &[Event],
        heads: &[SignedHead],
        document: Option<&VerifiedDocument>,
        taken: &mut Taken,
    ) -> Result<(), Refused> {
        let account = self.account()?;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(());
        };
        if !matches!(row.state, RoomState::Active | RoomState::Leaving) {
            return Ok(());
        }
        let mut work = Work {
            heads: Heads::new(&row, document, heads),
            step: &mut step,
            row: &row,
            account: &account,
            now_ms: self.now_ms(),
            tell: Vec::new(),
            hub: None,
            own_commit: None,
            expires: false,
            taken,
        };
        let stopped = work.take(run).await?;
        let fresh = work.heads.newest_time();
        let (tell, hub, unknown_key) = (work.tell, work.hub, work.heads.unknown_key);
        let (own_commit, expires) = (work.own_commit, work.expires);
        self.ports.reached(CrashPoint::DeviceBeforeCommit);
        step.commit().await?;
        self.ports.reached(CrashPoint::DeviceAfterCommit);
        if let Some(met) = own_commit {
            self.keep_own_commit(room, met);
        }
        drop(state);
        for event in tell {
            self.tell(event);
        }
        if let Some(time) = fresh {
            self.note_fresh(room, time);
        }
        if let Some(hub) = hub {
            self.keep_hub(room, hub);
        }
        if expires {
            self.expiry.notify_one();
        }
        self.progressed();
        let_others_run().await;
        if unknown_key {
            taken.new_root |= self.look_for_new_keys(room).await;
        }
        stopped.map_or(Ok(()), |why| Err(Refused::Ever(why)))
    }

    /// Stops a room for good: the reason is kept, the cursor stays.
    pub(super) async fn stop_room(&self, room: &RoomUri, why: &str) -> Result<(), SdkError> {
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(());
        };
        let stopped = RoomState::Stopped { reason: why.into() };
        rooms::set_state(&mut step.tx, row.id, &stopped).await?;
        trust::keep_alarm(&mut step.tx, row.id, (why, self.now_ms()), (None, None)).await?;
        step.commit().await?;
        drop(state);
        tracing::warn!(%room, why, "the room stopped");
        self.tell(DeviceEvent::Alarm {
            room: room.clone(),
            what: format!("the room stopped: {why}"),
        });
        self.progressed();
        Ok(())
    }
}

/// Whoever listens on this thread hears of a run before the next one is taken: what is told has a
/// bound, and catching up has none. A task that has to run makes sure of it; giving way once would
/// be over at the next poll, which the replica may cause.
async fn let_others_run() {
    let _has_run = tokio::spawn(async {}).await;
}

impl Work<'_, '_> {
    /// Takes the events that continue the log. What does not hold stops the room after them.
    async fn take(&mut self, run: &[Event]) -> Result<Option<String>, Refused> {
        let mut position = self.row.position;
        let mut positions = Vec::new();
        let mut stopped = None;
        for event in run {
            if event.header.seq <= position.seq {
                continue;
            }
            let next = match position.check_next(&self.row.uri, event) {
                Ok(next) => next,
                Err(ChainBreak::Gap { .. }) => {
                    self.taken.gap = true;
                    break;
                }
                Err(broken) => {
                    stopped = Some(broken.to_string());
                    break;
                }
            };
            if let Some(why) = self.heads.contradicted_by(&next) {
                stopped = Some(why);
                break;
            }
            match event.header.kind {
                EventKind::MESSAGE => self.take_message(event).await?,
                EventKind::COMMIT => self.take_commit(event).await?,
                // Of a later version: chained and skipped (LOG-5).
                _ => {}
            }
            position = next;
            positions.push(next);
        }
        rooms::advance(&mut self.step.tx, self.row.id, &positions).await?;
        self.settle_heads().await?;
        Ok(stopped)
    }

    /// Something a person has to know; told once.
    pub(super) async fn alarm(
        &mut self,
        what: String,
        evidence: (Option<&[u8]>, Option<&[u8]>),
    ) -> Result<(), SdkError> {
        let when = (what.as_str(), self.now_ms);
        if trust::keep_alarm(&mut self.step.tx, self.row.id, when, evidence).await? {
            tracing::warn!(room = %self.row.uri, what, "alarm");
            let room = self.row.uri.clone();
            self.tell.push(DeviceEvent::Alarm { room, what });
        }
        Ok(())
    }
}

/// Runs of events that are taken in one step: a commit stands alone.
fn runs(events: &[Event]) -> impl Iterator<Item = &[Event]> {
    let alone = |event: &Event| event.header.kind == EventKind::COMMIT;
    events
        .chunk_by(move |a, b| !alone(a) && !alone(b))
        .flat_map(|run| run.chunks(RUN_MAX))
}
