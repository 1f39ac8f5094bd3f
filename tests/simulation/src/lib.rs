//! A whole federation in one deterministic process.
