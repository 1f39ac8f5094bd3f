//! A hub, its followers and a change of hub, as a model that is explored to the last state.
//!
//! Three servers hold copies of one room's log. One of them is hub in term 1, another may become
//! it in term 2; messages are submitted and tried again, servers crash, and what is on its way
//! arrives late, twice or never. [`Rule`] says how a hub acknowledges and how its place changes;
//! the invariants are those the product promises: what is acknowledged stays (I1), all see one
//! order (I4), a hub that was followed by another has no say any more (I11).
//!
//! Holm's rooms stay with their hub for now (spec 05 §3). This is the ground on which a change of
//! hub will be built: which rules are sound, and which look sound and are not
//! (docs/adr/0019-the-rule-for-a-change-of-hub.md).

mod action;
mod invariants;
mod rule;
mod state;
mod step;

pub use action::Action;
pub use rule::{Acknowledge, Flaw, Promote, Rule};
pub use state::{Acknowledged, Entry, Hub, Server, State};

use stateright::{Model, Property};

/// Servers.
pub const SERVERS: usize = 3;
/// The most terms there can be.
pub const TERMS: usize = 2;

/// How much is explored, and under which rule.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// How a hub acknowledges and how its place changes.
    pub rule: Rule,
    /// Messages at most.
    pub messages: u8,
    /// Crashes at most, over all servers.
    pub crashes: u8,
}

impl Model for Room {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::begin()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        action::possible(*self, state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        step::take(self.rule, &mut next, action);
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("I1: what is acknowledged stays", |_, s| invariants::kept(s)),
            Property::always("I4: all see one order", |_, s| invariants::one_order(s)),
            Property::always("I11: one hub has the say", |_, s| invariants::fenced(s)),
            Property::sometimes("the second hub acknowledges", |_, s| {
                invariants::second_hub_works(s)
            }),
            Property::sometimes("everything is acknowledged", |room: &Self, s: &State| {
                s.acknowledged.len() == usize::from(room.messages)
            }),
        ]
    }
}
