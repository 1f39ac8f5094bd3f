//! One thing is changed about the messages of a sound history, and exactly that is found.

use holm_history::{Kind, Message, Observation};
use holm_protocol::Hash;

use crate::model::{device, room};
use crate::scene::{accepted, found, hide, is, shown};

#[test]
fn the_scene_itself_is_sound() {
    assert_eq!(found(|_| ()), []);
}

#[test]
fn an_acknowledged_message_that_is_nowhere_is_lost() {
    let lost = found(|scene| {
        let (id, _) = accepted(scene, 2);
        hide(scene, id, |_| true);
    });
    assert_eq!(lost, [Kind::Lost]);
}

#[test]
fn an_acknowledged_message_past_the_end_of_the_log_is_lost() {
    let lost = found(|scene| {
        let (_, last) = accepted(scene, 5);
        scene.retain_mut(|observation| match observation {
            Observation::ServerCopy { hashes, .. } => {
                hashes.truncate(usize::try_from(last - 1).unwrap());
                true
            }
            // Whoever has it says so too.
            Observation::Cursor { .. } | Observation::Receipt { .. } => false,
            _ => true,
        });
        let (id, _) = accepted(scene, 5);
        hide(scene, id, |_| true);
    });
    assert_eq!(lost, [Kind::Lost]);
}

#[test]
fn a_retry_that_got_another_number_is_a_duplicate() {
    let twice = found(|scene| {
        let (id, seq) = accepted(scene, 5);
        scene.push(Observation::Accepted {
            device: device(1),
            room: room(),
            id,
            seq: seq + 1,
            epoch: None,
        });
    });
    assert_eq!(twice, [Kind::Duplicate]);
}

#[test]
fn a_retry_that_got_another_epoch_is_a_duplicate() {
    let twice = found(|scene| {
        let (id, seq) = accepted(scene, 0);
        scene.push(Observation::Accepted {
            device: device(0),
            room: room(),
            id,
            seq,
            epoch: Some(99),
        });
    });
    assert_eq!(twice, [Kind::Duplicate]);
}

#[test]
fn a_message_that_a_device_shows_twice_is_a_duplicate() {
    let live = found(|scene| {
        let is_live = |one: &Observation| matches!(one, Observation::Delivered { .. });
        let place = scene.iter().position(is_live).unwrap();
        scene.insert(place + 1, scene[place].clone());
    });
    assert_eq!(live, [Kind::Duplicate]);
    let at_the_end = found(|scene| {
        for observation in scene {
            if let Observation::DeviceCopy { messages, .. } = observation {
                messages.extend(messages.last().cloned());
            }
        }
    });
    assert_eq!(at_the_end, [Kind::Duplicate]);
}

#[test]
fn a_message_that_nobody_sent_is_a_phantom() {
    let phantom = found(|scene| {
        let (unsent, _) = accepted(scene, 3);
        scene.retain(|one| !matches!(one, Observation::Submitted { id, .. } if *id == unsent));
    });
    assert_eq!(phantom, [Kind::Phantom]);
}

#[test]
fn a_message_with_other_content_or_of_another_sender_is_a_phantom() {
    let changed = |change: fn(&mut Message)| {
        found(|scene| {
            let mut shown = shown(scene, is(2));
            change(shown[0]);
        })
    };
    assert_eq!(changed(|m| m.content = Hash([9; 32])), [Kind::Phantom]);
    assert_eq!(changed(|m| m.sender = device(4).user()), [Kind::Phantom]);
}

#[test]
fn a_message_that_was_refused_and_arrives_is_a_phantom() {
    let phantom = found(|scene| {
        for observation in scene {
            if let Observation::Accepted {
                device, room, id, ..
            } = observation
            {
                *observation = Observation::Refused {
                    device: device.clone(),
                    room: room.clone(),
                    id: *id,
                };
                break;
            }
        }
    });
    assert_eq!(phantom, [Kind::Phantom]);
}

#[test]
fn two_messages_of_one_device_in_another_order_are_reordered() {
    let reordered = found(|scene| {
        let is_sent = |one: &Observation| matches!(one, Observation::Submitted { device: by, .. } if *by == device(0));
        let (first, second) = (
            scene.iter().position(is_sent).unwrap(),
            scene.iter().rposition(is_sent).unwrap(),
        );
        scene.swap(first, second);
    });
    assert_eq!(reordered, [Kind::Reordered]);
}

#[test]
fn a_device_that_shows_another_order_than_the_logs_reorders() {
    let reordered = found(|scene| {
        let mut shown = shown(scene, is(2)).into_iter();
        std::mem::swap(shown.next().unwrap(), shown.next().unwrap());
    });
    assert_eq!(reordered, [Kind::Reordered]);
}
