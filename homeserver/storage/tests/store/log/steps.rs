//! Random calls. Numbers are meant relative to what the model holds, so that most calls come
//! near an edge: just below the head, at it, just past it.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};

/// One call, or several at once.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Begins a copy, so far from the head.
    Begin { room: usize, from_head: i64 },
    /// Appends, all at once.
    Append(Vec<Appending>),
    /// Takes a room over.
    TakeOver { room: usize },
    /// Reads after a number, counted from the oldest (or, if negative, the newest).
    Read {
        room: usize,
        after: i64,
        limit: usize,
        bytes_max: usize,
    },
    /// Looks a body's key up.
    Find { room: usize, body: u8 },
    /// Closes the store and opens it again.
    Reopen,
}

/// One append.
#[derive(Clone, Debug)]
pub(crate) struct Appending {
    pub(crate) room: usize,
    /// Bodies of its messages; few, so that keys are met again. None: a commit.
    pub(crate) bodies: Vec<u8>,
    pub(crate) fault: Fault,
}

/// What is wrong with an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It expects the head before the newest.
    Stale,
    /// It expects another history.
    Fork,
    /// Its owner was overtaken.
    OldFence,
    /// A number is missing.
    Gap,
}

/// Rooms that steps name.
pub(crate) const ROOMS: usize = 3;

/// A sequence of steps.
pub(crate) fn any() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..40)
}

fn step() -> impl Strategy<Value = Step> {
    let room = 0..ROOMS;
    prop_oneof![
        2 => (room.clone(), -3_i64..4)
            .prop_map(|(room, from_head)| Step::Begin { room, from_head }),
        8 => vec(appending(), 1..6).prop_map(Step::Append),
        1 => room.clone().prop_map(|room| Step::TakeOver { room }),
        4 => (room.clone(), -6_i64..12, 0_usize..9, 0_usize..800).prop_map(
            |(room, after, limit, bytes_max)| Step::Read { room, after, limit, bytes_max }
        ),
        2 => (room, 0_u8..40).prop_map(|(room, body)| Step::Find { room, body }),
        1 => Just(Step::Reopen),
    ]
}

fn appending() -> impl Strategy<Value = Appending> {
    let fault = prop_oneof![
        6 => Just(Fault::None),
        1 => Just(Fault::Stale),
        1 => Just(Fault::Fork),
        1 => Just(Fault::OldFence),
        1 => Just(Fault::Gap),
    ];
    (0..ROOMS, vec(0_u8..40, 0..4), fault).prop_map(|(room, bodies, fault)| Appending {
        room,
        bodies,
        fault,
    })
}
