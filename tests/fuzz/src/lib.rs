//! What is done with hostile bytes: the bodies of the fuzz targets (SEC-1).
//!
//! `fuzz/` hands libFuzzer's inputs to these functions, and a plain test replays the committed
//! corpora through the same ones. A decoder takes bytes from outside and looks at what it made of
//! them: whatever is accepted has to be written back as it was read, or as its one form. A
//! stateful target reads its input as a list of steps, takes them on real code, and compares what
//! that answers with a model in plain words. A broken promise panics; nothing else does.

#![expect(
    clippy::missing_panics_doc,
    reason = "a panic is how each of these functions says that a promise is broken"
)]

mod input;
mod target;

pub mod decode;
pub mod state;

mod group;
mod runtime;
mod seeds;
mod server;

pub use input::Input;
pub use seeds::{Seed, seeds};
pub use target::{Kind, TARGETS, Target, run, target};
