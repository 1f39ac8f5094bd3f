//! Rooms: beginning one, listing, reading, leaving, the joiner's tree, documents (spec 07 §4, §5).

mod beginnings;
mod leaving;
mod reading;

use super::plan::Plan;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let groups = [beginnings::plans(), reading::plans(), leaving::plans()];
    groups.into_iter().flatten().collect()
}
