//! What can happen next.
//!
//! Senders are told and devices are shown as early as the rule allows, within the action that
//! allows it: that is the most a rule can promise. A crash and the return from it are one action:
//! a server that is away longer is one to which nothing happens.

use crate::rule::{Flaw, Promote};
use crate::state::State;
use crate::{Room, SERVERS};

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The hub of a term takes a message and appends it; a repeated one is a sender's retry.
    Submit {
        /// Term of the hub.
        term: u8,
        /// The sender's id.
        id: u8,
    },
    /// What the hub appended becomes durable; a step of its own only where a rule is flawed.
    Sync {
        /// The server.
        server: u8,
    },
    /// What the hub of a term pushed arrives at a server: the entry it lacks next.
    Push {
        /// Term of the hub.
        term: u8,
        /// Where it arrives.
        to: u8,
    },
    /// A server's word on how far it is arrives at the hub of a term.
    Report {
        /// Term of the hub.
        term: u8,
        /// Whose word.
        from: u8,
    },
    /// The hub of term 1 appends its last event.
    Hand {
        /// The next hub.
        to: u8,
    },
    /// A server becomes hub of term 2; with whom it spoke before, where that is needed.
    Promote {
        /// The server.
        server: u8,
        /// The other server of its majority.
        with: u8,
    },
    /// A server crashes, and is there again.
    Crash {
        /// The server.
        server: u8,
    },
}

/// Everything that can happen in a state.
pub(crate) fn possible(room: Room, state: &State, actions: &mut Vec<Action>) {
    for (term, hub) in (1..).zip(&state.hubs) {
        if hub.is_none() {
            continue;
        }
        let fresh = (state.ids < room.messages).then_some(state.ids);
        let tried = (0..state.ids).filter(|id| !state.is_acknowledged(*id));
        let submitted = tried.chain(fresh);
        actions.extend(submitted.map(|id| Action::Submit { term, id }));
        actions.extend(servers().map(|to| Action::Push { term, to }));
        if room.rule.promote == Promote::ByMajority {
            actions.extend(servers().map(|from| Action::Report { term, from }));
        }
    }
    for server in servers() {
        if room.rule.lacks(Flaw::AcknowledgesBeforeDurable) {
            actions.push(Action::Sync { server });
        }
        if state.crashes < room.crashes {
            actions.push(Action::Crash { server });
        }
        if state.hub(2).is_none() {
            promotions(room, server, actions);
        }
    }
    if room.rule.promote == Promote::ByLastEvent {
        actions.extend(servers().skip(1).map(|to| Action::Hand { to }));
    }
}

fn promotions(room: Room, server: u8, actions: &mut Vec<Action>) {
    let alone = room.rule.promote == Promote::ByLastEvent || room.rule.lacks(Flaw::AsksNobody);
    let with = servers().filter(|with| (*with == server) == alone);
    actions.extend(with.map(|with| Action::Promote { server, with }));
}

fn servers() -> impl Iterator<Item = u8> {
    (0..).take(SERVERS)
}
