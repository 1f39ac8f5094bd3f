//! What must hold in every state.

use crate::state::State;

/// I1: every acknowledged message stands at its place in the log of the newest hub.
pub(crate) fn kept(state: &State) -> bool {
    let Some((_, hub)) = state.newest() else {
        return true;
    };
    let log = &state.server(hub.server).log;
    state.acknowledged.iter().all(|told| {
        let entry = log.get(usize::from(told.index));
        entry.is_some_and(|entry| entry.is_message(told.id))
    })
}

/// I4: no device was shown another history than some other device, and none one message twice.
pub(crate) fn one_order(state: &State) -> bool {
    let times = |id| {
        state
            .shown
            .iter()
            .filter(|entry| entry.is_message(id))
            .count()
    };
    !state.split && (0..state.ids).all(|id| times(id) < 2)
}

/// I11: what the first hub acknowledged was there before the second began, so that no two hubs
/// give out the same place.
pub(crate) fn fenced(state: &State) -> bool {
    let Some(second) = state.hub(2) else {
        return true;
    };
    let told = &state.acknowledged;
    let first = told.iter().filter(|told| told.term == 1);
    let second_places = told.iter().filter(|told| told.term == 2);
    first.clone().all(|told| told.index < second.began)
        && second_places
            .clone()
            .all(|two| first.clone().all(|one| one.index != two.index))
}

/// The second hub took a message of its own and acknowledged it: the model gets that far.
pub(crate) fn second_hub_works(state: &State) -> bool {
    state.acknowledged.iter().any(|told| told.term == 2)
}
