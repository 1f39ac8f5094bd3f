//! One thing is changed about copies, windows, cursors or hubs of a sound history, and exactly that
//! is found.

use holm_history::{Kind, Observation};
use holm_protocol::Hash;

use crate::model::{device, hub, room};
use crate::scene::{accepted, found, hide, is, shown};

#[test]
fn a_device_that_passes_over_a_message_has_a_gap() {
    let gap = found(|scene| {
        let (id, _) = accepted(scene, 2);
        hide(scene, id, is(1));
    });
    assert_eq!(gap, [Kind::Gap]);
}

/// LOG-12: the hub takes messages of the two epochs before the newest.
#[test]
fn a_message_of_an_epoch_before_its_entry_is_not_owed_to_a_device() {
    let lacks_one_of_epoch = |epoch| {
        found(|scene| {
            let (id, seq) = accepted(scene, 2);
            hide(scene, id, is(2));
            scene.push(Observation::Encrypted {
                room: room(),
                seq,
                epoch,
            });
        })
    };
    // The third device entered by the commit that ends epoch 1.
    assert_eq!(lacks_one_of_epoch(1), []);
    assert_eq!(lacks_one_of_epoch(2), [Kind::Gap]);
}

#[test]
fn a_servers_copy_with_a_hole_has_a_gap() {
    let gap = found(|scene| {
        let copy = scene.iter_mut().find_map(|observation| match observation {
            Observation::ServerCopy { hashes, .. } => Some(hashes),
            _ => None,
        });
        let rest = copy.unwrap().split_off(4);
        scene.push(Observation::ServerCopy {
            server: hub(),
            room: room(),
            first: 6,
            hashes: rest[1..].to_vec(),
        });
    });
    assert_eq!(gap, [Kind::Gap]);
}

#[test]
fn two_copies_with_two_events_at_one_place_are_divergent() {
    let by_hash = found(|scene| shown(scene, is(2))[1].hash = Some(Hash([9; 32])));
    assert_eq!(by_hash, [Kind::Divergent]);
    let server = found(|scene| {
        for observation in scene {
            if let Observation::ServerCopy { hashes, .. } = observation {
                hashes[3] = Hash([9; 32]);
                break;
            }
        }
    });
    assert_eq!(server, [Kind::Divergent]);
    let by_message = found(|scene| {
        let mut shown = shown(scene, is(2)).into_iter();
        let (one, other) = (shown.next().unwrap(), shown.next().unwrap());
        std::mem::swap(&mut one.id, &mut other.id);
        std::mem::swap(&mut one.content, &mut other.content);
        std::mem::swap(&mut one.sender, &mut other.sender);
    });
    assert_eq!(by_message, [Kind::Divergent]);
    let by_head = found(|scene| {
        for observation in scene {
            if let Observation::Head { hash, .. } = observation {
                *hash = Hash([9; 32]);
                break;
            }
        }
    });
    assert_eq!(by_head, [Kind::Divergent]);
}

#[test]
fn a_message_that_reached_all_but_one_is_unseen() {
    let unseen = found(|scene| {
        let (id, _) = accepted(scene, 5);
        hide(scene, id, is(2));
    });
    assert_eq!(unseen, [Kind::Unseen]);
}

#[test]
fn a_message_from_outside_the_window_is_found() {
    let after_removal = found(|scene| {
        let (_, seq) = accepted(scene, 5);
        let later = shown(scene, is(0)).into_iter().find(|m| m.seq == seq);
        let later = later.unwrap().clone();
        let mut copies = scene
            .iter_mut()
            .filter_map(|observation| match observation {
                Observation::DeviceCopy {
                    device: of,
                    messages,
                    ..
                } if *of == device(3) => Some(messages),
                _ => None,
            });
        copies.next().unwrap().push(later);
    });
    assert_eq!(after_removal, [Kind::OutsideWindow]);
    let before_join = found(|scene| {
        scene.retain(
            |one| !matches!(one, Observation::Joined { device: of, .. } if *of == device(1)),
        );
        scene.push(Observation::Joined {
            device: device(1),
            room: room(),
            anchor: 4,
        });
    });
    assert_eq!(before_join, [Kind::OutsideWindow]);
}

