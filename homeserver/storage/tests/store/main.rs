//! The store's contract, held against every implementation, and the faults of disks.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows helpers of integration tests for no tests"
)]

mod accounts;
mod faults;
mod held;
mod key_packages;
mod log;
mod names;
mod opening;
mod peers;
mod rooms;
mod subject;
