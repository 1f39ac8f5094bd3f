//! The sync WebSocket: opening, frames, what flows, how it ends (spec 08).

mod ends;
mod flow;
mod frames;
mod handshakes;
mod stay;
mod talk;

use super::plan::Plan;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let groups = [
        handshakes::plans(),
        frames::plans(),
        talk::plans(),
        flow::plans(),
        stay::plans(),
        ends::plans(),
    ];
    groups.into_iter().flatten().collect()
}
