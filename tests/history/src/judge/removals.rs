//! After a removal: nothing that stands behind it is encrypted for the removed device.

use std::collections::BTreeSet;

use super::Findings;
use crate::anomaly::Kind;
use crate::facts::Room;

/// Open after removal.
pub(super) fn find(room: &Room<'_>, found: &mut Findings<'_>) {
    let windows = room.views.values().flat_map(|view| &view.windows);
    let removals: BTreeSet<u64> = windows.filter_map(|(_, last)| *last).collect();
    for removal in removals {
        let Some(ended) = room.commits.get(&removal) else {
            continue;
        };
        let behind = room.epochs.iter().filter(|(seq, _)| **seq > removal);
        for (seq, epoch) in behind.filter(|(_, epoch)| *epoch <= ended) {
            let what = format!(
                "the message at event {seq} is of epoch {epoch}, which the removal at event \
                 {removal} ended"
            );
            found.add(Kind::OpenAfterRemoval, Some(*seq), what);
        }
    }
}
