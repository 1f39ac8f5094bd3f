//! The conformance kit: cases that any implementation of the spec can be tried with.
//!
//! The kit knows the server under test ([`Target`]) by its URL and its domain and by nothing else.
//! It has two roles: that of devices ([`client_role`]), and that of other homeservers, correct or
//! hostile ([`peer_role`]), with names, DNS records, keys and certificates of their own ([`Kit`]).
//! A [`Case`] cites the requirements it holds the server to and the attacks it makes; the
//! [`runner`] runs cases side by side and reports them in one order. README.md says how to run the
//! kit against a server of one's own.

pub mod baseline;
pub mod case;
pub mod catalogue;
pub mod chance;
pub mod client_role;
pub mod junit;
pub mod kit;
pub mod peer_role;
pub mod report;
pub mod runner;
pub mod target;

pub use case::{Case, Outcome, Role};
pub use kit::Kit;
pub use target::Target;
