//! The subcommands that speak to a running server, one file each: ask, and tell it to people or
//! programs.

pub mod forks;
pub mod health;
pub mod keys;
pub mod peers;

pub(crate) mod since;
