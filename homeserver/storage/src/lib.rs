//! The store's ports over SQLite, and the log in memory.
//!
//! [`Sqlite`] implements every store port of holm-core over one file; [`Memory`] implements the
//! log alone and is the reference that the contract suite holds SQLite against. Correctness comes
//! from the conditional append (LOG-2, LOG-9): what decides an append is one pure function
//! (`decide.rs`), which both run.

mod decide;
mod drive;
mod memory;
mod sqlite;
mod stored_bytes;

pub use drive::Drive;
pub use memory::Memory;
pub use sqlite::{OpenError, Sqlite, Writer};
