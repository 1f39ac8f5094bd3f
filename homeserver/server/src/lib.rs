//! The one binary, as a library: configuration, assembly, commands, and the lab.
//!
//! `holm serve` runs a homeserver; `holm demo` and `holm replay` run a whole federation of them
//! in a [`lab`], which the whole-system tests stand on as well. [`assembly`] is the composition
//! root, the one place that knows every crate (ARCHITECTURE.md).

pub mod command;
mod crash;
pub mod failure;
mod refusal;
pub mod report;

pub mod config;
pub mod keys;
pub mod logging;
pub mod names;
pub mod runtime;

pub mod assembly;
pub mod doctor;
pub mod forks;
pub mod listener;
pub mod operator;
pub mod serve;
pub mod verify_proof;

pub mod demo;
mod interrupt;
pub mod lab;
pub mod replay;
mod scratch;
