//! One judge for simulation, process chaos, load and replay: what was seen and done, held against
//! what Holm promises (no accepted message lost, none doubled, one order).
//!
//! A run records [`Observation`]s into a [`History`], which [`History::judge`] turns into a
//! [`Verdict`]: the [`Anomaly`]s, what was counted, and how long deliveries took. Nothing here
//! does I/O, reads a clock or draws at random, and judging costs time in proportion to what was
//! recorded.
//!
//! # What a recorder owes
//! - The observations of one device are recorded in the order in which they happened to it;
//!   between devices no order is needed, so histories of several processes can be put together.
//! - [`Observation::Delivered`] is what a device shows to its person, once it is durable there. A
//!   repetition on the wire, which devices drop, is none.
//! - Joins are recorded with their anchor, removals with the number of the commit that removes:
//!   without them nothing is known of what a device should have.
//! - [`End::Settled`] is claimed only after all faults were healed and everybody had the time to
//!   converge. Then what is missing is lost; before, it is on its way.

mod anomaly;
mod facts;
mod history;
mod judge;
mod latency;
mod observation;
mod verdict;

pub use anomaly::{Anomaly, Kind};
pub use history::{History, Recorder};
pub use latency::Latency;
pub use observation::{Holder, Message, Observation};
pub use verdict::{Counts, End, Verdict};
