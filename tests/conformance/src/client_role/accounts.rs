//! Accounts and the device: registration, log-in, enrolling, tokens (spec 07 §2).

mod enrolling;
mod registering;
mod sessions;

use super::plan::Plan;

pub(crate) use sessions::log_in_again;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let groups = [registering::plans(), sessions::plans(), enrolling::plans()];
    groups.into_iter().flatten().collect()
}
