//! A whole federation in one deterministic process: servers, devices with real MLS, DNS, network,
//! clocks and disks, and faults that a seed chooses.
//!
//! The code that runs is production's, over the ports that the composition root fills otherwise
//! (ADR 0013). One seed gives one trace. [`world::run`] runs a [`plan::Plan`] and judges what is
//! left on the disks after everything has healed and the power has failed once more.

pub mod board;
mod claim;
pub mod claims;
pub mod clock;
pub mod device;
pub mod dice;
pub mod dns;
pub mod faults;
pub mod fork;
pub mod fork_plan;
pub mod fork_verdict;
mod holes;
pub mod journal;
pub mod network;
mod person;
pub mod plan;
pub mod server;
pub mod sides;
pub mod verdict;
pub mod world;

#[cfg(not(tokio_unstable))]
compile_error!("tokio takes a seed only with --cfg tokio_unstable: see .cargo/config.toml");
