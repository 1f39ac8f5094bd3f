//! KeyPackages: uploaded, counted, claimed once (spec 07 §3, ROOM-11, M04).

mod claims;
mod consents;
mod uploads;

use super::plan::Plan;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let groups = [uploads::plans(), claims::plans(), consents::plans()];
    groups.into_iter().flatten().collect()
}
