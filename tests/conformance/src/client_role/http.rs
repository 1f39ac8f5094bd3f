//! HTTP itself: heads that are none, two lengths, slow senders, other versions (R03, R05, R06, R24).

mod bytes;
mod slow;
mod version_two;

use super::plan::Plan;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let groups = [bytes::plans(), slow::plans(), version_two::plans()];
    groups.into_iter().flatten().collect()
}
