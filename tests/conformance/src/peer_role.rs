//! The peer role: the kit plays other homeservers, correct and hostile.
//!
//! A [`homeserver::Homeserver`] has a name, DNS records, a certificate, keys, a document and a door of its own,
//! and signs by its own code; a rule of the spec is broken by changing one part of what it would
//! do. Where a table can say what is changed, it does (`cases/peer`). After each case the server
//! under test has to answer a correct request of a correct peer.

mod bodies;
mod door;
mod draft;
mod endpoints;
mod homeserver;
mod members;
mod plan;
mod stage;
mod verdict;

mod signatures;

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::case::Case;

/// All cases of this role.
///
/// # Errors
/// Where a file of cases cannot be read.
pub fn cases() -> Result<Vec<Case>, String> {
    let stage = Arc::new(OnceCell::new());
    let groups = [signatures::plans()?, bodies::plans()?, members::plans()?];
    let plans = groups.into_iter().flatten();
    Ok(plans.map(|plan| plan.into_case(&stage)).collect())
}
