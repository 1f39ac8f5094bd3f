//! A device's messages on their way to a room's hub: brought at once, or held (SYNC-16).

use bytes::Bytes;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::federation::{SubmitRequest, SubmitResult, SubmittedMessage};
use holm_protocol::{Code, Problem, RoomUri, ServerName, UserUri};

use super::outcome::{full_for, passes, previous_refused};
use crate::caller::Caller;
use crate::homeserver::{Homeserver, internal};
use crate::ports::{CrashPoint, Hold, PeerError};
use crate::room::{Verdict, message_id};

/// When a device whose messages are not held any more tries again, in seconds.
const FULL_RETRY_S: u64 = 10;

impl Homeserver {
    /// Brings messages of a device to a room's hub in order; holds them while it is away, or while
    /// others of that room are held.
    pub(crate) async fn bring(
        &self,
        caller: &Caller,
        room: &RoomUri,
        hub: &ServerName,
        messages: Vec<Bytes>,
    ) -> Result<Vec<Verdict>, Problem> {
        if let Some(verdicts) = self.behind_held(caller, room, hub, &messages).await? {
            return Ok(verdicts);
        }
        // One ordered stream a room: a batch is answered before the next one leaves.
        let handle = self.room_handle(room)?;
        let _turn = handle.forward.lock().await;
        // The batch before this one may have been held.
        if let Some(verdicts) = self.behind_held(caller, room, hub, &messages).await? {
            return Ok(verdicts);
        }
        let senders = messages.iter().map(|m| (caller.user.clone(), m.clone()));
        match self.submit_to(hub, room, senders).await {
            Ok(results) => {
                self.take_results(caller, (room, hub), messages, results)
                    .await
            }
            Err(error) if is_away(&error) => {
                let _turn = self.held.turn(room).await;
                self.hold(caller, room, hub, messages).await
            }
            Err(error) => Err(error.into_problem()),
        }
    }

    /// The verdicts by the hub's results. What it does not store now is held.
    async fn take_results(
        &self,
        caller: &Caller,
        (room, hub): (&RoomUri, &ServerName),
        messages: Vec<Bytes>,
        results: Vec<SubmitResult>,
    ) -> Result<Vec<Verdict>, Problem> {
        let full: Vec<_> = results.iter().map(is_full).collect();
        let later = messages.into_iter().zip(&full);
        let later = later.filter_map(|(message, full)| full.then_some(message));
        let later: Vec<_> = later.collect();
        let mut held = Vec::new();
        if !later.is_empty() {
            let _turn = self.held.turn(room).await;
            held = self.hold(caller, room, hub, later).await?;
        }
        let mut held = held.into_iter();
        let verdicts = results.into_iter().zip(full).map(|(result, full)| {
            let held = full.then(|| held.next()).flatten();
            held.unwrap_or_else(|| Verdict::from(result))
        });
        Ok(verdicts.collect())
    }

    /// One submit; as many results as messages.
    pub(super) async fn submit_to(
        &self,
        hub: &ServerName,
        room: &RoomUri,
        messages: impl Iterator<Item = (UserUri, Bytes)>,
    ) -> Result<Vec<SubmitResult>, PeerError> {
        let message = |(user, message): (_, Bytes)| SubmittedMessage {
            user,
            message: message.into(),
        };
        let messages: Vec<_> = messages.map(message).collect();
        let count = messages.len();
        let request = SubmitRequest { messages };
        let answer = self.ports.peers.submit_message(hub, room, &request).await?;
        match answer.results.len() == count {
            true => Ok(answer.results),
            false => Err(PeerError::Untrusted {
                server: hub.clone(),
                reason: "it answered something else than was asked".into(),
            }),
        }
    }

    /// The verdicts where the messages may not go to the hub now: behind a refusal that the device
    /// has not answered yet, or behind others that are held.
    async fn behind_held(
        &self,
        caller: &Caller,
        room: &RoomUri,
        hub: &ServerName,
        messages: &[Bytes],
    ) -> Result<Option<Vec<Verdict>>, Problem> {
        let _turn = self.held.turn(room).await;
        let first = messages.first().and_then(|m| message_id(m).ok());
        if !self.delivery.lane_admits(&caller.device, room, first) {
            let refused = messages
                .iter()
                .map(|_| Verdict::Refused(previous_refused()));
            return Ok(Some(refused.collect()));
        }
        match self.held.waits(room) {
            true => {
                let held = self.hold(caller, room, hub, messages.to_vec()).await;
                held.map(Some)
            }
            false => Ok(None),
        }
    }

    /// Holds what can be a message at all; under the room's turn.
    async fn hold(
        &self,
        caller: &Caller,
        room: &RoomUri,
        hub: &ServerName,
        messages: Vec<Bytes>,
    ) -> Result<Vec<Verdict>, Problem> {
        let ids: Vec<_> = messages.iter().map(|m| message_id(m)).collect();
        let known = |(id, bytes): (&Result<ClientMsgId, Problem>, Bytes)| {
            id.as_ref().ok().map(|id| (*id, bytes))
        };
        let hold = Hold {
            room: room.clone(),
            hub: hub.clone(),
            device: caller.device.clone(),
            messages: ids.iter().zip(messages).filter_map(known).collect(),
            time: self.now_ms(),
        };
        // Noted first: what is stored is brought even if the device does not wait for the answer.
        self.bring_later(room, hub);
        let stored = self.ports.held.hold(hold).await;
        let mut stored = stored.map_err(|e| internal(&e))?.into_iter();
        let crash_points = &self.ports.crash_points;
        crash_points.reached(CrashPoint::HoldBeforeAnswer);
        let verdict = |id: Result<ClientMsgId, Problem>| match id {
            Err(problem) => Verdict::Refused(problem),
            Ok(_) if stored.next() == Some(true) => Verdict::Held,
            Ok(_) => Verdict::Refused(full(hub)),
        };
        Ok(ids.into_iter().map(verdict).collect())
    }
}

/// The hub stores nothing more of what this server brings.
fn is_full(result: &SubmitResult) -> bool {
    matches!(result, SubmitResult::Refused { problem } if full_for(problem).is_some())
}

fn full(hub: &ServerName) -> Problem {
    let text = format!("{hub} cannot be reached, and no more messages are held for it");
    Problem::new(Code::Unavailable, text).with_retry_after(FULL_RETRY_S)
}

/// Whether the hub does not take calls now, so that messages are held for it. A clock that is off
/// or a key that is not known yet says nothing of the messages.
fn is_away(error: &PeerError) -> bool {
    match error {
        PeerError::Unreachable { .. } | PeerError::Failed { .. } => true,
        PeerError::Refused { problem, .. } => passes(problem),
        PeerError::Untrusted { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, PeerError, Problem, ServerName, is_away};

    // SYNC-16
    #[test]
    fn what_is_wrong_between_servers_fails_no_message_and_what_is_wrong_with_it_does() {
        let refused = |code| PeerError::Refused {
            server: ServerName::parse("islet.test").unwrap(),
            problem: Box::new(Problem::new(code, "no")),
        };
        for code in [Code::ClockSkew, Code::UnknownKey, Code::QuotaExceeded] {
            assert!(is_away(&refused(code)), "{code:?}");
        }
        for code in [Code::NotFound, Code::PeerBlocked, Code::TooLarge] {
            assert!(!is_away(&refused(code)), "{code:?}");
        }
    }
}