#[test]
fn a_cursor_beyond_what_was_received_is_found() {
    let early = found(|scene| {
        let is_cursor = |one: &Observation| matches!(one, Observation::Cursor { device: of, .. } if *of == device(2));
        let arrives = |one: &Observation| matches!(one, Observation::Delivered { device: of, .. } if *of == device(2));
        let cursor = scene.iter().position(is_cursor).unwrap();
        let arrival = scene.iter().position(arrives).unwrap();
        let cursor = scene.remove(cursor);
        scene.insert(arrival, cursor);
    });
    assert_eq!(early, [Kind::CursorBeyondReceipt]);
    let past_the_end = found(|scene| {
        scene.push(Observation::Cursor {
            device: device(2),
            room: room(),
            seq: 1_000,
        });
    });
    assert_eq!(past_the_end, [Kind::CursorBeyondReceipt]);
}

#[test]
fn a_cursor_that_falls_is_found() {
    let falls = found(|scene| {
        scene.push(Observation::Cursor {
            device: device(2),
            room: room(),
            seq: 1,
        });
    });
    assert_eq!(falls, [Kind::CursorBackwards]);
}

#[test]
fn a_receipt_that_falls_or_reads_the_undelivered_is_found() {
    let receipt = |delivered, read| {
        found(|scene| {
            scene.push(Observation::Receipt {
                observer: device(0),
                room: room(),
                reader: device(2).user(),
                delivered,
                read,
            });
        })
    };
    assert_eq!(receipt(1, 1), [Kind::ReceiptBackwards]);
    assert_eq!(receipt(100, 101), [Kind::ReceiptBackwards]);
    assert_eq!(receipt(100, 100), []);
}

#[test]
fn a_key_package_handed_out_twice_is_found() {
    let twice = found(|scene| {
        scene.push(Observation::Claimed {
            package: Hash([1; 32]),
            by: "somebody else".to_owned(),
            last_resort: false,
        });
    });
    assert_eq!(twice, [Kind::KeyPackageTwice]);
}

#[test]
fn two_commits_that_end_one_epoch_are_found() {
    let twice = found(|scene| {
        scene.push(Observation::Committed {
            room: room(),
            epoch: 1,
            seq: 99,
        });
    });
    assert_eq!(twice, [Kind::TwoCommitsAnEpoch]);
}

#[test]
fn two_heads_signed_for_one_place_are_a_fork() {
    let fork = found(|scene| {
        let heads = scene.iter().filter_map(|one| match one {
            Observation::Head { seq, .. } => Some(*seq),
            _ => None,
        });
        let seq = heads.max().unwrap();
        scene.push(Observation::Head {
            room: room(),
            term: 0,
            seq,
            hash: Hash([9; 32]),
        });
    });
    assert_eq!(fork, [Kind::Fork]);
}

#[test]
fn a_message_behind_a_removal_that_the_removed_device_can_read_is_found() {
    let sealed = |epochs_after: u64| {
        found(|scene| {
            let last = scene.iter().find_map(|one| match one {
                Observation::Removed { last, .. } => Some(*last),
                _ => None,
            });
            let ended = scene.iter().find_map(|one| match one {
                Observation::Committed { seq, epoch, .. } if Some(*seq) == last => Some(*epoch),
                _ => None,
            });
            scene.push(Observation::Encrypted {
                room: room(),
                seq: last.unwrap() + 1,
                epoch: ended.unwrap() + epochs_after,
            });
        })
    };
    assert_eq!(sealed(0), [Kind::OpenAfterRemoval]);
    assert_eq!(sealed(1), []);
}
