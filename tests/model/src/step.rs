//! What each action does. An action that is not possible changes nothing.

use crate::SERVERS;
use crate::action::Action;
use crate::rule::{Acknowledge, Flaw, Promote, Rule};
use crate::state::{Entry, Hub, State, len};

/// Takes one action.
pub(crate) fn take(rule: Rule, state: &mut State, action: Action) {
    match action {
        Action::Submit { term, id } => submit(rule, state, term, id),
        Action::Sync { server } => {
            let server = state.server_mut(server);
            server.durable = len(&server.log);
        }
        Action::Push { term, to } => push(rule, state, term, to),
        Action::Report { term, from } => report(state, term, from),
        Action::Hand { to } => hand(state, to),
        Action::Promote { server, with } => promote(rule, state, server, with),
        Action::Crash { server } => crash(state, server),
    }
}

/// Whether the hub of `term` may still append: it runs, nothing tells it of a later hub.
fn may_append(rule: Rule, state: &State, term: u8) -> bool {
    let Some(hub) = state.hub(term) else {
        return false;
    };
    let own = state.server(hub.server);
    let is_over = match rule.promote {
        Promote::ByLastEvent => term == 1 && own.named().is_some(),
        Promote::ByMajority => own.promised > term,
    };
    !is_over || rule.lacks(Flaw::GoesOnAfterLastEvent)
}

fn submit(rule: Rule, state: &mut State, term: u8, id: u8) {
    if !may_append(rule, state, term) {
        return;
    }
    let server = state.hub(term).map_or(0, |hub| hub.server);
    state.ids = state.ids.max(id + 1);
    // An id that is there already gets its first place (LOG-9).
    if !state.server(server).has(id) {
        append(rule, state, term, Entry::Message { term, id });
    }
    if rule.acknowledge == Acknowledge::AtHub {
        tell_all(state, term, usize::MAX);
        let log = state.server(server).log.clone();
        state.show(&log);
    }
}

/// Senders of the first `count` entries in the log of the hub of `term` are told.
fn tell_all(state: &mut State, term: u8, count: usize) {
    let server = state.hub(term).map_or(0, |hub| hub.server);
    let log = state.server(server).log.clone();
    for (index, entry) in (0..).zip(log.into_iter().take(count)) {
        if let Entry::Message { id, .. } = entry {
            state.tell(id, index, term);
        }
    }
}

fn append(rule: Rule, state: &mut State, term: u8, entry: Entry) {
    let Some(hub) = &mut state.hubs[usize::from(term) - 1] else {
        return;
    };
    let own = &mut state.servers[usize::from(hub.server)];
    own.log.push(entry);
    if !rule.lacks(Flaw::AcknowledgesBeforeDurable) {
        own.durable = len(&own.log);
    }
    hub.pushed.clone_from(&own.log);
}

/// An entry of the hub of `term` arrives: taken where it continues the copy, in the place of what
/// another hub put there where the rule allows that.
fn push(rule: Rule, state: &mut State, term: u8, to: u8) {
    let Some(hub) = state.hub(term).cloned() else {
        return;
    };
    let own = state.server_mut(to);
    let refused = own.promised > term && !rule.lacks(Flaw::ForgetsPromise);
    if refused || to == hub.server && own.promised == term {
        return;
    }
    let same = own
        .log
        .iter()
        .zip(&hub.pushed)
        .take_while(|(a, b)| a == b)
        .count();
    let Some(next) = hub.pushed.get(same).copied() else {
        return said(state, term, to, same);
    };
    if rule.promote == Promote::ByLastEvent {
        // The log never goes back: a copy that holds something else takes nothing.
        let follows = term == 1 || own.named() == Some(hub.server);
        if same < own.log.len() || !follows {
            return;
        }
        own.promised = own.promised.max(term);
    } else {
        own.promised = own.promised.max(term);
        own.log.truncate(same);
    }
    own.log.push(next);
    own.durable = len(&own.log);
    said(state, term, to, same + 1);
    if rule.acknowledge == Acknowledge::AtHub {
        let log = state.server(to).log.clone();
        state.show(&log);
    }
}

/// A server tells the hub of `term` how much of its log it has.
fn said(state: &mut State, term: u8, from: u8, has: usize) {
    if let Some(hub) = &mut state.hubs[usize::from(term) - 1] {
        let reported = &mut hub.reported[usize::from(from)];
        *reported = (*reported).max(u8::try_from(has).unwrap_or(u8::MAX));
    }
}

/// How much of a hub's log a majority has; only what ends with an entry of its own term counts,
/// since a later hub might not have the rest.
fn carried_by_majority(hub: &Hub, term: u8) -> u8 {
    let mut has = hub.known;
    has[usize::from(hub.server)] = len(&hub.pushed);
    has.sort_unstable();
    let carried = has[SERVERS / 2];
    let last = hub.pushed.get(usize::from(carried).wrapping_sub(1));
    match last.is_some_and(|entry| entry.term() == term) {
        true => carried,
        false => 0,
    }
}

/// A server's word arrives: what a majority has is sent, and may be shown.
fn report(state: &mut State, term: u8, from: u8) {
    let Some(hub) = &mut state.hubs[usize::from(term) - 1] else {
        return;
    };
    let from = usize::from(from);
    hub.known[from] = hub.reported[from];
    let count = usize::from(carried_by_majority(hub, term));
    let history = hub.pushed[..count].to_vec();
    tell_all(state, term, count);
    state.show(&history);
}

/// The last event of term 1.
fn hand(state: &mut State, to: u8) {
    let own = state.server(0);
    if own.named().is_none() && to != 0 {
        append(Rule::HANDOVER, state, 1, Entry::NextHub(to));
    }
}

fn promote(rule: Rule, state: &mut State, server: u8, with: u8) {
    if state.hub(2).is_some() || server == 0 {
        return;
    }
    if rule.promote == Promote::ByLastEvent {
        let named = match rule.lacks(Flaw::BeginsBeforeLastEvent) {
            true => state.servers.iter().find_map(super::state::Server::named),
            false => state.server(server).named(),
        };
        if named != Some(server) {
            return;
        }
    }
    let own = state.server(server).log.clone();
    let others = state.server(with).log.clone();
    let newest = |log: &[Entry]| (log.last().map_or(0, |entry| entry.term()), log.len());
    let log = match newest(&others) > newest(&own) && !rule.lacks(Flaw::KeepsOwnLog) {
        true => others,
        false => own,
    };
    for promising in [server, with] {
        state.server_mut(promising).promised = 2;
    }
    let own = state.server_mut(server);
    own.log.clone_from(&log);
    own.durable = len(&log);
    state.hubs[1] = Some(Hub::new(server, log));
}

/// What is not durable is gone, and so is what a hub had heard.
fn crash(state: &mut State, server: u8) {
    state.crashes += 1;
    let own = state.server_mut(server);
    own.log.truncate(usize::from(own.durable));
    for hub in state
        .hubs
        .iter_mut()
        .flatten()
        .filter(|hub| hub.server == server)
    {
        hub.known = [0; SERVERS];
    }
}
