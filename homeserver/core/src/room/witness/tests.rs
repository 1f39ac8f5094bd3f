//! Which heads wait, agree or differ.

use holm_protocol::event::Position;
use holm_protocol::{Hash, Head, PrivateKey, RoomUri, SignedHead};

use super::{Heard, RECENT_MAX, Standing, WAITING_MAX, Witness};

fn head(seq: u64, text: &str) -> SignedHead {
    let head = Head {
        room: RoomUri::parse("mimi://islet.test/r/a").unwrap(),
        term: 1,
        seq,
        hash: Hash::sha256(text.as_bytes()),
        time: 1_000,
    };
    SignedHead::sign(head, "m1", &PrivateKey::from_seed(&[7; 32]))
}

fn peers(seq: u64, text: &str) -> Heard {
    Heard::of_peer(head(seq, text))
}

fn carried(seq: u64, carrier: u64) -> Heard {
    Heard {
        carrier: Some(carrier),
        ..peers(seq, "other")
    }
}

// HEAD-4, HEAD-5
#[test]
fn a_head_agrees_differs_lies_ahead_or_before_the_copy() {
    let own = Some(Hash::sha256(b"one"));
    assert_eq!(peers(7, "one").standing(own, 9), Standing::Agrees);
    assert_eq!(peers(7, "other").standing(own, 9), Standing::Differs(7));
    assert_eq!(peers(10, "one").standing(None, 9), Standing::Ahead);
    assert_eq!(peers(3, "one").standing(None, 9), Standing::Before);
}

// HEAD-6
#[test]
fn an_event_carries_no_head_of_itself_or_of_an_event_to_come() {
    assert_eq!(carried(9, 9).standing(None, 9), Standing::Differs(9));
    assert_eq!(carried(40, 9).standing(None, 9), Standing::Differs(9));
    let own = Some(Hash::sha256(b"other"));
    assert_eq!(carried(8, 9).standing(own, 9), Standing::Agrees);
}

// HEAD-5, F58
#[test]
fn heads_wait_once_each_the_nearest_ones_where_there_are_too_many() {
    let mut witness = Witness::default();
    for seq in (1..=2 * u64::try_from(WAITING_MAX).unwrap()).rev() {
        witness.wait(peers(seq, "ahead"));
        witness.wait(peers(seq, "ahead"));
    }
    let waiting = witness.take_waiting();
    let seqs: Vec<u64> = waiting.iter().map(|h| h.head.head.seq).collect();
    let nearest: Vec<u64> = (1..).take(WAITING_MAX).collect();
    assert_eq!(seqs, nearest);
    assert!(witness.take_waiting().is_empty());
}

// HEAD-5
#[test]
fn the_newest_hashes_are_remembered_and_no_more() {
    let mut witness = Witness::default();
    let hash = |seq: u64| Hash::sha256(&seq.to_be_bytes());
    let last = u64::try_from(RECENT_MAX).unwrap() + 1;
    for seq in 1..=last {
        let hash = hash(seq);
        witness.stored(Position { seq, hash, time: 0 });
    }
    assert_eq!(witness.recent(1), None);
    assert_eq!(witness.recent(2), Some(hash(2)));
    assert_eq!(witness.recent(last), Some(hash(last)));
}
