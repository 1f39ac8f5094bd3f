//! Taking a Welcome: joined and proved, or set aside with its reason (SYNC-2, LOG-14).

use std::collections::BTreeSet;

use holm_protocol::bundle::CommitBody;
use holm_protocol::event::Position;
use holm_protocol::{Event, EventKind, Hash, RoomUri, UserUri};

use crate::device::Inner;
use crate::error::SdkError;
use crate::event::{DeviceEvent, HopKind};
use crate::mls::group_id;
use crate::mls::join::{Entered, Invitation, join};
use crate::mls::step::Step;
use crate::replica::rooms::{self, NewRoom};
use crate::replica::trust::{self, Acquaintance};
use crate::timeline::RoomState;

/// What the server sent with a Welcome.
pub(super) struct WelcomeFrame<'a> {
    pub(super) room: &'a RoomUri,
    pub(super) event: &'a [u8],
    pub(super) welcome: &'a [u8],
    pub(super) interim: Hash,
}

impl Inner {
    /// Joins a room, unless the device has come this far in it already.
    pub(super) async fn take_welcome(&self, frame: WelcomeFrame<'_>) -> Result<(), SdkError> {
        let room = frame.room;
        let event = Event::from_bytes(frame.event).map_err(|e| SdkError::Answer(e.to_string()))?;
        if event.header.room != *room || event.header.kind != EventKind::COMMIT {
            return Err(SdkError::Answer("a Welcome with another event".into()));
        }
        let body = CommitBody::from_bytes(event.body.as_slice())
            .map_err(|e| SdkError::Answer(e.to_string()))?;
        if self.has_come_to(room, event.header.seq).await? {
            return Ok(());
        }
        let tree = match self.api()?.tree(room, event.header.seq).await {
            Ok(tree) => tree,
            Err(error @ SdkError::Refused(_)) if !error.is_transient() => {
                return self.set_aside(room, &event, &error.to_string()).await;
            }
            Err(error) => return Err(error),
        };
        let invitation = Invitation {
            room,
            body: &body,
            time_ms: event.header.time,
            welcome: frame.welcome,
            tree: tree.tree.as_slice(),
            interim: frame.interim,
        };
        match self.enter(&event, &invitation).await? {
            Ok(()) => Ok(()),
            Err(why) => self.set_aside(room, &event, &why).await,
        }
    }

    async fn has_come_to(&self, room: &RoomUri, seq: u64) -> Result<bool, SdkError> {
        let mut state = self.lock().await;
        let row = rooms::find(state.replica.reader(), room).await?;
        Ok(row.is_some_and(|row| row.position.seq >= seq))
    }

    async fn enter(
        &self,
        event: &Event,
        invitation: &Invitation<'_>,
    ) -> Result<Result<(), String>, SdkError> {
        let account = self.account()?;
        let room = invitation.room;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        if let Some(old) = rooms::find(&mut step.tx, room).await? {
            let old_group = group_id(room, old.generation);
            step.forget_group(&old_group).await?;
            rooms::clear_participants(&mut step.tx, old.id).await?;
        }
        let entered = match join(step.provider, &account, invitation) {
            Ok(entered) => entered,
            Err(why) => return Ok(Err(why)),
        };
        let new = NewRoom {
            uri: room,
            generation: entered.view.generation,
            entry_epoch: entered.view.epoch,
            position: Position::after(event),
            creation: None,
        };
        let id = rooms::begin(&mut step.tx, &new).await?;
        let mut alarms = self.meet_all(&mut step, id, &entered).await?;
        if entered.lies {
            let by = entered.by.user().address();
            alarms.push(format!(
                "{by} names another external key than the group has"
            ));
        }
        let users: BTreeSet<UserUri> = entered
            .view
            .leaves
            .iter()
            .map(|leaf| leaf.identity.user())
            .collect();
        let participants: Vec<_> = users.into_iter().collect();
        rooms::change_participants(&mut step.tx, id, &participants, &[]).await?;
        let by = entered.by.user().address();
        let hub = entered.view.extension.hub.clone();
        step.add_group(entered.group);
        step.commit().await?;
        drop(state);
        self.keep_hub(room, hub);
        self.hop(HopKind::WelcomeProved, || {
            format!("Welcome by {by} opened; the commit in the log is the one that made the group")
        });
        self.tell(DeviceEvent::Joined {
            room: room.clone(),
            participants,
            anchor: event.header.seq,
        });
        for what in alarms {
            let room = room.clone();
            self.tell(DeviceEvent::Alarm { room, what });
        }
        self.progressed();
        Ok(Ok(()))
    }

    /// Remembers the identity keys of all leaves; what to alarm about.
    async fn meet_all(
        &self,
        step: &mut Step<'_>,
        room: i64,
        entered: &Entered,
    ) -> Result<Vec<String>, SdkError> {
        let mut alarms = Vec::new();
        for leaf in &entered.view.leaves {
            let met = trust::meet(&mut step.tx, &leaf.identity, self.now_ms()).await?;
            if met == Acquaintance::Changed {
                let user = leaf.identity.user().address();
                let what = format!("{user} has another identity key than before");
                let evidence = leaf.identity.to_bytes();
                let when = (what.as_str(), self.now_ms());
                trust::keep_alarm(&mut step.tx, room, when, (Some(&evidence), None)).await?;
                alarms.push(what);
            }
        }
        Ok(alarms)
    }

    /// A Welcome that does not hold: the room is known with its reason, and nothing else.
    async fn set_aside(&self, room: &RoomUri, event: &Event, why: &str) -> Result<(), SdkError> {
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let new = NewRoom {
            uri: room,
            generation: 0,
            entry_epoch: 0,
            position: Position::after(event),
            creation: None,
        };
        let id = rooms::begin(&mut step.tx, &new).await?;
        let reason = format!("the Welcome does not hold: {why}");
        let stopped = RoomState::Stopped {
            reason: reason.clone(),
        };
        rooms::set_state(&mut step.tx, id, &stopped).await?;
        step.commit().await?;
        drop(state);
        tracing::warn!(%room, reason, "not joined");
        self.tell(DeviceEvent::Alarm {
            room: room.clone(),
            what: reason,
        });
        self.progressed();
        Ok(())
    }
}
