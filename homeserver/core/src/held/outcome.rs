//! What a hub's answer means for held messages: a pure function (SYNC-17, SYNC-18).
//!
//! A message with a place in the log, or refused for good, is done with. One that its device has
//! to send anew takes the device's later ones with it. One that the hub could not take now stays,
//! and the device's later ones stay behind it.

use std::collections::BTreeSet;
use std::time::Duration;

use holm_protocol::aad::ClientMsgId;
use holm_protocol::federation::{Sent, SubmitResult};
use holm_protocol::{Code, DeviceUri, Problem};

use crate::ports::{HeldMessage, Settled};

/// What a batch came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What the store lets go of.
    pub(super) settled: Settled,
    /// What the devices are told, in order.
    pub(super) told: Vec<Told>,
    /// Whether something stays for a later try.
    pub(super) later: bool,
    /// How long the hub stores nothing more of this server, where that is why.
    pub(super) full: Option<Duration>,
}

/// What a device is told of one message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) device: DeviceUri,
    pub(super) client_msg_id: ClientMsgId,
    pub(super) result: Result<Sent, Problem>,
}

impl Outcome {
    /// Holds a batch against its results, one each.
    pub(super) fn of(batch: &[HeldMessage], results: Vec<SubmitResult>) -> Self {
        let mut outcome = Self::default();
        let (mut stay, mut cut) = (BTreeSet::new(), BTreeSet::new());
        for (message, result) in batch.iter().zip(results) {
            let device = &message.device;
            match result {
                SubmitResult::Sent(sent) => outcome.done(message, Ok(sent)),
                _ if stay.contains(device) || cut.contains(device) => {}
                SubmitResult::Refused { problem } if passes(&problem) => {
                    stay.insert(device.clone());
                    outcome.later = true;
                    outcome.full = outcome.full.max(full_for(&problem));
                }
                SubmitResult::Refused { problem } if comes_again(&problem) => {
                    cut.insert(device.clone());
                    let from = (device.clone(), message.number);
                    outcome.settled.cut.push(from);
                    outcome.told.push(Told::of(message, Err(problem)));
                }
                SubmitResult::Refused { problem } => outcome.done(message, Err(problem)),
            }
        }
        outcome
    }

    /// Every message of a batch refused alike.
    pub(super) fn refused(batch: &[HeldMessage], problem: &Problem) -> Self {
        let refused = || SubmitResult::Refused {
            problem: problem.clone(),
        };
        Self::of(batch, batch.iter().map(|_| refused()).collect())
    }

    /// The store took these away behind a message that comes again.
    pub(super) fn add_cut(&mut self, taken: Vec<(DeviceUri, ClientMsgId)>) {
        for (device, client_msg_id) in taken {
            let mut told = self.told.iter();
            if told.any(|t| t.device == device && t.client_msg_id == client_msg_id) {
                continue;
            }
            let result = Err(previous_refused());
            self.told.push(Told {
                device,
                client_msg_id,
                result,
            });
        }
    }

    fn done(&mut self, message: &HeldMessage, result: Result<Sent, Problem>) {
        self.settled.done.push(message.number);
        self.told.push(Told::of(message, result));
    }
}

impl Told {
    fn of(message: &HeldMessage, result: Result<Sent, Problem>) -> Self {
        Self {
            device: message.device.clone(),
            client_msg_id: message.client_msg_id,
            result,
        }
    }

    /// Whether the device sends the message anew.
    pub(super) fn comes_again(&self) -> bool {
        self.result.as_ref().is_err_and(comes_again)
    }
}

/// Whether the hub may take the same bytes later.
pub(super) fn passes(problem: &Problem) -> bool {
    problem.status == 429 || problem.status >= 500 || problem.status == 401
}

/// How long the hub stores nothing more of what this server brings, where that is the reason. Not
/// longer than any patience, whatever it says.
pub(super) fn full_for(problem: &Problem) -> Option<Duration> {
    let seconds = problem.retry_after.unwrap_or_default();
    let wait = Duration::from_secs(seconds).min(FULL_WAIT_MAX);
    (problem.code == Code::StorageExceeded).then_some(wait)
}

/// The longest wait for a hub that stores nothing more.
const FULL_WAIT_MAX: Duration = Duration::from_mins(5);

fn comes_again(problem: &Problem) -> bool {
    matches!(
        problem.code,
        Code::EpochTooOld | Code::WrongEpoch | Code::PreviousRefused
    )
}

/// The refusal of what stands behind a refused message.
pub(super) fn previous_refused() -> Problem {
    let text = "a message of this device before it was refused; send it again after that one";
    Problem::new(Code::PreviousRefused, text)
}

#[cfg(test)]
mod tests;
