//! Who of a split hub answers whom: the way of a call that a hub with two histories arranges.
//!
//! The hub runs twice, with one name and the same keys, from one disk. From the fork on each of
//! the two speaks to one side alone, and no server or device can tell them apart by name, key or
//! certificate.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::plan::{device_name, server_name};

/// The hub that is split.
pub const HUB: usize = 0;
/// The follower that sees the history of the first.
pub const ONE: usize = 1;
/// The follower that sees the history of its twin.
pub const OTHER: usize = 2;
/// The hub's twin; its domain is the hub's.
pub const TWIN: usize = 3;
/// The hub's own device that its twin serves, where the hub has two.
pub const MOVED: usize = 3;

/// Whether the hub is split.
#[derive(Debug, Default)]
pub struct Sides {
    /// The other side hears nothing of the hub.
    hushed: AtomicBool,
    split: AtomicBool,
}

impl Sides {
    /// The other side hears nothing until the hub is split.
    pub fn hush(&self) {
        self.hushed.store(true, Ordering::Relaxed);
    }

    /// From now on there are two histories.
    pub fn split(&self) {
        self.split.store(true, Ordering::Relaxed);
    }

    /// The host that a call of `from` to the host `to` reaches, if any.
    pub fn way(&self, from: &str, to: &str) -> Option<String> {
        let to_hub = to == server_name(HUB);
        let of_other = from == server_name(OTHER) || from == device_name(MOVED);
        let silent = (from == server_name(HUB) && to == server_name(OTHER))
            || (from == server_name(TWIN) && to == server_name(ONE));
        let hushed = self.hushed.load(Ordering::Relaxed);
        match self.split.load(Ordering::Relaxed) {
            _ if hushed && silent => None,
            true if of_other && to_hub => Some(server_name(TWIN)),
            false if hushed && of_other && to_hub => None,
            _ => Some(to.to_owned()),
        }
    }

    /// The hub's other half, where a follower calls the hub: it may be told what the follower
    /// says.
    pub fn across(&self, from: &str, to: &str) -> Option<String> {
        let split = self.split.load(Ordering::Relaxed) && to == server_name(HUB);
        match split {
            true if from == server_name(ONE) => Some(server_name(TWIN)),
            true if from == server_name(OTHER) => Some(server_name(HUB)),
            _ => None,
        }
    }
}
