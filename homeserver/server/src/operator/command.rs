//! The subcommands that speak to a running server, one file each: ask, and tell it to people or
//! programs.

pub mod peers;

mod since;
