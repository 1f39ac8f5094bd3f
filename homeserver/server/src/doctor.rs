//! `holm doctor`: what is wrong between two servers, and what to do about it.
//!
//! Three views: from outside, with nothing but DNS and a connection; from a running server, which
//! adds what it knows and a signed round trip; and from the other side, which tells what it sees.
//! Steps gather facts ([`holm_federation::Examiner`]); [`judge`] is pure and turns them into
//! findings, each with what was seen and what to do.

mod finding;
mod inside;
mod judge;
mod outside;
mod own;
mod settings;

pub mod command;

pub use finding::{Check, Finding, Findings, Level};
pub(crate) use inside::inside;

use std::time::Duration;

/// All of an examination, so that with the way to the server it stays below half a minute.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(25);
