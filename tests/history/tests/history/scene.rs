//! A sound history, and ways of changing one thing in it.

use std::collections::BTreeSet;

use holm_history::{End, History, Kind, Message, Observation};
use holm_protocol::DeviceUri;
use holm_protocol::aad::ClientMsgId;

use crate::model::{Step, World, device};

/// Three devices write and read; the fourth comes and goes in between.
pub(crate) fn scene() -> Vec<Observation> {
    let send = |device| Step::Send {
        device,
        answered: true,
    };
    let take = |device| Step::Take { device, count: 50 };
    let steps = [
        Step::ComeOrGo { device: 2 },
        send(0),
        send(1),
        take(2),
        send(0),
        Step::Refuse { device: 1 },
        Step::Tell,
        Step::ComeOrGo { device: 3 },
        send(2),
        take(1),
        take(3),
        Step::ComeOrGo { device: 3 },
        send(0),
        send(1),
        Step::Claim,
        Step::Tell,
        Step::Claim,
    ];
    let history = World::of(&steps);
    let observations = history.entries().iter().map(|(_, one)| one.clone());
    observations.collect()
}

/// The kinds found in a scene that was changed.
pub(crate) fn found(change: impl FnOnce(&mut Vec<Observation>)) -> Vec<Kind> {
    let mut scene = scene();
    change(&mut scene);
    let mut history = History::default();
    history.extend((0..).zip(scene));
    let verdict = history.judge(End::Settled);
    for anomaly in &verdict.anomalies {
        let line = anomaly.to_string();
        assert!(line.starts_with(anomaly.kind.as_str()), "{line}");
        assert!(anomaly.what.len() > 20, "{line}");
    }
    let kinds: BTreeSet<Kind> = verdict.anomalies.iter().map(|a| a.kind).collect();
    kinds.into_iter().collect()
}

/// All messages that devices show of an id: as they arrived, and at the end.
pub(crate) fn shown(
    scene: &mut [Observation],
    by: impl Fn(&DeviceUri) -> bool,
) -> Vec<&mut Message> {
    let mut all = Vec::new();
    for observation in scene {
        match observation {
            Observation::Delivered {
                device, message, ..
            } if by(device) => all.push(message),
            Observation::DeviceCopy {
                device, messages, ..
            } if by(device) => all.extend(messages),
            _ => {}
        }
    }
    all
}

/// Takes a message away from some devices.
pub(crate) fn hide(
    scene: &mut Vec<Observation>,
    id: ClientMsgId,
    from: impl Fn(&DeviceUri) -> bool,
) {
    scene.retain_mut(|observation| match observation {
        Observation::Delivered {
            device, message, ..
        } => message.id != id || !from(device),
        Observation::DeviceCopy {
            device, messages, ..
        } => {
            messages.retain(|message| message.id != id || !from(device));
            true
        }
        _ => true,
    });
}

/// The id of the nth message that was sent, and its number.
pub(crate) fn accepted(scene: &[Observation], nth: usize) -> (ClientMsgId, u64) {
    let mut all = scene.iter().filter_map(|observation| match observation {
        Observation::Accepted { id, seq, .. } => Some((*id, *seq)),
        _ => None,
    });
    all.nth(nth).expect("a message")
}

pub(crate) fn is(number: usize) -> impl Fn(&DeviceUri) -> bool {
    move |one| *one == device(number)
}
