//! The peer role: the kit plays other homeservers, correct and hostile.
//!
//! A [`homeserver::Homeserver`] has a name, DNS records, a certificate, keys, a document and a door of its own,
//! and signs by its own code; a rule of the spec is broken by changing one part of what it would
//! do. Where a table can say what is changed, it does (`cases/peer`). After each case the server
//! under test has to answer a correct request of a correct peer.

mod anchor_spoils;
mod answer_table;
mod answers;
mod bodies;
mod certificates;
mod document_answers;
mod document_contents;
mod documents;
mod door;
mod draft;
mod endpoints;
mod finding;
mod follower_anchors;
mod follower_commits;
mod follower_heads;
mod follower_orders;
mod follower_pages;
mod follower_submits;
mod homeserver;
mod hosted;
mod hub_bundles;
mod hub_commits;
mod hub_heads;
mod hub_message_bytes;
mod hub_messages;
mod hub_orders;
mod hub_reads;
mod key_material;
mod led;
mod members;
mod pins;
mod plan;
mod stage;
mod verdict;
mod wire_level;

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
    let groups = [
        signatures::plans()?,
        bodies::plans()?,
        members::plans()?,
        documents::plans(),
        finding::plans(),
        pins::plans(),
        certificates::plans(),
        wire_level::plans(),
        key_material::plans(),
        hub_messages::plans(),
        hub_message_bytes::plans(),
        hub_commits::plans(),
        hub_bundles::plans(),
        hub_orders::plans(),
        hub_reads::plans(),
        hub_heads::plans(),
        follower_pages::plans(),
        follower_heads::plans(),
        follower_commits::plans(),
        follower_anchors::plans(),
        follower_orders::plans(),
        follower_submits::plans(),
        answers::plans(),
    ];
    let plans = groups.into_iter().flatten();
    Ok(plans.map(|plan| plan.into_case(&stage)).collect())
}
