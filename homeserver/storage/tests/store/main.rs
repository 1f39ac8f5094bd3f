//! The store's contract, held against every implementation, and the faults of disks.

mod accounts;
mod disk;
mod faults;
mod key_packages;
mod log;
mod names;
mod opening;
mod peers;
mod rooms;
mod subject;
